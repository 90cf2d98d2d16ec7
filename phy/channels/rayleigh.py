"""Flat Rayleigh block fading: h ~ CN(0, 1), one value a device, antenna and round."""

from typing import ClassVar

import tensorflow as tf
from sionna.phy.channel import RayleighBlockFading

from ..keys import Key
from ..link import Paths, Size, Span
from ..sionna_rng import keyed
from ..strict import dataclass
from . import Still


@dataclass(frozen=True)
class Rayleigh(Still):
    """One CN(0, 1) gain for each device and antenna, constant over the round and flat over frequency.

        h_k = w_k from CN(0, 1).

    The block is the round, and the mean gain is 1. Drawn by Sionna's RayleighBlockFading.

    >>> from overair.phy import Rayleigh, Size, Span, keys
    >>> paths = Rayleigh().draw(Size(1, 4, 1000), Span(0.0, 14, 83e-6), keys.key(0, "fading"), keys.key(0, "place"))
    >>> paths.a.shape, bool(abs((abs(paths.a.numpy()) ** 2).mean() - 1) < 0.1)
    (TensorShape([1, 4, 1000, 1, 1]), True)
    """

    static: ClassVar[bool] = True
    longest: ClassVar[float] = 0.0
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False
    any_batch: ClassVar[bool] = True
    by_number: ClassVar[bool] = True

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        fading = RayleighBlockFading(num_rx=1, num_rx_ant=antennas, num_tx=devices, num_tx_ant=1)
        keyed(key)
        a, tau = fading(batch, 1)  # [B, 1, A, K, 1, 1, 1], [B, 1, K, 1]
        return Paths(a[:, 0, :, :, 0], tau[:, 0], tf.ones_like(tau[:, 0]))
