"""Estimated CSI (pilots): every device sends pilots before the round, and the channel is estimated from them."""

import math
from typing import Annotated, Literal

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from ..beliefs import CorrelatedTable
from ..grid import Grid
from ..keys import Key
from ..link import ResponseTable
from ..strict import dataclass
from . import Observation
from ._pilots import Comb, interpolated, lmmse, moments

MOST_SUBCARRIERS = 8192


@dataclass(frozen=True)
class Estimated:
    """What pilots tell of the channel, by an estimator and so many devices a symbol.

    ``comb`` devices share an OFDM symbol, each on every comb-th subcarrier with the energy of a whole symbol; K devices
    need ceil(K/comb) symbols, granted in whole slots and counted. The pilots pass the round's own channel with all
    offsets that are seen, and noise: what the estimate holds is what the air did to them. The estimate is kept for the
    round.

    Least squares divides by the pilots and interpolates between them; its error at a pilot is N0/(comb P). LMMSE weighs
    the same values by the covariance of a channel whose power is spread evenly over the prefix, whatever the channel
    really is; Edfors et al., "OFDM channel estimation by singular value decomposition", IEEE TCOM 1998, call that
    robust. Both are Sionna's (`_pilots.py`).

    How good the estimate is follows from the same weights, the noise, and the powers and delays of the channel's paths,
    which are known in the long run: on subcarrier f the best estimate is c_f g_f, and lacks E|h|^2 - |c_f|^2 E|g_f|^2.
    The covariance that LMMSE assumes only shapes its weights. Where the channel moves, paths have aged from the pilots
    to each symbol of the data by their correlation over time. Delays are those of the round: a receiver tracks every
    device's clock perfectly. Not counted: what distortions do to pilots beside the mean response (of linear estimates
    at 10 dB an error of 0.041 is said where converters of 3 bits leave 0.073, an IQ imbalance of 2 dB and 10 degrees
    0.046, an amplifier without back-off 0.043), and pilots that arrive past the prefix.

    >>> from overair.phy import Air, Estimated, Grid, Tdl, keys
    >>> air = Air(Grid(subcarriers=64, symbols=14), Tdl(), devices=20, antennas=2, csir=Estimated("linear", comb=4))
    >>> air.lead, air.pilots  # OFDM symbols before the data, and the resource elements of their slot
    (14, 896)
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, snr_db=10.0)
    >>> link.response(of=link.receiver).shape, link.receiver.error.shape
    (TensorShape([1, 2, 20, 1, 64]), TensorShape([1, 20, 1, 64]))
    """

    estimator: Literal["nearest", "linear", "lmmse"] = "lmmse"
    """How pilots become a channel; nearest and linear are least squares."""
    comb: Annotated[int, Gt(0), Le(2**16)] = 4
    """Devices that share an OFDM symbol of pilots; each has every comb-th subcarrier."""

    def check(self, grid: Grid, arrivals: tuple[float, float]) -> None:
        spread = arrivals[1] - arrivals[0]
        if grid.subcarriers > MOST_SUBCARRIERS:
            raise ValueError(
                f"estimated.estimator: expected at most {MOST_SUBCARRIERS} subcarriers, whose estimates have a weight "
                f"for each pair, received {grid.subcarriers}"
            )
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
        self._comb(grid, arrivals)  # kept: Sionna's variables must not be made in a graph

    def lead(self, grid: Grid, devices: int) -> int:
        return math.ceil(self._symbols(devices) / grid.symbols) * grid.symbols

    def pilots(self, grid: Grid, devices: int) -> int:
        return self.lead(grid, devices) * grid.subcarriers

    def pilot_energy(self, grid: Grid) -> float:
        return float(grid.subcarriers)

    def bits(self, grid: Grid, antennas: int) -> float:
        return 0.0

    def believe(self, observed: Observation, key: Key) -> CorrelatedTable:
        devices, symbols = observed.now.a.shape[2], self._symbols(observed.now.a.shape[2])
        comb = self._comb(observed.grid, observed.arrivals)
        noise = tf.reshape(observed.noise, [-1]) / self.comb  # of a pilot that is sent with P, [B or 1]
        weights = comb.weights(noise)  # [B or 1, comb, F, M]
        told = self._estimate(observed, comb.pilots, weights, devices)
        found = moments(observed.now, observed.grid, weights, noise[:, None] / observed.budgets)
        sent, data = np.arange(-symbols, 0)[:, None], np.arange(observed.now.steps)[None]
        kept = tf.gather(observed.kept(sent, data), np.arange(devices) // self.comb, axis=1)
        return CorrelatedTable(told, kept, found.shares, found.energy, observed.power[:, :, None, None])

    def _estimate(self, observed: Observation, pilots: tf.Tensor, weights: tf.Tensor, devices: int) -> ResponseTable:
        """What is estimated of what is heard on the last symbols before the data, device after device."""
        start = observed.lead - self._symbols(devices)
        count, comb = observed.grid.subcarriers, self.comb
        own = tf.reshape(pilots[:, :, None] * tf.eye(comb, dtype=pilots.dtype)[:, None], [comb, count])  # [n, F]

        def send(some: tf.Tensor) -> tf.Tensor:
            turn = tf.one_hot(start + some // comb, observed.lead, dtype=tf.complex64)  # [C, T]
            return (turn[:, :, None] * tf.gather(own, some % comb)[:, None])[None]  # [1, C, T, F]

        y = observed.listen(send)[:, :, start:]  # [B, A, T, F]
        batch, antennas, symbols = tf.shape(observed.now.a)[0], y.shape[1], y.shape[2]
        heard = tf.reshape(y, [batch, antennas * symbols, -1, comb])  # [B, A T, M, n]
        values = tf.transpose(heard, [0, 3, 1, 2]) / pilots[:, None]  # [B, n, A T, M]
        h = tf.matmul(values, weights, transpose_b=True)  # [B, n, A T, F]
        h = tf.reshape(h, [batch, comb, antennas, symbols, count])
        h = tf.reshape(tf.transpose(h, [0, 2, 3, 1, 4]), [batch, antennas, symbols * comb, 1, count])[:, :, :devices]
        h /= tf.cast(tf.sqrt(observed.budgets), h.dtype)[:, None, None]
        return ResponseTable(tf.stop_gradient(h))  # pilots know nothing of the data

    def _comb(self, grid: Grid, arrivals: tuple[float, float]) -> Comb:
        if self.estimator == "lmmse":
            return lmmse(grid, self.comb, arrivals)
        return interpolated(grid, self.comb, {"nearest": "nn", "linear": "lin"}[self.estimator])

    def _symbols(self, devices: int) -> int:
        return math.ceil(devices / self.comb)
