"""Shares by norms: as many bits for each device as its update is large.

A device of |u_k| whose elements carry C_k bits gets |u_k|/C_k of them over the sum of these, so that its bits are in
proportion to its norm. Amiri, Gunduz, Kulkarni, Poor, "Convergence of update aware device scheduling for federated
learning at the wireless edge", IEEE TWC 2021. ``ota.allocation.whole`` makes whole elements of shares.
"""

import tensorflow as tf


def by_norms(norms: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Shares [K] that add up to 1, from norms [K] and bits an element [K]; 0 for whoever carries none.

    Where all norms are 0, who carries any gets an equal share.
    """
    norms, bits = tf.cast(norms, tf.float64), tf.cast(bits, tf.float64)
    norms = tf.where(tf.reduce_any((norms > 0) & (bits > 0)), norms, tf.ones_like(norms))
    asked = tf.math.divide_no_nan(norms, bits)
    return tf.math.divide_no_nan(asked, tf.reduce_sum(asked))
