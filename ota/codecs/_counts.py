"""How many devices sent each codeword, from the sum of their sequences: message passing over whole numbers.

y = B x + w, with sequences in the columns of B [m, N], entries +-1/sqrt(m), and x_c of K devices on codeword c. Before
anything is heard x_c is Binomial(K, 1/N). With u = x + B'r, the true x plus noise of variance t^2,

    p_j(u) ~ pi_j exp(-(u - j)^2/(2 t^2)),  j = 0..K,   x <- E[j],  v <- Var[j]
    r <- y - B x + r (N/m) mean v/t^2,   t^2 <- s2 + (N/m) mean v,   pi <- mean p over all codewords and columns of y

Columns of y are heard apart, with a t^2 of their own, and share one law pi, which learns how many are silent and how
often devices agree; the law before counts as one more column. Steps go ``DAMPING`` of the way, as m is small, and end
where no count moves. State evolution foretells the error of many codewords: t^2 = s2 + (N/m) mmse(t^2). Of few, some
columns are not found at all: of 10 devices, 64 codewords and 40 numbers about one in a hundred. After AMP-DA of Qiao,
Gao, Mashhadi, Gunduz, IEEE JSAC 2024, which draws x_c from 1 to K alike where it is not 0, and learns a law of each
codeword.
"""

from typing import NamedTuple

import tensorflow as tf

STEPS = 40
DAMPING = 0.7
LEAST = 1e-6  # of t^2
SETTLED = 1e-4  # change of all counts in a step after which there is no other


class Messages(NamedTuple):
    """Between two steps."""

    x: tf.Tensor  # [N, S]
    r: tf.Tensor  # [m, S]
    t2: tf.Tensor  # [1, S]
    law: tf.Tensor  # logarithm of pi, [K + 1, 1, 1]
    change: tf.Tensor  # of x in the last step, the largest


def binomial(devices: tf.Tensor, most: int, chance: tf.Tensor) -> tf.Tensor:
    """Logarithms of the chances that 0 to ``most`` of so many devices send a codeword, [most + 1]."""
    j, k = tf.range(most + 1, dtype=tf.float32), tf.cast(devices, tf.float32)
    ways = tf.math.lgamma(k + 1.0) - tf.math.lgamma(j + 1.0) - tf.math.lgamma(tf.maximum(k - j, 0.0) + 1.0)
    chances = ways + j * tf.math.log(chance) + (k - j) * tf.math.log1p(-chance)
    return tf.where(j <= k, chances, -1e9)


def counts_of(y: tf.Tensor, sequences: tf.Tensor, noise: tf.Tensor, law: tf.Tensor) -> tf.Tensor:
    """The expected counts [N, S] of columns y [m, S], with noise of that variance and the law [K + 1] of a count."""
    rows, words = sequences.shape
    before = law[:, None, None]
    x, v = _posterior(tf.zeros([words, y.shape[1]]), tf.fill([1, y.shape[1]], 1e9), before)[:2]
    start = Messages(x, y - tf.matmul(sequences, x), noise + _spread(v, rows), before, tf.constant(1e9))

    def goes_on(i: tf.Tensor, b: Messages) -> tf.Tensor:
        return (i < STEPS) & (b.change > SETTLED)

    def step(i: tf.Tensor, b: Messages) -> tuple[tf.Tensor, Messages]:
        u = b.x + tf.matmul(sequences, b.r, transpose_a=True)
        x, v, chances = _posterior(u, b.t2, b.law)
        x = b.x + DAMPING * (x - b.x)
        r = y - tf.matmul(sequences, x) + b.r * (_spread(v, rows) / b.t2)
        r = b.r + DAMPING * (r - b.r)
        heard = tf.reduce_mean(r**2, axis=0, keepdims=True)
        t2 = tf.maximum(tf.maximum(noise + _spread(v, rows), heard), LEAST)
        of_columns = tf.reduce_mean(chances, axis=1, keepdims=True)  # [K + 1, 1, S]
        share = tf.reduce_mean(tf.concat([of_columns, tf.exp(before)], axis=2), axis=2, keepdims=True)
        change = tf.reduce_max(tf.abs(x - b.x))
        return i + 1, Messages(x, r, t2, tf.math.log(tf.maximum(share, 1e-30)), change)

    end = tf.while_loop(goes_on, step, (tf.constant(0), start), parallel_iterations=1)[1]
    u = end.x + tf.matmul(sequences, end.r, transpose_a=True)
    return _posterior(u, end.t2, end.law)[0]


def _spread(v: tf.Tensor, rows: int) -> tf.Tensor:
    """(N/m) mean v, [1, S]."""
    return tf.reduce_sum(v, axis=0, keepdims=True) / rows


def _posterior(u: tf.Tensor, t2: tf.Tensor, law: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Means and variances [N, S] of counts, and their chances [K + 1, N, S]."""
    j = tf.range(law.shape[0], dtype=u.dtype)[:, None, None]
    chances = tf.nn.softmax(law - (u - j) ** 2 / (2.0 * t2), axis=0)
    mean = tf.reduce_sum(j * chances, axis=0)
    return mean, tf.reduce_sum((j - mean) ** 2 * chances, axis=0), chances
