"""Low-rank aggregation: of every weight matrix M only its product with a few shared directions is sent.

With orthonormal Q (m x r) devices send M Q and the server reads sum_k w_k M_k Q Q'; with orthonormal P (n x r) they
send P'M and it reads P P' sum_k w_k M_k: both commute with the sum. Rounds take turns, and the directions come from the
last estimate, which everybody has: P spans its columns, Q its rows, so that rounds together are a power iteration
toward the leading directions of the updates' sum. Vogels, Karimireddy, Jaggi, "PowerSGD", NeurIPS 2019; the turns are
those of Zhang et al., "Evaluation and optimization of gradient compression for distributed deep learning", IEEE ICDCS
2023. Where there is no estimate yet directions are random.

A kernel of shape (..., m) is a matrix of m columns; vectors, and matrices that would not get shorter, are sent as they
are. What is left out is owed.
"""

import math
from typing import Annotated, ClassVar, NamedTuple

import tensorflow as tf
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import STRICT
from ..layers import Layers, size_of
from . import LinearSum, Past, pack, unpack


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


@dataclass(frozen=True, config=STRICT)
class LowRank(LinearSum):
    """Products of matrices with a few directions."""

    rank: Annotated[int, Gt(0), Le(10**6)] = 2
    """Of what is kept of a weight matrix."""
    feedback: ClassVar[float | None] = 1.0
    remembers: ClassVar[bool] = True
    over_rounds: ClassVar[bool] = True  # directions settle over rounds, so that a single one misses its target

    def elements(self, layers: Layers, granted: int) -> int:
        return -(-max(self._reals(layers, odd) for odd in (False, True)) // 2)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> Directions:
        left, right = [], []
        entries = tf.split(past.estimate, [math.prod(layer) for layer in layers])
        for place, (part, last) in enumerate(zip(self._parts(layers), entries, strict=True)):
            if part.rows:
                matrix = tf.reshape(last, [part.rows, part.columns])
                left.append(self._basis(matrix, keys.fold(key, "left", place)))
                right.append(self._basis(tf.transpose(matrix), keys.fold(key, "right", place)))
        return Directions(tuple(left), tuple(right), past.rounds % 2 == 1)

    def encode(self, sent: tf.Tensor, layers: Layers, code: Directions) -> tf.Tensor:
        reals = 2 * self.elements(layers, 0)

        def values(odd: bool) -> tf.Tensor:
            short, matrices = [], iter(zip(code.left, code.right, strict=True))
            for part, entries in zip(self._parts(layers), _split(sent, layers), strict=True):
                if part.rows:
                    left, right = next(matrices)
                    matrix = tf.reshape(entries, [-1, part.rows, part.columns])
                    factor = matrix @ right if part.right_first != odd else tf.einsum("cnm,nr->cmr", matrix, left)
                    entries = tf.reshape(factor, [-1, factor.shape[1] * self.rank])
                short.append(entries)
            together = tf.concat(short, 1)
            return tf.ensure_shape(tf.pad(together, [[0, 0], [0, reals - together.shape[1]]]), [None, reals])

        return pack(tf.cond(code.odd, lambda: values(True), lambda: values(False)))

    def decode(self, symbols: tf.Tensor, layers: Layers, code: Directions, noise: tf.Tensor) -> tf.Tensor:
        heard = unpack(symbols, 2 * symbols.shape[-1])  # [..., reals]
        flat = tf.reshape(heard, [-1, heard.shape[-1]])

        def whole(odd: bool) -> tf.Tensor:
            long, first, matrices = [], 0, iter(zip(code.left, code.right, strict=True))
            for part, layer in zip(self._parts(layers), layers, strict=True):
                count = self._count(part, layer, odd)
                entries, first = flat[:, first : first + count], first + count
                if part.rows:
                    left, right = next(matrices)
                    factor = tf.reshape(entries, [-1, count // self.rank, self.rank])
                    if part.right_first != odd:
                        matrix = tf.matmul(factor, right, transpose_b=True)
                    else:
                        matrix = tf.einsum("nr,cmr->cnm", left, factor)
                    entries = tf.reshape(matrix, [-1, part.rows * part.columns])
                long.append(entries)
            return tf.ensure_shape(tf.concat(long, 1), [None, size_of(layers)])

        made = tf.cond(code.odd, lambda: whole(True), lambda: whole(False))
        made = tf.reshape(made, tf.concat([tf.shape(symbols)[:-1], [size_of(layers)]], 0))
        return tf.ensure_shape(made, symbols.shape[:-1] + [size_of(layers)])

    def _basis(self, matrix: tf.Tensor, key: Key) -> tf.Tensor:
        """Orthonormal columns [n, r] that span those of a matrix [n, m] of rank r; any, if it is zero."""
        mixed = matrix @ keys.normal(keys.fold(key, "mix"), [matrix.shape[1], self.rank])  # [n, r]
        blank = tf.reduce_all(tf.equal(mixed, 0))
        return tf.linalg.qr(tf.where(blank, keys.normal(keys.fold(key, "start"), mixed.shape), mixed))[0]

    def _parts(self, layers: Layers) -> list[LayerPart]:
        """The matrices, so begun that even and odd rounds are about as long."""
        parts, ahead = [], 0  # by how many numbers even rounds are longer
        for layer in layers:
            rows, columns = math.prod(layer[:-1]), layer[-1] if layer else 1
            if len(layer) < 2 or self.rank >= min(rows, columns):
                parts.append(LayerPart(0, 0, False))
                continue
            right_first = (rows > columns) == (ahead <= 0)
            ahead += (rows - columns) * (1 if right_first else -1)
            parts.append(LayerPart(rows, columns, right_first))
        return parts

    def _count(self, part: LayerPart, layer: tuple[int, ...], odd: bool) -> int:
        """Numbers sent of a layer."""
        if not part.rows:
            return math.prod(layer)
        return self.rank * (part.rows if part.right_first != odd else part.columns)

    def _reals(self, layers: Layers, odd: bool) -> int:
        return sum(self._count(part, layer, odd) for part, layer in zip(self._parts(layers), layers, strict=True))


def _split(updates: tf.Tensor, layers: Layers) -> list[tf.Tensor]:
    return tf.split(updates, [math.prod(layer) for layer in layers], axis=1)
