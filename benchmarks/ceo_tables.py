"""Claims: tables 2.1 and 2.2 of Abdi's thesis are met within 2 %, in real bytes, by nested, QSG and one-bit columns.

FC300-100 on MNIST: batches of 200 cut over the workers, SGD at .01, times .9 an epoch of 300 steps, weights from a
normal law cut at two deviations of .1, biases .1, along the path without compression. Every so many steps each worker's
gradient is quantised: its places are coded tensor by tensor, a float32 a bucket is added. The first half of the workers
send 7 levels; nested, the others send 3 places, decoded with the mean of the first. QSG has the indices of dithered
quantisation (lemma 19). One-bit keeps its error and sends signs, two floats for each row and each vector of biases.
Beside: wrong cosets, and NMSE of the second half's updates, nested and dithered.
"""

import argparse
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf
from side_by_side import verdict

from overair.learning.data.mnist import Mnist
from overair.learning.federated.task import Task, flatten, moved
from overair.ota import Nested
from overair.ota.coding import encode
from overair.ota.compressors import Known
from overair.ota.layers import Layers, size_of
from overair.phy import keys

TABLE = {4: (374.3954, 410.9895, 340.8525), 8: (354.5950, 389.1265, 340.0748), 16: (328.2543, 359.6669, 339.1252)}
BUCKETS = (300, 300, 300, 100, 100, 10)
BATCH, EPOCH = 200, 300  # samples, steps
PLENTY = tf.constant(1e9)  # bits
SCHEME = Nested(coarse=3, coded=False, buckets=BUCKETS)


class Measured(NamedTuple):
    """Of one worker's update: Kbit of each column, wrong cosets, errors of the second half."""

    plain: float
    nested: float
    failures: float
    error: float
    error_plain: float


def network() -> keras.Model:
    def dense(units: int, seed: int, **options: str) -> keras.layers.Layer:
        start = keras.initializers.TruncatedNormal(stddev=0.1, seed=seed)
        return keras.layers.Dense(
            units, kernel_initializer=start, bias_initializer=keras.initializers.Constant(0.1), **options
        )

    flat = keras.layers.Flatten()
    layers = dense(300, 1, activation="relu"), dense(100, 2, activation="relu"), dense(10, 3)
    return keras.Sequential([keras.Input((28, 28, 1)), flat, *layers])


def coded(symbols: np.ndarray, alphabet: int, layers: Layers) -> float:
    """Kbit of an entropy coder for each tensor."""
    parts = np.split(symbols, np.cumsum([size_of((layer,)) for layer in layers])[:-1])
    return sum(8 * len(encode(part, alphabet)) for part in parts) / 1e3


def scales(layers: Layers) -> float:
    """Kbit of a float32 a bucket."""
    return sum(-(-size_of((layer,)) // width) for layer, width in zip(layers, BUCKETS, strict=True)) * 32 / 1e3


def quantised(updates: np.ndarray, layers: Layers, step: int) -> list[Measured]:
    """Of all workers, of which the first half is decoded first."""
    plain, told = Known(layers), Known(layers, spread=tf.zeros([len(layers)]))
    half, found, own = len(updates) // 2, [], [keys.key(1, step, worker) for worker in range(len(updates))]
    decoded = [
        SCHEME.compress(tf.constant(x), PLENTY, key, plain)[0].numpy() for x, key in zip(updates, own, strict=True)
    ]
    y = tf.constant(np.mean(decoded[:half], axis=0))
    for x, value, key in zip(updates, decoded, own, strict=True):
        seven, three = (SCHEME.encode(tf.constant(x), PLENTY, key, known)[0] for known in (plain, told))
        back = SCHEME.decode(three, key, told, y).numpy()
        wrong = float(SCHEME.failures(three, key, told, y, tf.constant(x), tf.constant(back)))
        bits = [coded(sent.places.numpy(), k, layers) + scales(layers) for sent, k in ((seven, 7), (three, 3))]
        energy = float(np.sum(x**2))
        found.append(Measured(*bits, wrong, np.sum((back - x) ** 2) / energy, np.sum((value - x) ** 2) / energy))
    return found


def one_bit(x: np.ndarray, layers: Layers) -> tuple[np.ndarray, np.ndarray]:
    """Signs [d], and what is decoded: the means of a row's positive and negative entries."""
    signs, means = [], []
    for part, layer in zip(np.split(x, np.cumsum([size_of((layer,)) for layer in layers])[:-1]), layers, strict=True):
        rows = part.reshape(layer[0] if len(layer) > 1 else 1, -1)
        up = rows > 0
        high, low = (
            (rows * some).sum(1, keepdims=True) / np.maximum(some.sum(1, keepdims=True), 1) for some in (up, ~up)
        )
        signs.append(up.reshape(-1))
        means.append(np.where(up, high, low).reshape(-1))
    return np.concatenate(signs), np.concatenate(means)


def column(workers: int, steps: int, every: int) -> None:
    data, task, rng = Mnist().load(), Task(network()), np.random.default_rng(0)
    weights, layers, owed = task.weights(), task.layers, np.zeros([workers, task.size], np.float32)
    mask, measured, single = tf.ones([BATCH // workers]), [], []
    rows = sum(layer[0] if len(layer) > 1 else 1 for layer in layers)
    for step in range(steps):
        batch = rng.choice(len(data.y_train), [workers, BATCH // workers], replace=False)
        updates = []
        for mine in batch:
            x, y = tf.constant(data.x_train[mine]), tf.constant(data.y_train[mine])
            updates.append(flatten(task.gradient(weights, x, y, mask, keys.key(0), tf.constant(0))[1]).numpy())
        due = step % every == every - 1
        for worker, update in enumerate(updates):
            signs, value = one_bit(update + owed[worker], layers)
            owed[worker] += update - value
            if due:
                single.append(coded(signs.astype(np.int32), 2, layers) + 64 * rows / 1e3)
        if due:
            measured.append(quantised(np.stack(updates), layers, step))
        rate = 0.01 * 0.9 ** (step // EPOCH)
        weights = moved(weights, tf.constant(-rate * np.mean(updates, axis=0), tf.float32))
    show(workers, np.array(measured), float(np.mean(single)))


def show(workers: int, measured: np.ndarray, single: float) -> None:
    """From what was measured [steps, workers, 5]."""
    half = workers // 2
    plain, nested = measured[..., 0].mean(), (measured[:, :half, 0].mean() + measured[:, half:, 1].mean()) / 2
    failures, error, error_plain = measured[:, half:, 2:].mean(axis=(0, 1))
    print(
        f"{workers} workers, Kbit a worker and step; wrong cosets {failures:.1%}; NMSE {error:.3f}, {error_plain:.3f}"
    )
    for name, found, printed in zip(("nested", "QSG", "one-bit"), (nested, plain, single), TABLE[workers], strict=True):
        verdict(f"{name}: {printed} within 2 %", abs(found / printed - 1) <= 0.02, f"{found:.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="an epoch on 4 workers")
    parser.add_argument("--every", type=int, default=50, help="steps between measurements")
    chosen = parser.parse_args()
    for workers in (4,) if chosen.quick else TABLE:
        column(workers, EPOCH if chosen.quick else 5 * EPOCH, chosen.every)


if __name__ == "__main__":
    main()
