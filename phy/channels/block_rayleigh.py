"""Flat Rayleigh fading that is drawn anew every few OFDM symbols: h ~ CN(0, 1), independent from block to block."""

from typing import Annotated, ClassVar

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from .. import keys
from ..keys import Key
from ..link import Paths, Size, Span
from ..strict import dataclass


@dataclass(frozen=True)
class BlockRayleigh:
    """Rayleigh fading that holds for a block of symbols.

        h_k(t) = w_k(floor(t / symbols)),   w_k(block) from CN(0, 1), independent for each device, antenna and block.

    A block is ``symbols`` OFDM symbols and all their subcarriers, counted from the first of the data. On a grid of one
    subcarrier an OFDM symbol is a resource element, and ``symbols = 1`` is the fast fading of the textbooks: a gain of
    its own for each complex symbol. Gains jump from block to block, so this goes with an air's ``coherence =
    "symbol"``. Tse and Viswanath, "Fundamentals of wireless communication", 5.4.5.

    >>> from overair.phy import BlockRayleigh, Size, Span, keys
    >>> size, span = Size(batch=1, antennas=1, devices=3), Span(start=0.0, steps=14, seconds=83e-6)
    >>> paths = BlockRayleigh(symbols=7).draw(size, span, keys.key(0), keys.key(0, "place"))
    >>> a = paths.a.numpy()[0, 0, :, 0]  # [devices, symbols]
    >>> bool((a[:, 0] == a[:, 6]).all()), bool((a[:, 6] == a[:, 7]).any())
    (True, False)
    """

    symbols: Annotated[int, Gt(0), Le(10**6)] = 1
    """How long a gain lasts, in OFDM symbols."""
    static: ClassVar[bool] = False
    longest: ClassVar[float] = 0.0
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False
    any_batch: ClassVar[bool] = True
    by_number: ClassVar[bool] = True

    def correlation(self, then: np.ndarray, now: np.ndarray, seconds: float) -> np.ndarray:
        return np.equal(np.floor_divide(then, self.symbols), np.floor_divide(now, self.symbols))[..., None]

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        first, last = (at // self.symbols for at in (span.first, span.first + span.steps - 1))  # blocks

        def blocks(word: str, count: int) -> tf.Tensor:
            parts = keys.normal(keys.fold(key, word), [count, batch, antennas, devices, 2]) * 0.5**0.5
            return tf.complex(parts[..., 0], parts[..., 1])

        h = blocks("after", max(last + 1, 0))[max(first, 0) :]  # [blocks, B, A, K]
        if first < 0:  # what comes before the data is drawn backwards from it, so that neither depends on the other
            h = tf.concat([blocks("before", -first)[::-1][: last + 1 - first], h], 0)
        each = [(span.first + step) // self.symbols - first for step in range(span.steps)]
        a = tf.transpose(tf.gather(h, each), [1, 2, 3, 0])[:, :, :, None]  # [B, A, K, 1, T]
        one = tf.ones([batch, devices, 1], tf.float32)
        return Paths(a, 0 * one, one)
