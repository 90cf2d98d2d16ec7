"""The modulations and code rates of 5G, and how often a packet of each is lost over AWGN, by its length and SNR.

Modes are those of 3GPP TS 38.214, table 5.1.3.1-2, QPSK to 256-QAM at code rates of 120/1024 to 948/1024, and those of
table 5.1.3.1-1 that have QPSK, between which the former leaves gaps of two decibels. A packet has at most 6144 coded
bits, and 4224 information bits with its check.

A packet of k bits is lost over AWGN of an SNR s in dB with probability Q((s - middle) / spread). ``_thresholds.py``
has middle and spread of each mode at some lengths k, between which both are interpolated in log2 k: at both ends of
what each mother code of up to 292 bits serves, as at high rates a code that is much shortened needs decibels more than
one that is full, and from there to the mode's longest packet.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from . import _codes, _qam
from ._thresholds import THRESHOLDS

CODED = 6144  # most coded bits of a packet
UNIT = 2048  # of code rates
FASTEST_SHORT = 1833  # most of a short packet: at 948/1024 up to 95 % of 51, 59, 74 or 148 to 170 bits are always lost
LONG = 293, 881, 2401  # bits of the shortest packets of some long mother codes, which are shortened most
# Bits that each short mother code serves, the longest in two parts.
SHORT = (40, 48), (49, 72), (73, 96), (97, 144), (145, 192), (193, 240), (241, 292)


class Mode(NamedTuple):
    """Bits a symbol, and the code rate in 2048ths."""

    order: int
    rate: int

    @property
    def efficiency(self) -> float:
        """Information bits a symbol."""
        return self.order * self.rate / UNIT

    @property
    def least(self) -> int:
        """Information bits of the shortest packet; some short ones of the fastest code cannot be read at any SNR."""
        return _codes.SMALL + 1 if self.rate > FASTEST_SHORT else _codes.LEAST

    @property
    def symbols(self) -> int:
        """Most symbols of a packet."""
        return min(CODED, _codes.LARGEST * UNIT // self.rate) // self.order

    @property
    def most(self) -> int:
        """Information bits of the longest packet whose losses are measured.

        Above it, rates of at most 2/3 take a base graph that loses less; they are counted as if they did not.
        """
        longest = self.size(self.symbols)
        return longest if 3 * self.rate > 2 * UNIT else min(longest, _codes.MOST)

    def size(self, symbols: int) -> int:
        """Information bits of a packet of so many symbols."""
        return symbols * self.order * self.rate // UNIT

    @property
    def measured(self) -> tuple[int, ...]:
        """Symbols of the packets whose losses are measured, from the shortest."""
        short = [count for ends in SHORT if ends[0] >= self.least for count in self._within(*ends)]
        even = np.geomspace(_codes.LEAST, self.most, 5)[1:-1].tolist()
        long = [self._from(size) for size in (*even, *LONG) if SHORT[-1][1] < size < self.most]
        return *sorted({*short, *long}), min(self.symbols, self._from(self.most + 1) - 1)

    def _within(self, first: int, last: int) -> tuple[int, int]:
        """Fewest and most symbols of packets of so many information bits."""
        return self._from(first), self._from(last + 1) - 1

    def _from(self, size: float) -> int:
        """Fewest symbols of at least so many information bits."""
        return math.ceil(size / self.efficiency)


RATES = {
    2: (120, 157, 193, 251, 308, 379, 449, 526, 602, 679),
    4: (378, 434, 490, 553, 616, 658),
    6: (466, 517, 567, 616, 666, 719, 772, 822, 873),
    8: (682.5, 711, 754, 797, 841, 885, 916.5, 948),
}  # in 1024ths
MODES = tuple(Mode(order, round(2 * rate)) for order, rates in RATES.items() for rate in rates)


class Packets(NamedTuple):
    """What each mode makes of elements: packets, bits of each with its check, and its symbols, [M, C]; 0 bits: none."""

    words: tf.Tensor
    size: tf.Tensor
    symbols: tf.Tensor


def packets(elements: tf.Tensor) -> Packets:
    """As few packets of one size as may be, of so many elements [C]."""
    order, rate, most, least = (tf.constant([field(mode) for mode in MODES])[:, None] for field in _FIELDS)
    words = tf.maximum(-(-elements // most), 1)  # [M, C]
    symbols = elements // words
    size = symbols * order * rate // UNIT
    return Packets(words, tf.where(size < least, 0, size), symbols)


_FIELDS = (lambda mode: mode.order), (lambda mode: mode.rate), (lambda mode: mode.symbols), (lambda mode: mode.least)


def losses(sizes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """SNR in dB where half of the packets of so many bits [M, C] are lost, and the spread of losses in dB, [M, C]."""
    place = tf.clip_by_value(sizes - _codes.LEAST, 0, _codes.LARGEST - _codes.LEAST)
    found = tf.gather(tf.constant(_table()), place, batch_dims=1)  # [M, C, 2]
    return found[..., 0], found[..., 1]


@cache
def _table() -> np.ndarray:
    """Middle and spread of every mode at every size, float32 [M, K, 2]."""
    sizes = np.log2(np.arange(_codes.LEAST, _codes.LARGEST + 1))
    found = []
    for mode, row in zip(MODES, THRESHOLDS, strict=True):
        known = np.log2([mode.size(symbols) for symbols in mode.measured])
        found.append(np.stack([np.interp(sizes, known, values) for values in row], axis=1))
    return np.array(found, np.float32)


def carried_db(mode: Mode) -> float:
    """The SNR in dB from which the modulation carries the mode's bits, by codes of any length."""
    snrs_db = np.arange(-12.0, 40.0, 0.01)
    bits = _qam.carried(mode.order, tf.constant(10 ** (snrs_db / 10), tf.float32))[0].numpy()
    return float(snrs_db[np.argmax(bits >= mode.efficiency)])
