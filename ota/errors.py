"""Relative errors |x_hat - x|^2/|x|^2 on given vectors, without training and without air: functions compiled once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf

from ..phy import keys
from ..phy.keys import Key
from .compressors import Compressor, Known
from .layers import Layers
from .projections import hadamard
from .recovery import Recovery, least_squares_on

PAIR = (tf.float32, tf.float32)
Pair: TypeAlias = tuple[tf.Tensor, tf.Tensor]


class Compressed(NamedTuple):
    """What compressing does, [budgets, draws]."""

    error: np.ndarray
    bits: np.ndarray


class Recovered(NamedTuple):
    """The errors of recovery, [draws]."""

    error: np.ndarray
    oracle: np.ndarray
    """Of least squares on the true support."""


def compressing(
    compressor: Compressor, size: int, draws: int, layers: Layers = ()
) -> Callable[[np.ndarray, Sequence[float], Key], Compressed]:
    """Of a vector [d] of such layers, at most so many bits and a key, to what it does with each draw of the key."""

    @tf.function(autograph=False)
    def drawn(x: tf.Tensor, bits: tf.Tensor, key: Key) -> Pair:
        x, energy = tf.ensure_shape(x, [size]), tf.reduce_sum(x**2)

        def one(index: tf.Tensor) -> Pair:
            decoded, used = compressor.compress(x, bits, keys.fold(key, index), Known(layers))
            return tf.reduce_sum((decoded - x) ** 2) / energy, used

        return tf.map_fn(one, tf.range(draws), fn_output_signature=PAIR)

    def errors(vector: np.ndarray, budgets: Sequence[float], key: Key) -> Compressed:
        x = tf.constant(vector, tf.float32)
        found = [drawn(x, tf.constant(bits, tf.float32), key) for bits in budgets]
        return Compressed(*(np.array(values, np.float64) for values in zip(*found, strict=True)))

    return errors


def recovering(
    recovery: Recovery, size: int, rows: int, draws: int, layers: Layers
) -> Callable[[np.ndarray, float, Key], Recovered]:
    """Of a sparse vector x [d], an SNR |x|^2/|w|^2 in dB and a key, to the errors from so many sums A x + w.

    A has rows of a Hadamard matrix, another for each draw of the key.
    """

    @tf.function(autograph=False)
    def drawn(x: tf.Tensor, noise: tf.Tensor, key: Key) -> Pair:
        x = tf.ensure_shape(x, [size])

        def one(index: tf.Tensor) -> Pair:
            own = keys.fold(key, index)
            a = hadamard(keys.fold(own, "matrix"), rows, size)
            y = a.forward(x) + tf.sqrt(noise) * keys.normal(keys.fold(own, "noise"), [rows])
            estimates = tf.stack([recovery.recover(y, a, noise, layers), least_squares_on(x != 0, y, a)])  # [2, d]
            error, oracle = tf.unstack(tf.reduce_sum((estimates - x) ** 2, axis=1) / tf.reduce_sum(x**2))
            return error, oracle

        return tf.map_fn(one, tf.range(draws), fn_output_signature=PAIR, parallel_iterations=1)

    def errors(vector: np.ndarray, snr_db: float, key: Key) -> Recovered:
        x = vector.astype(np.float32)
        noise = np.float32(10 ** (-snr_db / 10) * (x**2).sum() / rows)
        return Recovered(*(values.numpy() for values in drawn(tf.constant(x), tf.constant(noise), key)))

    return errors
