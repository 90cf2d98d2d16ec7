"""The modulations and code rates of 5G, and how often a packet of each is lost over AWGN, by its length and SNR.

Modes are those of 3GPP TS 38.214, table 5.1.3.1-2, QPSK to 256-QAM at code rates of 120/1024 to 948/1024, and those of
table 5.1.3.1-1 that have QPSK, between which the former leaves gaps of two decibels. A packet has at most 6144 coded
bits, and 4224 information bits with its check.

A packet of k bits is lost over AWGN of an SNR s in dB with probability Q((s - middle) / spread). ``_thresholds.py``
has middle and spread of each mode at five lengths k, evenly spaced in log2 from 40 bits to the mode's longest packet;
between them both are interpolated in log2 k.
"""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from . import _codes, _qam
from ._thresholds import THRESHOLDS

CODED = 6144  # most coded bits of a packet
UNIT = 2048  # of code rates
LENGTHS = 5  # at which losses are measured


class Mode(NamedTuple):
    """Bits a symbol, and the code rate in 2048ths."""

    order: int
    rate: int

    @property
    def efficiency(self) -> float:
        """Information bits a symbol."""
        return self.order * self.rate / UNIT

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
        sizes = np.geomspace(_codes.LEAST, self.most, LENGTHS)
        last = min(self.symbols, int((self.most + 1) / self.efficiency))
        return *(math.ceil(size / self.efficiency) for size in sizes[:-1].tolist()), last


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
    order, rate, most = (tf.constant([field(mode) for mode in MODES])[:, None] for field in _FIELDS)
    words = tf.maximum(-(-elements // most), 1)  # [M, C]
    symbols = elements // words
    size = symbols * order * rate // UNIT
    return Packets(words, tf.where(size < _codes.LEAST, 0, size), symbols)


_FIELDS = (lambda mode: mode.order), (lambda mode: mode.rate), (lambda mode: mode.symbols)


def losses(sizes: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """SNR in dB where half of the packets of so many bits [M, C] are lost, and the spread of losses in dB, [M, C]."""
    least = math.log(_codes.LEAST)
    steps = tf.constant([(math.log(mode.most) - least) / (LENGTHS - 1) for mode in MODES])[:, None]
    place = (tf.math.log(tf.maximum(tf.cast(sizes, tf.float32), 1.0)) - least) / steps  # [M, C]
    place = tf.clip_by_value(place, 0.0, LENGTHS - 1.0)
    below = tf.minimum(tf.cast(place, tf.int32), LENGTHS - 2)
    share = (place - tf.cast(below, tf.float32))[..., None]
    table = tf.constant(THRESHOLDS)  # [M, L, 2]
    found = (1.0 - share) * tf.gather(table, below, batch_dims=1) + share * tf.gather(table, below + 1, batch_dims=1)
    return found[..., 0], found[..., 1]


def carried_db(mode: Mode) -> float:
    """The SNR in dB from which the modulation carries the mode's bits, by codes of any length."""
    snrs_db = np.arange(-12.0, 40.0, 0.01)
    bits = _qam.carried(mode.order, tf.constant(10 ** (snrs_db / 10), tf.float32))[0].numpy()
    return float(snrs_db[np.argmax(bits >= mode.efficiency)])
