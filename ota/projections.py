"""Random measurements y = A x of an update [d] in m numbers, and their transpose.

Both kinds have E[A'A] = I, so A'y is an unbiased estimate of x and columns have a squared norm of 1 on average:

* ``gaussian``: entries N(0, 1/m). Made in tiles from folded keys, kept where they fit into the memory allowed and made
  anew at each use where they do not; the numbers are the same either way. A column's squared norm is chi2_m/m.
* ``hadamard``: A = H R / sqrt(m), with random signs R and m rows of a block-diagonal Hadamard matrix drawn without
  repetition; n is the padded length and the m rows are drawn from all n. ``hadamard`` makes a single block unless told
  otherwise: then every column has norm 1 to the last digit, and every row sees all of x, as recovery wants. With blocks
  of b columns the squared norm is (n/b)/m times the number of rows that fell on the block; ``draw`` takes the largest
  blocks that pad d by no more than an eighth, which a transpose alone is content with.

Both are a ``Projection``, whose two functions take leading axes. Do and Gan, "Fast and efficient compressive sensing
using structurally random matrices", IEEE TSP 2012.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from ..phy import keys
from ..phy.documented import documented
from ..phy.keys import Key
from .hadamard import transform

LARGEST_BLOCK = 2**20
TILE = 2**20  # entries of a Gaussian matrix that are made at once
MEMORY = 2**28  # bytes up to which a Gaussian matrix is kept


@documented
class Projection(NamedTuple):
    """Random measurements y = A x of an update, and their transpose, as two functions.

        y = A x,   A is m x d.

    >>> from overair.ota import Projection
    >>> from overair.ota.projections import hadamard
    >>> from overair.phy import keys
    >>> projection = hadamard(keys.key(0, "rows"), 128, 256)
    >>> y = projection.forward(keys.normal(keys.key(0, "updates"), [20, 256]))
    >>> isinstance(projection, Projection), y.shape, projection.adjoint(y).shape
    (True, TensorShape([20, 128]), TensorShape([20, 256]))
    """

    forward: Callable[[tf.Tensor], tf.Tensor]  # x [..., d] to A x [..., m]
    adjoint: Callable[[tf.Tensor], tf.Tensor]  # y [..., m] to A'y [..., d]
    rows: int  # m
    size: int  # d


# --- Subsampled Hadamard


class Matrix(NamedTuple):
    """A = scale * (rows of block-diagonal H) * signs."""

    signs: tf.Tensor  # [n / block, block]
    rows: tf.Tensor  # [m]
    scale: tf.Tensor


def hadamard(key: Key, rows: int, size: int, block: int | None = None, dtype: tf.DType = tf.float32) -> Projection:
    """A subsampled Hadamard matrix: one block of the next power of two, or blocks of the power of two that is told."""
    _check("hadamard", rows, size)
    matrix = draw(key, rows, size, block or 1 << (size - 1).bit_length(), dtype)
    if matrix.rows.shape[0] < rows:
        raise ValueError(f"hadamard.rows: expected at most {matrix.rows.shape[0]} for size {size}, received {rows}")
    return of_matrix(matrix, size)


def of_matrix(matrix: Matrix, size: int) -> Projection:
    rows = matrix.rows.shape[0]
    return Projection(lambda x: forward(matrix, x), lambda y: adjoint(matrix, y, size), rows, size)


def draw(key: Key, rows: int, size: int, block: int | None = None, dtype: tf.DType = tf.float32) -> Matrix:
    """The matrix of a key, with blocks that fit the size if none are told."""
    block = block or block_of(size)
    padded = -(-size // block) * block
    drawn = keys.permutation(keys.fold(key, "rows"), padded)[:rows]  # [m] of n
    scale = tf.constant((padded / (block * rows)) ** 0.5, dtype)
    return Matrix(keys.signs(keys.fold(key, "signs"), [padded // block, block], dtype), drawn, scale)


def forward(matrix: Matrix, x: tf.Tensor) -> tf.Tensor:
    """x [..., d] to A x [..., m]."""
    blocks, block = matrix.signs.shape
    return _by_rows(x, lambda flat: matrix.scale * _forward(matrix, flat, blocks, block), matrix.rows.shape[0])


def adjoint(matrix: Matrix, y: tf.Tensor, size: int) -> tf.Tensor:
    """y [..., m] to A'y [..., d]."""
    blocks, block = matrix.signs.shape
    return _by_rows(y, lambda flat: _adjoint(matrix, flat * matrix.scale, blocks, block)[:, :size], size)


def _forward(matrix: Matrix, x: tf.Tensor, blocks: int, block: int) -> tf.Tensor:
    padded = tf.pad(x, [[0, 0], [0, blocks * block - x.shape[1]]])  # [C, n]
    mixed = transform(tf.reshape(padded, [-1, blocks, block]) * matrix.signs)
    return tf.gather(tf.reshape(mixed, [-1, blocks * block]), matrix.rows, axis=1)  # [C, m]


