"""What quantised coordinates are multiplied with, for one purpose or another."""

from typing import Literal, TypeAlias

import tensorflow as tf

Scale: TypeAlias = Literal["unbiased", "mse", "matched"]


def scale_of(
    kind: Scale, share: tf.Tensor, peak: tf.Tensor, v: tf.Tensor, q: tf.Tensor, chosen: tf.Tensor
) -> tf.Tensor:
    """For peak v [n] and levels q [n] of v, 0 where a coordinate is not ``chosen``; ``share``: peak n/k for k of n.

    <v, v>/<v, q> over the chosen ones, times n/k, has <v, decoded> = <v, v> in the mean; <v, q>/<q, q> errs
    least; |v|/|q|, the geometric mean of both where all are chosen, keeps the norm.
    """
    aligned, energy = tf.reduce_sum(q * v), tf.reduce_sum(q**2)
    return {
        "unbiased": lambda: share * tf.math.divide_no_nan(tf.reduce_sum(chosen * v**2), aligned),
        "mse": lambda: peak * tf.math.divide_no_nan(aligned, energy),
        "matched": lambda: peak * tf.sqrt(tf.math.divide_no_nan(tf.reduce_sum(v**2), energy)),
    }[kind]()
