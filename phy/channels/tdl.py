"""Tapped delay lines TDL-A to TDL-E of 3GPP TR 38.901, one independent realisation a device.

Sionna's TDL is a single link; its batch serves as the device axis, drawn in groups of a fixed size so that memory
stays bounded and the numbers do not depend on how devices are processed. At ``speed`` 0 the channel stands still over
a round; otherwise taps move with the sum-of-sinusoids Doppler model over the consecutive symbols of all slots. A and
B and C are Rayleigh, D and E have a line of sight.
"""

from functools import cached_property
from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Gt
from pydantic.dataclasses import dataclass
from sionna.phy.channel.tr38901 import TDL

from ..keys import Key, fold
from ..link import Paths, Size, Span
from ..sionna_rng import keyed

GROUP_VALUES = 2_000_000  # path coefficients Sionna draws at once; its sum of sinusoids needs 20 times as many floats


@dataclass(frozen=True)
class Tdl:
    """Model letter, RMS delay spread in seconds, device speed in m/s, carrier frequency in Hz."""

    model: Literal["A", "B", "C", "D", "E"] = "A"
    delay_spread: Annotated[float, Ge(0)] = 100e-9
    speed: Annotated[float, Ge(0)] = 0.0
    carrier: Annotated[float, Gt(0)] = 3.5e9
    scales: ClassVar[bool] = False

    @property
    def static(self) -> bool:
        return self.speed == 0.0

    @cached_property
    def longest(self) -> float:
        with tf.init_scope():
            return float(max(self._sionna(1).delays))

    def _sionna(self, antennas: int) -> TDL:
        return TDL(self.model, self.delay_spread, self.carrier, min_speed=self.speed, num_rx_ant=antennas)

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        line, total = self._sionna(antennas), batch * devices
        steps = 1 if self.static else span.steps
        paths = line.delays.shape[0]
        group = max(1, min(total, GROUP_VALUES // (antennas * paths * steps)))

        def draw_group(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            keyed(fold(key, index))
            a, tau = line(group, steps, 1.0 / span.seconds)  # [G, 1, A, 1, 1, L, T], [G, 1, 1, L]
            return a[:, 0, :, 0, 0], tau[:, 0, 0]

        groups = -(-total // group)
        if groups == 1:
            a, tau = draw_group(tf.constant(0))
        else:
            signature = (
                tf.TensorSpec([group, antennas, paths, steps], tf.complex64),
                tf.TensorSpec([group, paths], tf.float32),
            )
            a, tau = tf.map_fn(draw_group, tf.range(groups), fn_output_signature=signature, parallel_iterations=1)
            a = tf.reshape(a, [groups * group, antennas, paths, steps])[:total]
            tau = tf.reshape(tau, [groups * group, paths])[:total]
        a = tf.reshape(a, [batch, devices, antennas, paths, steps])
        power = tf.broadcast_to(line.mean_powers, [batch, devices, paths])
        return Paths(tf.transpose(a, [0, 2, 1, 3, 4]), tf.reshape(tau, [batch, devices, paths]), power)
