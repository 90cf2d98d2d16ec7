"""Maximum-ratio combining (MRC) toward the sum: v(f) in the direction of sum_k h_k(f), of unit norm."""

import tensorflow as tf

from ..link import Link
from ..strict import dataclass
from . import GROUP, unit


@dataclass(frozen=True)
class MaximumRatio:
    """Weights in the direction of the sum of the channels, v = sum_k h_k / |sum_k h_k|, on every resource element.

    h_k [A] are the best estimates that the receiver has, and what is combined is v^H y.

    With one antenna there is nothing to combine and v = 1. The sum runs over devices in groups, so no response of all
    devices is ever held.

    >>> from overair.phy import Air, Grid, MaximumRatio, Rayleigh, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, antennas=4, combiner=MaximumRatio())
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, snr_db=10.0)
    >>> v = air.combiner.weights(link, [0, 1, 2]).numpy()  # [B, A, T, F]
    >>> v.shape, bool(abs((abs(v) ** 2).sum(axis=1) - 1).max() < 1e-5)
    ((1, 4, 1, 64), True)
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