def _adjoint(matrix: Matrix, y: tf.Tensor, blocks: int, block: int) -> tf.Tensor:
    spread = tf.math.unsorted_segment_sum(tf.transpose(y), matrix.rows, blocks * block)  # [n, C]; scatter_nd takes 20 x
    mixed = transform(tf.reshape(tf.transpose(spread), [-1, blocks, block])) * matrix.signs
    return tf.reshape(mixed, [-1, blocks * block])  # [C, n]


def block_of(size: int) -> int:
    """The largest power of two that pads by at most an eighth."""
    block = min(LARGEST_BLOCK, 1 << (size - 1).bit_length())
    while -(-size // block) * block > size * 9 / 8:
        block //= 2
    return block


# --- Gaussian


def gaussian(key: Key, rows: int, size: int, memory: int = MEMORY, dtype: tf.DType = tf.float32) -> Projection:
    """Entries N(0, 1/m); the matrix is kept if it takes at most so many bytes, else only a tile of it at a time."""
    _check("gaussian", rows, size)
    if rows * size * dtype.size <= memory:
        return of_dense(dense(key, rows, size, dtype))
    down, height, across, width = _split(rows, size)

    def tile(row: tf.Tensor, column: tf.Tensor) -> tf.Tensor:
        return _tile(key, row, column, rows, size, dtype)

    return Projection(
        lambda x: _by_rows(x, lambda flat: _tiles(flat, down, height, across, width, tile, True)[:, :rows], rows),
        lambda y: _by_rows(
            y, lambda flat: _tiles(flat, across, width, down, height, lambda c, r: tile(r, c), False)[:, :size], size
        ),
        rows,
        size,
    )


def dense(key: Key, rows: int, size: int, dtype: tf.DType = tf.float32) -> tf.Tensor:
    """The same matrix in one piece, [m, d]."""
    down, height, across, width = _split(rows, size)
    columns = [
        tf.map_fn(lambda row, c=c: _tile(key, row, c, rows, size, dtype), tf.range(down), fn_output_signature=dtype)
        for c in range(across)
    ]
    return tf.concat([tf.reshape(column, [down * height, width]) for column in columns], 1)[:rows, :size]


def of_dense(whole: tf.Tensor) -> Projection:
    """Of a matrix [m, d]."""
    rows, size = whole.shape
    return Projection(
        lambda x: _by_rows(x, lambda flat: tf.matmul(flat, whole, transpose_b=True), rows),
        lambda y: _by_rows(y, lambda flat: tf.matmul(flat, whole), size),
        rows,
        size,
    )


def _split(rows: int, size: int) -> tuple[int, int, int, int]:
    """Tiles down and their height, tiles across and their width."""
    width = min(size, TILE)
    height = min(rows, TILE // width)
    return -(-rows // height), height, -(-size // width), width


def _tile(key: Key, row: tf.Tensor, column: tf.Tensor | int, rows: int, size: int, dtype: tf.DType) -> tf.Tensor:
    _, height, _, width = _split(rows, size)
    return keys.normal(keys.fold(key, row, column), [height, width], dtype) * rows**-0.5


def _tiles(
    x: tf.Tensor,
    outputs: int,
    width: int,
    inputs: int,
    depth: int,
    tile: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    transpose: bool,
) -> tf.Tensor:
    """x [C, inputs] times a matrix of tiles (output, input), of which one is made at a time; [C, outputs]."""
    parts = tf.pad(x, [[0, 0], [0, inputs * depth - x.shape[1]]])

    def one(output: tf.Tensor) -> tf.Tensor:
        def add(total: tf.Tensor, i: tf.Tensor) -> tf.Tensor:
            return total + tf.matmul(parts[:, i * depth : (i + 1) * depth], tile(output, i), transpose_b=transpose)

        start = tf.zeros([tf.shape(x)[0], width], x.dtype)
        return tf.foldl(add, tf.range(inputs), start, parallel_iterations=1)

    signature = tf.TensorSpec([None, width], x.dtype)
    made = tf.map_fn(
        one, tf.range(outputs), fn_output_signature=signature, parallel_iterations=1
    )  # [outputs, C, width]
    return tf.reshape(tf.transpose(made, [1, 0, 2]), [-1, outputs * width])


def _by_rows(x: tf.Tensor, product: Callable[[tf.Tensor], tf.Tensor], size: int) -> tf.Tensor:
    """A product [C, n] to [C, size], for any leading axes [..., n]; [..., size]."""
    x = tf.convert_to_tensor(x)
    made = tf.reshape(product(tf.reshape(x, [-1, x.shape[-1]])), tf.concat([tf.shape(x)[:-1], [size]], 0))
    return tf.ensure_shape(made, x.shape[:-1] + [size])


def _check(name: str, rows: int, size: int) -> None:
    for word, value in (("rows", rows), ("size", size)):
        if value < 1:
            raise ValueError(f"{name}.{word}: expected at least 1, received {value}")
