"""Entropy coding of rounded Gaussians whose means and deviations the receiver knows: no histogram goes first.

A symbol is round(N(m, s^2)) with a mean of its own: so are the indices of a quantiser behind a dither, which is the
mean. `constriction` gives symbol q of 2^24 parts at least those of P(q), and one, whichever is more; symbols lie within
so many of zero, which is known too. Bytes are those of `ota/coding.py`.
"""

import math
from typing import Any

import constriction
import numpy as np
import tensorflow as tf

from .coding import LONG, LOSS, START, shortest

PARTS = 2.0**24  # that probabilities are counted in
MOST_BITS = 24.0  # of a symbol, therefore


def encode(symbols: Any, means: Any, deviations: Any, most: int) -> bytes:
    """Symbols from -most to most as bytes; all else is known to the receiver."""
    values, model, given = np.asarray(symbols, np.int32), _model(most), _given(means, deviations)
    if values.size and np.abs(values).max() > most:
        raise ValueError(f"gaussian_coding.encode: expected symbols from {-most} to {most}, received {values}")
    if len(values) >= LONG:
        coder = constriction.stream.stack.AnsCoder()
        coder.encode_reverse(values, model, *given)
        return bytes(coder.get_compressed().astype("<u4").tobytes().rstrip(b"\0"))
    encoder = constriction.stream.queue.RangeEncoder()
    encoder.encode(values, model, *given)
    data = encoder.get_compressed().astype(">u4").tobytes()
    return shortest(data, values, lambda short: decode(short, means, deviations, most))


def decode(data: bytes, means: Any, deviations: Any, most: int) -> np.ndarray:
    """The symbols that were encoded, as many as there are means."""
    given, padded = _given(means, deviations), data + bytes(-len(data) % 4)
    if len(given[0]) >= LONG:
        words = np.frombuffer(padded, "<u4").astype(np.uint32)
        return np.asarray(constriction.stream.stack.AnsCoder(words).decode(_model(most), *given))
    words = np.frombuffer(padded, ">u4").astype(np.uint32)
    return np.asarray(constriction.stream.queue.RangeDecoder(words).decode(_model(most), *given))


def lengths(symbols: tf.Tensor, means: tf.Tensor, deviation: tf.Tensor, most: tf.Tensor) -> tf.Tensor:
    """Bits each symbol takes at most, in the shape of ``symbols``, float64."""
    off, scale = tf.cast(symbols, tf.float64) - tf.cast(means, tf.float64), tf.cast(deviation, tf.float64) * 2.0**0.5
    near, far = (tf.abs(off) - 0.5) / scale, (tf.abs(off) + 0.5) / scale
    chance = 0.5 * (tf.math.erfc(near) - tf.math.erfc(far))
    free = PARTS - 2.0 * tf.cast(most, tf.float64) - 1.0
    return -tf.math.log(tf.maximum((1.0 - 1e-7) * free * chance, 1.0) / PARTS) / math.log(2.0)


def total(bits: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Bits of the bytes of so many symbols that take so many, float64: at most eight and what a coder loses more."""
    slack = tf.where(count < LONG, LOSS * tf.cast(count, tf.float64), tf.constant(START, tf.float64))
    return tf.where(count > 0, 8.0 * tf.math.ceil((bits + slack) / 8.0), 0.0)


def _model(most: int) -> Any:
    return constriction.stream.model.QuantizedGaussian(-most, most)


def _given(means: Any, deviations: Any) -> tuple[np.ndarray, np.ndarray]:
    values = np.asarray(means, np.float64)
    return values, np.array(np.broadcast_to(np.asarray(deviations, np.float64), values.shape))
