"""Levels of two factors that suit their product: alternating least squares (algorithm 1 of MSE-ISGQ).

    min |G - Delta~ X~'/L|^2 + lambda (sum_ij [G - Delta~ X~'/L]_ij)^2,  X~ = sum_k A_k alpha_k,  Delta~ = sum_l B_l b_l

With Delta~ fixed this is quadratic in alpha: (Q + lambda p p') alpha = r + lambda Gbar p (3.7). Nothing of the size of
G is formed: Q_kl = <A_k Delta~'Delta~, A_l>, r_k = <A_k Delta~'Delta, X> and the sums p_k and Gbar come from products
[L, L] (all times L^2, and L for the sums, which cancels).
"""

import tensorflow as tf

RIDGE = 1e-7  # of the mean of Q's diagonal: where float32 sums tell nothing a level is small; of an empty cell it is 0


def alternated(
    x: tf.Tensor,
    delta: tf.Tensor,
    cells_x: tf.Tensor,
    cells_delta: tf.Tensor,
    levels_x: tf.Tensor,
    rounds: int,
    penalty: float,
) -> tuple[tf.Tensor, tf.Tensor]:
    """Levels alpha [K] and beta [K'] after so many rounds, for X in cells A [K, n, L] and Delta in B [K', m, L]."""
    levels_delta = tf.zeros([cells_delta.shape[0]])
    for _ in range(rounds):
        levels_delta = fitted(cells_delta, delta, x, mixed(cells_x, levels_x), penalty)
        levels_x = fitted(cells_x, x, delta, mixed(cells_delta, levels_delta), penalty)
    return levels_x, levels_delta


def fitted(cells: tf.Tensor, own: tf.Tensor, other: tf.Tensor, decoded: tf.Tensor, penalty: float) -> tf.Tensor:
    """The best levels [K] of one factor [n, L] in cells [K, n, L], where the other one [m, L] is decoded as given."""
    count = cells.shape[0]
    gram, cross = tf.matmul(decoded, decoded, transpose_a=True), tf.matmul(decoded, other, transpose_a=True)  # [L, L]
    flat, spread = tf.reshape(cells, [count, -1]), tf.reshape(tf.matmul(cells, gram), [count, -1])
    q = tf.matmul(spread, flat, transpose_b=True)
    r = tf.linalg.matvec(flat, tf.reshape(tf.matmul(own, cross, transpose_b=True), [-1]))
    p = tf.linalg.matvec(tf.reduce_sum(cells, axis=1), tf.reduce_sum(decoded, axis=0))
    bar = tf.reduce_sum(tf.reduce_sum(own, axis=0) * tf.reduce_sum(other, axis=0))
    q, r, p, bar = (tf.cast(part, tf.float64) for part in (q, r, p, bar))
    ridge = RIDGE * tf.linalg.trace(q) / count + 1e-200
    left = q + penalty * p[:, None] * p + ridge * tf.eye(count, dtype=q.dtype)
    return tf.cast(tf.linalg.solve(left, (r + penalty * bar * p)[:, None])[:, 0], own.dtype)


def mixed(cells: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
    """sum_k A_k alpha_k, [n, L]."""
    return tf.tensordot(levels, cells, 1)
