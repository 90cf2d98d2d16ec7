"""Sionna's draws under our keys.

Sionna takes every random number from one global generator. ``keyed(key)`` puts that generator into the state that a
key names, so the draw that follows depends on the key and on nothing before it. The state is written whole (counter
and key of Philox): TensorFlow's ``reset_from_seed`` puts an integer into the counter, and then neighbouring seeds
share numbers.
"""

import tensorflow as tf
from sionna.phy import config

from .keys import Key

_GENERATOR = config.tf_rng  # made here, outside any tf.function, because it holds a variable


def keyed(key: Key) -> None:
    """Let Sionna's next draws be those of this key."""
    _GENERATOR.reset(tf.stack([tf.zeros([], tf.int64), key[0], key[1]]))
