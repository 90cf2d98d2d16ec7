"""Gains of a band: what remains of fading when power is averaged over all of a bandwidth.

g_k = mean_f |h_k(f)|^2, added over antennas, over so many frequencies at even distances that no delay turns by more
than half a circle between two of them. For a power delay profile its variance is the mean of |r(f - f')|^2, r the
correlation of responses; 1 over it counts coherence blocks.
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from . import keys
from .arithmetic import squared
from .channels import Channel
from .keys import Key
from .link import Size, Span

LEAST = 16  # frequencies
STILL = Span(0.0, 1, 1e-3)


def frequencies(bandwidth: float, longest: float) -> int:
    """How many are looked at where the longest delay is of so many seconds."""
    return max(LEAST, math.ceil(2.0 * bandwidth * longest) + 1)


def gains(channel: Channel, size: Size, bandwidths: Sequence[float], key: Key) -> tf.Tensor:
    """Of devices on independent links, over each bandwidth in Hz, [W, B, K]; the paths are the same for all."""
    paths = channel.draw(size, STILL, keys.fold(key, "channel"), keys.fold(key, "place"))

    def over(bandwidth: float) -> tf.Tensor:
        count = frequencies(bandwidth, channel.longest)
        at = (tf.range(count, dtype=tf.float32) + 0.5 - 0.5 * count) * (bandwidth / count)
        return tf.reduce_mean(tf.reduce_sum(squared(paths.response(at)), axis=1), axis=[2, 3])

    return tf.stack([over(bandwidth) for bandwidth in bandwidths])
