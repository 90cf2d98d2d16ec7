"""Task-oriented digital features: learnt, rounded to whole numbers, and coded with learnt probabilities.

    z = W f + b, q = round(z)    loss + lambda sum_i -log2 p_i(z_i + u_i),  u_i uniform on [-1/2, 1/2]

Noise stands in for rounding while the head is trained, and the density of z_i + u_i, a logistic one of learnt mean and
scale for each feature, stands for the probability of q_i; features that are not worth their bits come to have none.
The price lambda makes the size; it rises from zero over the first half of the training, or all features would be given
up before any is worth something. Afterwards the probabilities of q_i are counted over the training characters, and the
words are those of ``short_code``: what a query takes in bits is the length of a real code word. The server computes
unrounded z of its gallery. Balle, Laparra and Simoncelli, "End-to-end optimized image compression", ICLR 2017, for the
noise; Jankowski, Gunduz and Mikolajczyk, IEEE JSAC 2021, for retrieval.
"""

from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ....phy.keys import Key, fold, uniform
from . import heads, short_code

LARGEST = 15  # of |q|
START = 2.0  # standard deviation of z before training
HASTE = 5.0  # how much faster than weights gains are learnt, in logarithms


class Gains(keras.layers.Layer):
    """A positive factor for every feature, quickly learnt: its reciprocal is the step of the quantiser."""

    def build(self, shape: tuple[int, ...]) -> None:
        self.level = self.add_weight(shape=shape[-1:], initializer="zeros", name="level")

    def call(self, z: tf.Tensor) -> tf.Tensor:
        return z * tf.exp(HASTE * tf.convert_to_tensor(self.level))


class Quantised(NamedTuple):
    """A head, and how often of 2^16 times each of its features is -15 .. 15, [n, 31]."""

    head: keras.Model
    counts: np.ndarray

    @property
    def arrays(self) -> list[np.ndarray]:
        """All that was learnt, for ``of_arrays``."""
        return [*self.head.get_weights(), self.counts]

    def rounded(self, features: np.ndarray) -> np.ndarray:
        """Features [Q, F] as whole numbers [Q, n]."""
        return np.clip(np.rint(self.head(features).numpy()), -LARGEST, LARGEST).astype(np.int64)

    def bits(self, rounded: np.ndarray) -> np.ndarray:
        """Bits that are enough for the word of each query, [Q]."""
        own = self.counts[np.arange(len(self.counts)), rounded + LARGEST]  # [Q, n]
        return short_code.longest(short_code.told(own).sum(axis=1))

    def encode(self, rounded: np.ndarray) -> str:
        """The word of one query [n]."""
        return short_code.encode([int(q) + LARGEST for q in rounded], lambda past: self.counts[len(past)])

    def decode(self, word: str) -> np.ndarray:
        """The query [n] of a word."""
        symbols = short_code.decode(word, len(self.counts), lambda past: self.counts[len(past)])
        return np.array(symbols) - LARGEST


def train(features: np.ndarray, width: int, price: float, steps: int, seed: int, key: Key) -> Quantised:
    """A head for characters' features [C, D, F] whose queries cost ``price`` a bit."""
    model = heads.head(features.shape[-1], width, seed)
    flat = features.reshape(-1, features.shape[-1])
    dense = model.layers[-1]
    dense.kernel.assign(dense.kernel * (START / np.std(model(flat[:1000]).numpy())))
    model.add(Gains())
    mean = keras.Variable(np.zeros(width), dtype="float32")
    level = keras.Variable(np.full(width, np.log(START / 2) / HASTE), dtype="float32")

    def send(z: tf.Tensor, key: Key, progress: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        noisy = z + uniform(fold(key, "rounding"), tf.shape(z), -0.5, 0.5)
        bits = tf.reduce_mean(tf.reduce_sum(logistic_bits(noisy, mean.value, tf.exp(HASTE * level.value)), axis=1))
        return noisy, price * tf.minimum(2.0 * progress, 1.0) * bits

    heads.train(model, features, send, steps, key, (mean, level))
    counts = occurrences(np.clip(np.rint(model.predict(flat, batch_size=4096, verbose=0)), -LARGEST, LARGEST))
    return Quantised(model, short_code.normalised(counts))


def of_arrays(arrays: Sequence[np.ndarray]) -> Quantised:
    """What was learnt before."""
    *weights, counts = arrays
    features, width = weights[0].shape
    model = heads.head(features, width, seed=0)
    model.add(Gains())
    model.set_weights(weights)
    return Quantised(model, counts)


def logistic_bits(z: tf.Tensor, mean: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
    """-log2 of a logistic distribution's mass within 1/2 of z."""
    from_low, from_high = (z - mean - 0.5) / scale, (z - mean + 0.5) / scale
    # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b)), which no tail makes zero
    lost = tf.math.log_sigmoid(from_high) + tf.math.log_sigmoid(-from_low) + tf.math.log(-tf.math.expm1(-1.0 / scale))
    return -lost / np.log(2.0)


def occurrences(rounded: np.ndarray) -> np.ndarray:
    """How often each feature [N, n] has each value, and one half more, [n, 31]."""
    places = (rounded + LARGEST).astype(np.int64)  # [N, n]
    width, levels = places.shape[1], 2 * LARGEST + 1
    flat = np.bincount((places + levels * np.arange(width)).ravel(), minlength=width * levels)
    return flat.reshape(width, levels) + 0.5
