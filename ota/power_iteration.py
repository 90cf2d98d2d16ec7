"""Products of weight matrices with a few directions that everybody has, in turns.

With orthonormal Q (m x r) a matrix M travels as M Q and is read as M Q Q'; with orthonormal P (n x r) as P'M, read as P
P'M: both commute with sums. Rounds take turns, and the directions come from the last estimate: P spans its columns, Q
its rows, so that rounds together are a power iteration toward the leading directions. Where there is no estimate yet
directions are random. A kernel of shape (..., m) is a matrix of m columns; vectors, and matrices that would not get
shorter, stay as they are. Vogels, Karimireddy, Jaggi, "PowerSGD", NeurIPS 2019; the turns are those of Zhang et al.,
"Evaluation and optimization of gradient compression for distributed deep learning", IEEE ICDCS 2023.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from ..phy import keys
from ..phy.keys import Key
from .layers import Layers, size_of
from .past import Past


class Directions(NamedTuple):
    """Orthonormal columns for every matrix, and whose turn it is."""

    left: tuple[tf.Tensor, ...]  # P, [n, r] each
    right: tuple[tf.Tensor, ...]  # Q, [m, r] each
    odd: tf.Tensor  # bool


class LayerPart(NamedTuple):
    """A layer as a matrix, n x m, and whether it is multiplied from the right in even rounds; n = 0: sent whole."""

    rows: int
    columns: int
    right_first: bool


def directions(layers: Layers, rank: int, past: Past, key: Key) -> Directions:
    """From the last estimate and a key that all have alike."""
    left, right = [], []
    entries = tf.split(past.estimate, [math.prod(layer) for layer in layers])
    for place, (part, last) in enumerate(zip(parts(layers, rank), entries, strict=True)):
        if part.rows:
            matrix = tf.reshape(last, [part.rows, part.columns])
            left.append(_basis(matrix, rank, keys.fold(key, "left", place)))
            right.append(_basis(tf.transpose(matrix), rank, keys.fold(key, "right", place)))
    return Directions(tuple(left), tuple(right), past.rounds % 2 == 1)


def shortened(updates: tf.Tensor, layers: Layers, rank: int, code: Directions, odd: bool) -> list[tf.Tensor]:
    """What is sent of each layer of updates [C, d] in odd or even rounds: factors row by row, [C, n r]."""
    short, matrices = [], iter(zip(code.left, code.right, strict=True))
    split = tf.split(updates, [math.prod(layer) for layer in layers], axis=1)
    for part, entries in zip(parts(layers, rank), split, strict=True):
        if part.rows:
            left, right = next(matrices)
            matrix = tf.reshape(entries, [-1, part.rows, part.columns])
            factor = matrix @ right if part.right_first != odd else tf.einsum("cnm,nr->cmr", matrix, left)
            entries = tf.reshape(factor, [-1, factor.shape[1] * rank])
        short.append(entries)
    return short


def lengthened(short: tf.Tensor, layers: Layers, rank: int, code: Directions, odd: bool) -> tf.Tensor:
    """What is read of that, one layer after the other [C, reals], as updates [C, d]."""
    long, first, matrices = [], 0, iter(zip(code.left, code.right, strict=True))
    for part, layer in zip(parts(layers, rank), layers, strict=True):
        count = numbers(part, layer, rank, odd)
        entries, first = short[:, first : first + count], first + count
        if part.rows:
            left, right = next(matrices)
            factor = tf.reshape(entries, [-1, count // rank, rank])
            if part.right_first != odd:
                matrix = tf.matmul(factor, right, transpose_b=True)
            else:
                matrix = tf.einsum("nr,cmr->cnm", left, factor)
            entries = tf.reshape(matrix, [-1, part.rows * part.columns])
        long.append(entries)
    return tf.ensure_shape(tf.concat(long, 1), [None, size_of(layers)])


def parts(layers: Layers, rank: int) -> list[LayerPart]:
    """The matrices, so begun that even and odd rounds are about as long."""
    found, ahead = [], 0  # by how many numbers even rounds are longer
    for layer in layers:
        rows, columns = math.prod(layer[:-1]), layer[-1] if layer else 1
        if len(layer) < 2 or rank >= min(rows, columns):
            found.append(LayerPart(0, 0, False))
            continue
        right_first = (rows > columns) == (ahead <= 0)
        ahead += (rows - columns) * (1 if right_first else -1)
        found.append(LayerPart(rows, columns, right_first))
    return found


def numbers(part: LayerPart, layer: tuple[int, ...], rank: int, odd: bool) -> int:
    """Sent of a layer."""
    if not part.rows:
        return math.prod(layer)
    return rank * (part.rows if part.right_first != odd else part.columns)


def _basis(matrix: tf.Tensor, rank: int, key: Key) -> tf.Tensor:
    """Orthonormal columns [n, r] that span those of a matrix [n, m] of rank r; any, if it is zero."""
    mixed = matrix @ keys.normal(keys.fold(key, "mix"), [matrix.shape[1], rank])  # [n, r]
    blank = tf.reduce_all(tf.equal(mixed, 0))
    return tf.linalg.qr(tf.where(blank, keys.normal(keys.fold(key, "start"), mixed.shape), mixed))[0]
