"""Maximum-ratio combining (MRC) toward the sum: v(f) in the direction of sum_k h_k(f), of unit norm."""

import tensorflow as tf

from ..link import Link
from ..strict import dataclass
from . import GROUP, unit


@dataclass(frozen=True)
class MaximumRatio:
    """v = sum_k h_k / |sum_k h_k| on every resource element, of the best estimates that the receiver has.

    With one antenna there is nothing to combine and v = 1. The sum runs over devices in groups, so no response of all
    devices is ever held.
    """

    def weights(self, link: Link, devices: tf.Tensor) -> tf.Tensor:
        if link.antennas == 1:
            return tf.ones([1, 1, 1, 1], tf.complex64)
        belief = link.receiver.best
        shape = [tf.shape(link.true.a)[0], link.antennas, belief.steps, link.frequencies.shape[0]]
        total = tf.zeros(shape, tf.complex64)  # [B, A, T, F]
        for_groups = tf.range(0, tf.size(devices), GROUP)
        total = tf.foldl(
            lambda heard, first: heard + tf.reduce_sum(link.response(devices[first : first + GROUP], belief), axis=2),
            for_groups,
            initializer=total,
            parallel_iterations=1,
        )
        return unit(total)
