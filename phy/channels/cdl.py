"""Clustered delay lines CDL-A to CDL-E of 3GPP TR 38.901 (7.7.1), one independent realisation a device."""

import math
from functools import cached_property
from typing import Annotated, ClassVar, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le
from sionna.phy.channel.tr38901 import CDL, PanelArray

from .. import keys
from ..keys import Key, fold
from ..link import Paths, Size, Span
from ..sionna_rng import keyed
from ..strict import dataclass
from ._moving import Moving, clarke
from ._rays import Rays, alone, doppler, element_gain, sum_of_rays


@dataclass(frozen=True)
class Cdl(Moving):
    """One of the five profiles, for devices that stand or move.

    Clustered delay lines of 3GPP TR 38.901 (7.7.1), an independent realisation for each device: paths are clusters of
    rays r,

        a_l,n(t) = sum_r sqrt(p_r) exp(j (phi_r + 2 pi f_r t + pi n sin(theta_r)))          (7.5-28) at antenna n.

    A cluster is 20 rays with tabled angles, paired at random between azimuth and zenith, at the device and at the
    receiver. The receiver's antennas are a horizontal line, half a wavelength apart, facing azimuth 0: so antennas are
    correlated, unlike those of ``tdl``. A device moves level in a random direction; the Doppler shift of a ray is that
    of its angle at the device. (Sionna's ``uplink`` takes the angle at the receiver, which is much narrower; tables and
    pairing are taken from its downlink, whose channel is that of the uplink by reciprocity.) A line of sight has a
    random phase. The element's pattern weighs the clusters; the mean gain stays 1. ``independent`` fading draws all of
    it anew every round; ``continuous`` fading goes on over all rounds with the same rays.

    >>> from overair.phy import Cdl, Size, Span, keys
    >>> channel = Cdl("D", delay_spread=30e-9)  # D and E have a line of sight
    >>> paths = channel.draw(Size(1, 4, 3), Span(0.0, 14, 83e-6), keys.key(0, "fading"), keys.key(0, "place"))
    >>> paths.a.shape, round(1e9 * channel.longest)  # of batch, antennas, devices, clusters; the longest delay in ns
    (TensorShape([1, 4, 3, 14, 1]), 376)
    """

    model: Literal["A", "B", "C", "D", "E"] = "A"
    """The profile; D and E have a line of sight (LOS)."""
    delay_spread: Annotated[float, Ge(0), Le(1e-3)] = 100e-9
    """RMS delay spread, in seconds."""
    speed: Annotated[float, Ge(0), Le(1e5)] = 0.0
    """Of the devices, in metres per second."""
    carrier: Annotated[float, Ge(1e3), Le(1e12)] = 3.5e9
    """Carrier frequency, in Hz."""
    pattern: Literal["omni", "38.901"] = "omni"
    """Of an antenna element."""
    fading: Literal["independent", "continuous"] = "independent"
    """Whether a round draws it anew or goes on where the last one ended."""
    scales: ClassVar[bool] = False

    @property
    def by_number(self) -> bool:
        return self.fading == "independent"  # rays are paired for all devices at once

    @cached_property
    def longest(self) -> float:
        with tf.init_scope():
            return float(max(self._line.delays))

    @cached_property
    def _line(self) -> CDL:
        with tf.init_scope():
            element = PanelArray(1, 1, "single", "V", "omni", self.carrier)
            return CDL(self.model, self.delay_spread, self.carrier, element, element, "downlink")

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        total = batch * devices
        source = place if self.fading == "continuous" else key
        line = self._line
        rays, power = self._rays(line, total, source)
        tau = tf.broadcast_to(line.delays, [total, line.delays.shape[0]])
        if self._sight:
            tau = tf.concat([tf.zeros([total, 1]), tau], 1)
        a, tau = sum_of_rays(rays, tau, size, None if self.static else span, fold(source, "phases"))
        return Paths(a, tau, tf.broadcast_to(power, tau.shape))

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        """The mean of J0(2 pi f_d sin(zenith) t) over a path's rays, as travel is in any direction, [..., L]."""
        zenith = self._line._zoa.numpy()[0, 0, 0]  # [L, 20]
        if self._sight:
            line = np.full([1, zenith.shape[1]], self._line._los_zoa.numpy()[0, 0, 0])
            zenith = np.concatenate([line, zenith])
        lag = np.subtract(now, then)[..., None, None] * seconds
        return clarke(self.doppler * np.sin(zenith), lag).mean(axis=-1)

    @property
    def _sight(self) -> bool:
        return self.model in ("D", "E")

    def _rays(self, line: CDL, total: int, source: Key) -> tuple[Rays, tf.Tensor]:
        """Rays of all devices, and the mean powers of their paths."""
        tables = (line._aoa, line._aod, line._zoa, line._zod)  # [1, 1, 1, L, 20]
        keyed(fold(source, "pairing"))
        paired = line._random_coupling(*(tf.tile(table, [total, 1, 1, 1, 1]) for table in tables))
        azimuth, azimuth_there, zenith, zenith_there = (angle[:, 0, 0] for angle in paired)  # [N, L, 20]
        travel = keys.uniform(fold(source, "travel"), [total], -math.pi, math.pi)
        count = zenith.shape[2]
        scattered = line._powers[0, 0, 0] / count  # of a ray, [L]
        pairs = element_gain(
            self.pattern, line._zod[0, 0, 0, :, :, None], line._aod[0, 0, 0, :, None, :]
        )  # [L, 20, 20]
        power = scattered * count * tf.reduce_mean(pairs, [1, 2])  # [L]
        rays = Rays(
            scattered[:, None] * element_gain(self.pattern, zenith_there, azimuth_there),
            tf.sin(zenith_there) * tf.sin(azimuth_there),
            doppler(zenith, azimuth, travel[:, None, None], self.speed, self.carrier),
        )
        if self._sight:
            towards = line._los_zod[0, 0, 0], line._los_aod[0, 0, 0]
            specular = line._k_factor[0, 0, 0] * element_gain(self.pattern, *towards)
            shift = doppler(line._los_zoa[0, 0, 0], line._los_aoa[0, 0, 0], travel, self.speed, self.carrier)
            one = tf.ones([total])
            sight = Rays(specular * one, tf.sin(towards[0]) * tf.sin(towards[1]) * one, shift)
            rays, power = alone(sight, count).beside(rays), tf.concat([[specular], power], 0)
        gain = tf.reduce_sum(power)
        return rays._replace(power=rays.power / gain), power / gain
