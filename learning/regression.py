"""Linear regression by compressed gradients: how large a step converges, and how fast.

    W <- W - mu g_hat,   g = mean over a batch of (W - W*) x x',   x ~ N(0, R)

from W = 0, with W* [m, n] of normal entries. R has random eigenvectors and eigenvalues equally spaced from 1 to 4, and
targets W* x are exact, so the excess loss is tr((W - W*) R (W - W*)')/2, known without sampling, and a run converges
if its compression noise dies out with the gradient. One that grew a millionfold is stopped there. Whatever compresses,
and at all steps, a seed sees the same batches. Abdi, "Distributed learning and inference in deep models", 2020, section
4.5.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..ota import Compressor
from ..phy import keys
from ..phy.keys import Key

GONE = 1e6  # of the excess loss at the start
FLATTEST, STEEPEST = 1.0, 4.0  # eigenvalues of R


class Problem(NamedTuple):
    """What is regressed."""

    root: np.ndarray  # of R, [n, n]
    target: np.ndarray  # W* [m, n]

    @property
    def size(self) -> int:
        return self.target.size


class Descents(NamedTuple):
    """Of all runs."""

    error: tf.Tensor  # W - W* [runs, m, n]
    excess: tf.Tensor  # [runs]
    bits: tf.Tensor  # spent so far [runs]


class Paths(NamedTuple):
    """Of all runs after every iteration, from the start on, [iterations + 1, runs]."""

    excess: np.ndarray
    """Excess losses over that of the start."""
    bits: np.ndarray
    """Spent so far."""


def problem(inputs: int, outputs: int, seed: int) -> Problem:
    """R and W* of a seed."""
    rng = np.random.default_rng(seed)
    vectors, _ = np.linalg.qr(rng.normal(size=(inputs, inputs)))
    root = vectors * np.linspace(FLATTEST, STEEPEST, inputs) ** 0.5
    return Problem(root, rng.normal(size=(outputs, inputs)) / inputs**0.5)


def descend(
    wanted: Problem,
    compressor: Compressor,
    bits: float,
    steps: Sequence[float],
    iterations: int,
    batch_size: int,
    runs: int,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Paths]:
    """The paths of every step size, with at most so many bits a gradient."""
    mixing, start = tf.constant(wanted.root, tf.float32), tf.constant(wanted.target, tf.float32)
    first = tf.reduce_sum(tf.matmul(start, mixing) ** 2)
    inputs = wanted.target.shape[1]

    def after(step: tf.Tensor, state: Descents, at: tf.Tensor) -> Descents:
        key = keys.key(seed, "regression", at)
        x = tf.matmul(keys.normal(keys.fold(key, "x"), [runs, batch_size, inputs]), mixing, transpose_b=True)
        gradient = tf.matmul(tf.matmul(state.error, x, transpose_b=True), x) / batch_size  # [runs, m, n]
        sent, used = _compressed(compressor, gradient, bits, key)
        error = state.error - step * tf.where((state.excess < GONE)[:, None, None], sent, 0.0)
        return Descents(error, tf.reduce_sum(tf.matmul(error, mixing) ** 2, axis=[1, 2]) / first, state.bits + used)

    begin = Descents(-tf.tile(start[None], [runs, 1, 1]), tf.ones([runs]), tf.zeros([runs]))
    path = tf.function(lambda step: _path(partial(after, step), begin, iterations), autograph=False)
    found = []
    for at, step in enumerate(steps):
        found.append(Paths(*(values.numpy() for values in path(tf.constant(step, tf.float32)))))
        progress(at + 1, len(steps))
    return found


def _path(after: Callable[[Descents, tf.Tensor], Descents], begin: Descents, iterations: int) -> list[tf.Tensor]:
    """Excess losses and bits from the begin on, [iterations + 1, runs] each."""

    def go(at: tf.Tensor, state: Descents, kept: tf.TensorArray) -> tuple[tf.Tensor, Descents, tf.TensorArray]:
        now = after(state, at)
        return at + 1, now, kept.write(at + 1, tf.stack([now.excess, now.bits]))

    kept = tf.TensorArray(tf.float32, iterations + 1, element_shape=[2, begin.bits.shape[0]])
    kept = kept.write(0, tf.stack([begin.excess, begin.bits]))
    start = (tf.constant(0), begin, kept)
    through = tf.while_loop(lambda at, *_: at < iterations, go, start, parallel_iterations=1)[2].stack()
    return tf.unstack(through, axis=1)


def _compressed(compressor: Compressor, gradients: tf.Tensor, bits: float, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
    """What is decoded of gradients [runs, m, n], a key for each, and the bits of each."""
    runs = gradients.shape[0]
    flat, most = tf.reshape(gradients, [runs, -1]), tf.constant(bits, tf.float32)

    def one(inputs: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        return compressor.compress(inputs[0], most, keys.fold(key, "run", inputs[1]))

    sent, used = tf.map_fn(one, (flat, tf.range(runs)), fn_output_signature=(tf.float32, tf.float32))
    return tf.reshape(sent, gradients.shape), used
