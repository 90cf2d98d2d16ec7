"""Count-sketches: every entry, with a random sign, in one cell of each row."""

from typing import NamedTuple

import tensorflow as tf

from ..phy import keys
from ..phy.keys import Key


class Hashes(NamedTuple):
    """Where entries go, and with which sign."""

    cells: tf.Tensor  # from 0 to w - 1, [r, d] int32
    signs: tf.Tensor  # [r, d]
    empty: tf.Tensor  # a row without entries, [w]

    @property
    def width(self) -> tf.Tensor | int:
        return self.empty.shape[0] or tf.shape(self.empty)[0]


def draw(key: Key, rows: int, width: tf.Tensor | int, size: int) -> Hashes:
    """Independent, and uniform to w/2^32."""
    word = tf.random.stateless_uniform([rows, size], keys.fold(key, "cells"), None, None, tf.int32)
    share = tf.cast(word, tf.int64) + 2**31  # of 2^32
    cells = tf.cast(tf.bitwise.right_shift(share * tf.cast(width, tf.int64), 32), tf.int32)
    return Hashes(cells, keys.signs(keys.fold(key, "signs"), [rows, size]), tf.zeros([width]))


def sketch(values: tf.Tensor, hashes: Hashes) -> tf.Tensor:
    """Vectors [C, d] as cells [C, r, w].

    Added up as whole numbers, shares of the largest: the order in which threads add does not change their sum. Where
    that is not finite, no cell is.
    """
    count, one = tf.shape(values)[0], 2.0 ** (62 - values.shape[1].bit_length())
    peak = tf.reduce_max(tf.abs(values), axis=1, keepdims=True)
    whole = tf.cast(tf.round(tf.math.divide_no_nan(values, peak) * one), tf.int64)

    def row(places: tf.Tensor, signs: tf.Tensor) -> tf.Tensor:
        cells, total = places + hashes.width * tf.range(count)[:, None], count * hashes.width
        signed = tf.reshape(whole * tf.cast(signs, tf.int64), [-1])
        sums = tf.math.bincount(tf.reshape(cells, [-1]), minlength=total, maxlength=total, weights=signed)
        return tf.reshape(tf.cast(sums, values.dtype) / one, [count, hashes.width]) * peak  # peak/one may be no float

    return tf.stack(
        [row(*each) for each in zip(tf.unstack(hashes.cells), tf.unstack(hashes.signs), strict=True)], axis=1
    )


def read(cells: tf.Tensor, hashes: Hashes) -> list[tf.Tensor]:
    """The estimates [C, d] that each row of cells [C, r, w] gives of vectors."""
    places, signs = tf.unstack(hashes.cells), tf.unstack(hashes.signs)
    return [
        sign * tf.gather(row, place, axis=1)
        for row, place, sign in zip(tf.unstack(cells, axis=1), places, signs, strict=True)
    ]


def median(rows: list[tf.Tensor]) -> tf.Tensor:
    """Of numbers in rows, entry by entry: sorted by exchanging neighbours; of two in the middle their mean."""
    rows = list(rows)
    for turn in range(len(rows)):
        for first in range(turn % 2, len(rows) - 1, 2):
            one, other = rows[first], rows[first + 1]
            rows[first], rows[first + 1] = tf.minimum(one, other), tf.maximum(one, other)
    return rows[(len(rows) - 1) // 2] / 2.0 + rows[len(rows) // 2] / 2.0
