"""Estimated CSI (pilots): every device sends pilots before the round, and the channel is what is estimated from them.

``comb`` devices share an OFDM symbol, each on every comb-th subcarrier with the energy of a whole symbol; K devices
need ceil(K/comb) symbols, granted in whole slots and counted. The pilots pass the round's own channel with all
offsets that are seen, and noise: what the estimate holds is what the air did to them. The estimate is kept for the
round.

Least squares divides by the pilots and interpolates between them; its error at a pilot is N0/(comb P). LMMSE weighs
the same values by the covariance of a channel whose power is spread evenly over the prefix, whatever the channel
really is; Edfors et al., "OFDM channel estimation by singular value decomposition", IEEE TCOM 1998, call that robust.
Both are Sionna's ``LSChannelEstimator`` with Sionna's interpolators.
"""

import math
from functools import cache
from typing import Annotated, ClassVar, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Gt
from pydantic.dataclasses import dataclass
from sionna.phy.ofdm import LMMSEInterpolator, LSChannelEstimator, ResourceGrid

from ..grid import Grid
from ..keys import Key
from ..link import Table
from ..strict import STRICT
from . import Sight

MARGIN = 0.5  # samples of the covariance before the first and after the last arrival


@dataclass(frozen=True, config=STRICT)
class Estimated:
    """The estimator, and how many devices share a symbol."""

    estimator: Literal["nearest", "linear", "lmmse"] = "lmmse"
    """How pilots become a channel; nearest and linear are least squares."""
    comb: Annotated[int, Gt(0)] = 4
    """Devices that share an OFDM symbol of pilots; each has every comb-th subcarrier."""
    error: ClassVar[float] = 0.0

    def check(self, grid: Grid, arrivals: tuple[float, float]) -> None:
        spread = arrivals[1] - arrivals[0]
        if grid.subcarriers % self.comb or grid.subcarriers // self.comb < 2:
            raise ValueError(
                f"estimated.comb: expected a divisor of the {grid.subcarriers} subcarriers that leaves each device at "
                f"least 2 pilots, received {self.comb}"
            )
        if grid.subcarriers / self.comb < spread + 1:
            raise ValueError(
                f"estimated.comb: expected at most {grid.subcarriers / (spread + 1):.3g} devices on a symbol, so that "
                f"pilots can tell arrivals {spread:.3g} samples apart, received {self.comb}"
            )
        _estimator(grid, self.comb, self.estimator, arrivals)  # kept: Sionna's variables must not be made in a graph

    def lead(self, grid: Grid, devices: int) -> int:
        return math.ceil(self._symbols(devices) / grid.symbols) * grid.symbols

    def pilots(self, grid: Grid, devices: int) -> int:
        return self.lead(grid, devices) * grid.subcarriers

    def pilot_energy(self, grid: Grid) -> float:
        return float(grid.subcarriers)

    def bits(self, grid: Grid, antennas: int) -> float:
        return 0.0

    def believe(self, sight: Sight, key: Key) -> Table:
        batch, antennas, devices = tf.shape(sight.now.a)[0], sight.now.a.shape[1], sight.now.a.shape[2]
        grid, symbols = sight.grid, self._symbols(devices)
        estimate, sequences = _estimator(grid, self.comb, self.estimator, sight.arrivals)

        def send(some: tf.Tensor) -> tf.Tensor:
            turn = tf.one_hot(start + some // self.comb, lead, dtype=tf.complex64)  # [C, T]
            return (turn[:, :, None] * tf.gather(sequences, some % self.comb)[:, None])[None]  # [1, C, T, F]

        lead = sight.lead
        start = lead - symbols  # right before the data
        y = sight.listen(send)[:, :, start:]  # [B, A, T, F]
        y = tf.reshape(tf.transpose(y, [0, 2, 1, 3]), [batch * symbols, 1, antennas, 1, grid.subcarriers])
        noise = tf.repeat(tf.broadcast_to(sight.noise, [batch]), symbols)
        h, _ = estimate(y, noise)  # [B T, 1, A, comb, 1, 1, F]
        h = tf.reshape(h, [batch, symbols, antennas, self.comb, grid.subcarriers])
        h = tf.transpose(h, [0, 2, 1, 3, 4])  # [B, A, T, comb, F]
        h = tf.reshape(h, [batch, antennas, -1, 1, grid.subcarriers])[:, :, :devices]
        h /= tf.cast(tf.sqrt(sight.budgets), h.dtype)[:, None, None]
        return Table(tf.stop_gradient(h))  # pilots know nothing of the data, and Sionna's estimator has no gradient

    def _symbols(self, devices: int) -> int:
        return math.ceil(devices / self.comb)


@cache
def _estimator(grid: Grid, comb: int, kind: str, arrivals: tuple[float, float]) -> tuple[LSChannelEstimator, tf.Tensor]:
    """Sionna's estimator for one symbol shared by comb transmitters, and their pilots [comb, F]."""
    with tf.init_scope():
        one = ResourceGrid(
            1,
            grid.subcarriers,
            grid.spacing,
            num_tx=comb,
            cyclic_prefix_length=grid.prefix,
            pilot_pattern="kronecker",
            pilot_ofdm_symbol_indices=[0],
        )
        pilots = tf.reshape(one.pilot_pattern.pilots, [comb, grid.subcarriers])
        if kind != "lmmse":
            return LSChannelEstimator(one, interpolation_type={"nearest": "nn", "linear": "lin"}[kind]), pilots
        apart = np.arange(grid.subcarriers)[:, None] - np.arange(grid.subcarriers)
        low, high = arrivals[0] - MARGIN, arrivals[1] + MARGIN
        reach = (high - low) * apart / grid.subcarriers
        covariance = np.sinc(reach) * np.exp(-1j * np.pi * (low + high) * apart / grid.subcarriers)
        in_time = tf.ones([1, 1], tf.complex64)
        weigh = LMMSEInterpolator(one.pilot_pattern, in_time, tf.constant(covariance, tf.complex64), order="f-t")
        return LSChannelEstimator(one, interpolator=weigh), pilots
