"""What rules share: what medians bear, and order, distances and means of points [N, d], some of them not there."""

from collections.abc import Iterator

import tensorflow as tf

NETWORK = 64  # so many rows at most are ordered by a network of comparisons: 11 ms for 50 x 61,706, tf.sort 200 ms


class Middle:
    """Of a rule that has a value for any number of estimates, and bears any minority."""

    def needs(self) -> int:
        return 1

    def bears(self, estimates: int) -> int:
        return (estimates - 1) // 2


def count(there: tf.Tensor) -> tf.Tensor:
    """How many are there."""
    return tf.reduce_sum(tf.cast(there, tf.int32))


def mean(points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
    """Of those that are there, all alike; zeros of nobody, [d]."""
    chosen = tf.cast(there, points.dtype)
    return tf.math.divide_no_nan(tf.linalg.matvec(points, chosen, transpose_a=True), tf.reduce_sum(chosen))


def ordered(points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
    """Each coordinate in ascending order over those that are there; infinity in the rows after them, [N, d]."""
    values = tf.where(there[:, None], points, float("inf"))
    if points.shape[0] > NETWORK:
        return tf.sort(values, axis=0)
    rows = tf.unstack(values)
    for low, high in comparisons(len(rows)):
        rows[low], rows[high] = tf.minimum(rows[low], rows[high]), tf.maximum(rows[low], rows[high])
    return tf.stack(rows)


def comparisons(rows: int) -> Iterator[tuple[int, int]]:
    """Batcher's network of odd-even merges: pairs of rows that, put in order one after another, order all."""
    merged = 1
    while merged < rows:
        apart = merged
        while apart:
            for start in range(apart % merged, rows - apart, 2 * apart):
                for low in range(start, min(start + apart, rows - apart)):
                    if low // (2 * merged) == (low + apart) // (2 * merged):
                        yield low, low + apart
            apart //= 2
        merged *= 2


def squared_distances(points: tf.Tensor) -> tf.Tensor:
    """|x_i - x_j|^2, [N, N], from products of float64, as points may be far from the origin and near each other."""
    exact = tf.cast(points, tf.float64)
    products = tf.matmul(exact, exact, transpose_b=True)
    squares = tf.linalg.diag_part(products)
    return tf.maximum(squares[:, None] + squares[None, :] - 2.0 * products, 0.0)


def norms(points: tf.Tensor) -> tf.Tensor:
    """|x_i|, [N]."""
    return tf.sqrt(tf.reduce_sum(points**2, axis=1))
