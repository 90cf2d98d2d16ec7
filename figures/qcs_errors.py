"""Errors of quantised compressive sampling, QSGD and random-k at equal bits, on the gradients of a network that learns.

Relative error |g_hat - g|^2/|g|^2 against compression gain, 32 d over the bits used, of gradients of LeNet (d = 61,706)
while it learns the digits that scikit-learn carries along, enlarged to 28 x 28 pixels. Bounds are (4.10) for QCS,
min(d/s^2, sqrt(d)/s) for QSGD at log2(2s + 1) bits; d/k - 1 of random-k is exact.

Abdi, "Distributed learning and inference in deep models", 2020, section 4.2.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from ..learning import Task
from ..learning.data.digits import Digits
from ..learning.federated.task import flatten
from ..learning.models.lenet import Lenet
from ..ota import Compressor, Qcs, Qsgd, RandomK
from ..ota.compressors import qcs
from ..phy import keys
from ._fixed_length import FixedLength

SEED, SIDE, BATCH, RATE = 0, 28, 128, 0.05
MOMENTS = (0, 50, 150, 400)  # steps of training after which gradients are taken
GAINS = tuple(2.0 ** (at / 2) for at in range(21))
DRAWS = 20
COLUMNS = ("scheme", "moment", "target_gain", "gain", "draws", "error", "deviation", "bound")


def schemes(size: int) -> dict[str, Compressor]:
    """What is compared, on vectors of so many entries."""
    fixed = FixedLength(size)
    return {"QCS": Qcs(), "QSGD fixed length": fixed, "QSGD entropy coded": Qsgd(), "random-k": RandomK()}


def gradients(moments: Sequence[int] = MOMENTS) -> np.ndarray:
    """Of LeNet on a batch of enlarged digits, after so many steps of training [moments, d]."""
    data = Digits().load()
    x = tf.image.resize(data.x_train, [SIDE, SIDE])
    model = Lenet().build((SIDE, SIDE, 1), data.classes, SEED)
    task, rng, found = Task(model), np.random.default_rng(SEED), []
    weights = task.weights()
    for step in range(max(moments) + 1):
        batch = rng.choice(len(data.y_train), BATCH, replace=False)
        key = keys.key(SEED, step)
        _, parts, _ = task.gradient(
            weights, tf.gather(x, batch), tf.constant(data.y_train[batch]), tf.ones([BATCH]), key, tf.constant(0)
        )
        if step in moments:
            found.append(flatten(parts).numpy())
        weights = weights._replace(trainable=[w - RATE * g for w, g in zip(weights.trainable, parts, strict=True)])
    return np.stack(found)


def simulate(
    compressor: Compressor, gradient: np.ndarray, gains: Sequence[float], draws: int = DRAWS, seed: int = SEED
) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors and gains [gains, draws] where bits are 32 d over the gains that are asked for."""
    g = tf.constant(gradient, tf.float32)
    energy, size = tf.reduce_sum(g**2), len(gradient)

    @tf.function(autograph=False)
    def some(bits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        def one(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            decoded, used = compressor.compress(g, bits, keys.key(seed, "qcs variance", index))
            return tf.reduce_sum((decoded - g) ** 2) / energy, 32.0 * size / used

        return tf.map_fn(one, tf.range(draws), fn_output_signature=(tf.float32, tf.float32))

    found = [some(tf.constant(32.0 * size / gain, tf.float32)) for gain in gains]
    return np.array([error for error, _ in found]), np.array([gain for _, gain in found])


def bound(name: str, size: int, gain: float) -> float:
    """On the mean of the relative error, infinite where there is none."""
    if name == "QCS":
        return float(qcs.plan(-(-size // 2**16) * 2**16, tf.constant(32.0 * size / gain, tf.float32)).bound)
    if name == "random-k":
        return size / int(size / gain) - 1
    s = (2.0 ** (32.0 / gain) - 1.0) / 2.0
    return min(size / s**2, size**0.5 / s) if name == "QSGD fixed length" else np.inf


def rows(moments: Sequence[int] = MOMENTS, draws: int = DRAWS) -> Iterator[tuple[str, ...]]:
    """The names of the columns, and a row for every scheme, gradient and gain."""
    yield COLUMNS
    found = gradients(moments)
    for name, compressor in schemes(found.shape[1]).items():
        shortest = 32.0 / np.log2(3.0) if name == "QSGD fixed length" else np.inf  # no fewer than three levels
        gains = [gain for gain in GAINS if gain <= shortest] + ([shortest * (1 - 1e-4)] if shortest < np.inf else [])
        for moment, gradient in zip(moments, found, strict=True):
            for target, error, gain in zip(gains, *simulate(compressor, gradient, gains, draws), strict=True):
                limit = bound(name, len(gradient), target)
                numbers = target, gain.mean(), draws, error.mean(), error.std(ddof=1), limit
                yield name, str(moment), *(f"{number:.6g}" for number in numbers)
