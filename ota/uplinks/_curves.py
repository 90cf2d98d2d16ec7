"""What a compressor leaves of an update over the bits it has: measured on Gaussian entries, before the first round.

The curve is the lower convex hull of relative errors at ``POINTS`` numbers of bits. Without bits a compressor that
never errs by more than silence leaves 1. The error of one that is unbiased, or scaled to be nearly so, grows with 1/b
as bits get fewer, and silence would be a bias: it counts as worse than the fewest bits.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...phy import keys
from ..compressors import Compressor
from ..errors import compressing

POINTS = 48
FEWEST, DEEPEST, SCALES = 0.02, 33.0, 64.0  # bits of an entry, and beside them
FURTHER = 20  # steps of 1.5 in which 1/b goes on
DRAWS = 16
MOST_ENTRIES = 2**13  # of more, bits are in proportion


class Curve(NamedTuple):
    """Knots of a convex, piecewise linear curve, [J]."""

    bits: np.ndarray
    error: np.ndarray

    def at(self, bits: tf.Tensor) -> tf.Tensor:
        """Relative errors at so many bits, float64."""
        knots, error = tf.constant(self.bits), tf.constant(self.error)
        after = tf.clip_by_value(tf.searchsorted(knots, tf.reshape(bits, [-1]), side="right"), 1, len(self.bits) - 1)
        after = tf.reshape(after, tf.shape(bits))
        low, high = tf.gather(knots, after - 1), tf.gather(knots, after)
        part = tf.clip_by_value((bits - low) / (high - low), 0.0, 1.0)
        return (1.0 - part) * tf.gather(error, after - 1) + part * tf.gather(error, after)


@lru_cache(maxsize=64)
def curve(compressor: Compressor, size: int) -> Curve:
    """Of updates of so many entries."""
    few = min(size, MOST_ENTRIES)
    bits = np.geomspace(FEWEST * few + SCALES, DEEPEST * few + SCALES, POINTS)
    with tf.init_scope():  # numbers, also while a round is compiled
        vector = keys.normal(keys.key(0, "curve"), [few]).numpy()
        found = compressing(compressor, few, DRAWS)(vector, bits.tolist(), keys.key(1, "curve"))
    speaks = found.bits.min(axis=1) > 0
    bits, error = bits[speaks] * (size / few), found.error.mean(axis=1)[speaks]
    if not len(error) or (not compressor.unbiased and getattr(compressor, "contractive", True)):
        return _hull(np.append(0.0, bits), np.append(1.0, error))
    back = 1.5 ** np.arange(FURTHER, 0, -1)
    bits, error = np.append(bits[0] / back, bits), np.append((1.0 + error[0]) * back - 1.0, error)
    return _hull(np.append(0.0, bits), np.append(2.0 * error[0], error))


def _hull(bits: np.ndarray, error: np.ndarray) -> Curve:
    """From the first point to the lowest, by the steepest way down from each."""
    at, kept = 0, [0]
    while at < len(bits) - 1:
        slope = (error[at] - error[at + 1 :]) / (bits[at + 1 :] - bits[at])
        if slope.max() <= 0:
            break
        at += 1 + int(np.argmax(slope))
        kept.append(at)
    if len(kept) == 1:  # nothing helps
        return Curve(np.array([0.0, 1.0]), np.array([error[0], error[0]]))
    return Curve(bits[kept], error[kept])
