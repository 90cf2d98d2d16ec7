"""Linear regression by compressed gradients: how large a step converges, and how fast (Abdi, fig. 4.4).

    W <- W - mu g_hat,   g = mean over a batch of (W - W*) x x',   x ~ N(0, R)

from W = 0, with W* of normal entries. R has random eigenvectors and eigenvalues equally spaced from 1 to 4, and
targets W* x are exact, so the excess loss is tr((W - W*) R (W - W*)')/2, known without sampling, and a run converges
if its compression noise dies out with the gradient. A run has converged once its excess loss is a tenth of what it
began with; one that grew a millionfold is stopped there. All schemes and steps see the same batches.

Abdi, "Distributed learning and inference in deep models", 2020, section 4.5.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ..ota import Compressor, Qcs, Qsgd, TopK
from ..phy import keys
from ..phy.keys import Key
from ._fixed_length import FixedLength

INPUTS, OUTPUTS, BATCH, SEED = 64, 50, 32, 0
SIZE = INPUTS * OUTPUTS
GAIN, FEWER = 20.0, 0.6
ITERATIONS, EVERY, RUNS = 200, 10, 12
STEPS = (0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.1, 0.11, 0.12, 0.15, 0.17, 0.2, 0.22, 0.25, 0.3)
DONE, GONE = 0.1, 1e6  # of the excess loss at the start


class Descents(NamedTuple):
    """Of all runs."""

    error: tf.Tensor  # W - W* [runs, m, n]
    excess: tf.Tensor  # [runs]
    bits: tf.Tensor  # [runs]


class Contestant(NamedTuple):
    """A compressor and the bits it gets; none for the gradient itself."""

    compressor: Compressor | None
    bits: float


SCHEMES = {
    "baseline": Contestant(None, 32.0 * SIZE),
    "QCS": Contestant(Qcs(), 32.0 * SIZE / GAIN),
    "QCS 40% fewer bits": Contestant(Qcs(), FEWER * 32.0 * SIZE / GAIN),
    "QSGD fixed length": Contestant(FixedLength(INPUTS), 32.0 * SIZE / GAIN),
    "QSGD entropy coded": Contestant(Qsgd(), 32.0 * SIZE / GAIN),
    "top-k": Contestant(TopK(value_bits=32), 32.0 * SIZE / GAIN),
}
COLUMNS = ("scheme", "step_size", "iteration", "runs", "bits", "converged", "log10_excess", "deviation")


def simulate(
    scheme: Contestant, steps: Sequence[float], runs: int = RUNS, seed: int = SEED
) -> tuple[np.ndarray, float]:
    """Excess losses over those of the start [steps, runs, iterations / EVERY + 1], and the mean bits of a gradient."""
    root, target = problem()
    mixing, start = tf.constant(root, tf.float32), tf.constant(target, tf.float32)
    first = tf.reduce_sum(tf.matmul(start, mixing) ** 2)

    def after(step: tf.Tensor, state: Descents, at: tf.Tensor) -> Descents:
        key = keys.key(seed, "regression", at)
        x = tf.matmul(keys.normal(keys.fold(key, "x"), [runs, BATCH, INPUTS]), mixing, transpose_b=True)
        gradient = tf.matmul(tf.matmul(state.error, x, transpose_b=True), x) / BATCH  # [runs, m, n]
        sent, used = _compressed(scheme, gradient, key)
        error = state.error - step * tf.where((state.excess < GONE)[:, None, None], sent, 0.0)
        return Descents(error, tf.reduce_sum(tf.matmul(error, mixing) ** 2, axis=[1, 2]) / first, state.bits + used)

    @tf.function(autograph=False)
    def path(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def some(state: Descents, at: tf.Tensor) -> Descents:
            batches = at * EVERY + tf.range(EVERY)
            return tf.foldl(lambda state, at: after(step, state, at), batches, state, parallel_iterations=1)

        begin = Descents(-tf.tile(start[None], [runs, 1, 1]), tf.ones([runs]), tf.zeros([runs]))
        through = tf.scan(some, tf.range(ITERATIONS // EVERY), begin, parallel_iterations=1)
        return tf.concat([tf.ones([1, runs]), through.excess], 0), through.bits[-1] / ITERATIONS

    paths = [path(tf.constant(step)) for step in steps]
    return np.stack([excess.numpy().T for excess, _ in paths]), float(np.mean([bits for _, bits in paths]))


def rows(runs: int = RUNS, steps: Sequence[float] = STEPS) -> Iterator[tuple[str, ...]]:
    """The names of the columns, and a row for every scheme, step size and kept iteration."""
    yield COLUMNS
    for name, scheme in SCHEMES.items():
        paths, bits = simulate(scheme, steps, runs)
        for step, excess in zip(steps, paths, strict=True):
            for at, values in enumerate(excess.T):
                logs = np.log10(values)
                numbers = bits, np.mean(values <= DONE), logs.mean(), logs.std(ddof=1)
                yield name, f"{step:g}", str(at * EVERY), str(runs), *(f"{number:.6g}" for number in numbers)


def problem() -> tuple[np.ndarray, np.ndarray]:
    """A root of R [n, n], and W* [m, n]."""
    rng = np.random.default_rng(SEED)
    vectors, _ = np.linalg.qr(rng.normal(size=(INPUTS, INPUTS)))
    return vectors * np.linspace(1.0, 4.0, INPUTS) ** 0.5, rng.normal(size=(OUTPUTS, INPUTS)) / INPUTS**0.5


def _compressed(scheme: Contestant, gradients: tf.Tensor, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
    """What is decoded of gradients [runs, m, n], a key for each, and the bits of each."""
    runs, compressor = gradients.shape[0], scheme.compressor
    if compressor is None:
        return gradients, tf.fill([runs], scheme.bits)
    flat, bits = tf.reshape(gradients, [runs, SIZE]), tf.constant(scheme.bits, tf.float32)

    def one(inputs: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
        return compressor.compress(inputs[0], bits, keys.fold(key, "run", inputs[1]))

    sent, used = tf.map_fn(one, (flat, tf.range(runs)), fn_output_signature=(tf.float32, tf.float32))
    return tf.reshape(sent, gradients.shape), used
