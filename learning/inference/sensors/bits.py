"""Features of sensors as bits: each sensor tells as many as its own elements carry, at capacity.

A sensor with room for b bits of an image tells whole ones: the last one as often as the fraction says, by a draw that
both sides know, so that b are told on average. Of L features in [-1, 1] each has b/L bits, the first ones one more:

    level = floor((z + 1) / 2 * 2^b_i)    z' = (level + 1/2) / 2^b_i * 2 - 1

and a feature without bits is read as 0. Gradients pass a feature that is told as if it were not rounded.
"""

import tensorflow as tf

DEEPEST = 16  # bits of a feature: more tell nothing in float32


def whole(room: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """Bits that are told [B], of rooms [B] and draws [B] uniform on [0, 1)."""
    return tf.floor(room + chance)


def depths(bits: tf.Tensor, features: int) -> tf.Tensor:
    """Bits of each feature [B, L], of so many bits in all [B]."""
    each, more = bits // features, bits % features
    first = tf.cast(tf.range(features, dtype=tf.float32) < more[:, None], tf.float32)
    return tf.minimum(each[:, None] + first, float(DEEPEST))


def levels(z: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    """Whole numbers from 0 to 2^b - 1 of features in [-1, 1]."""
    count = 2.0**depth
    return tf.clip_by_value(tf.floor((z + 1.0) / 2.0 * count), 0.0, count - 1.0)


def restored(level: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    """What the server reads of levels."""
    return (level + 0.5) / 2.0**depth * 2.0 - 1.0


def told(z: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
    """What the server reads of features [B, L], with the gradient of those that have bits."""
    read = restored(levels(z, depth), depth)
    passes = z * tf.cast(depth > 0, z.dtype)
    return passes + tf.stop_gradient(read - passes)
