"""Random linear coding: m random combinations of the d parameters, the same for all devices, fresh every round.

A = H R / sqrt(m): R holds random signs, H is m rows of a Hadamard matrix drawn without repetition. The receiver
estimates g_hat = A' y, which is unbiased, E[A'A] = I. With rows of a size-d matrix and real noise of variance s2 an
entry, E|g_hat - g|^2 = (d/m - 1)|g|^2 + d s2; with d of n columns, (d-1)(n-m)/(m(n-1))|g|^2 + d s2.

Where d is no power of two, H is block diagonal with equal blocks, the largest that pad d by no more than an eighth; n
is the padded length and the m rows are drawn from all n. The error is then exactly (n/m - 1)/(n - 1) (sum_b (n
d_b/n_b) |g_b|^2 - |g|^2) over blocks b of n_b columns, d_b of them used: the second formula where all blocks are
equally full, and at most an eighth above it. Abdi, "Distributed learning and inference in deep models", 2020, ch. 5.
"""

import math
from typing import Annotated, ClassVar, NamedTuple

import tensorflow as tf
from annotated_types import Ge
from pydantic.dataclasses import dataclass

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import STRICT
from ..hadamard import transform
from . import Code, pack, unpack

LARGEST_BLOCK = 2**20


class Matrix(NamedTuple):
    """A = scale * (rows of block-diagonal H) * signs."""

    signs: tf.Tensor  # [n / block, block]
    rows: tf.Tensor  # [m]
    scale: tf.Tensor


@dataclass(frozen=True, config=STRICT)
class RandomLinear:
    """Compression d/m (none: whatever fills the grant), and the block size of H if it is not to be chosen."""

    compression: Annotated[float, Ge(1)] | None = None
    block: Annotated[int, Ge(1)] | None = None
    linear: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.block is not None and self.block & (self.block - 1):
            raise ValueError(f"random_linear.block: expected a power of two, received {self.block}")

    def elements(self, size: int, granted: int) -> int:
        if self.compression is not None:
            return -(-self._rows(size) // 2)
        return min(granted, -(-size // 2))

    def code(self, size: int, elements: int, key: Key) -> Code:
        block = self.block or _block(size)
        padded = -(-size // block) * block
        rows = min(self._rows(size), 2 * elements)
        drawn = keys.permutation(keys.fold(key, "rows"), padded)[:rows]  # [m] of n
        scale = tf.constant((padded / (block * rows)) ** 0.5)
        return Matrix(keys.signs(keys.fold(key, "signs"), [padded // block, block]), drawn, scale)

    def encode(self, updates: tf.Tensor, code: Matrix) -> tf.Tensor:
        blocks, block = code.signs.shape
        padded = tf.pad(updates, [[0, 0], [0, blocks * block - updates.shape[-1]]])  # [C, n]
        mixed = transform(tf.reshape(padded, [-1, blocks, block]) * code.signs)
        return pack(code.scale * tf.gather(tf.reshape(mixed, [-1, blocks * block]), code.rows, axis=1))  # [C, M]

    def decode(self, symbols: tf.Tensor, size: int, code: Matrix) -> tf.Tensor:
        blocks, block = code.signs.shape
        values = code.scale * unpack(symbols, code.rows.shape[0])  # [m]
        spread = tf.scatter_nd(code.rows[:, None], values, [blocks * block])  # [n]
        mixed = transform(tf.reshape(spread, [blocks, block])) * code.signs
        return tf.reshape(mixed, [-1])[:size]

    def _rows(self, size: int) -> int:
        return max(1, math.ceil(size / (self.compression or 1.0)))


def _block(size: int) -> int:
    """The largest power of two that pads by at most an eighth."""
    block = min(LARGEST_BLOCK, 1 << (size - 1).bit_length())
    while -(-size // block) * block > size * 9 / 8:
        block //= 2
    return block
