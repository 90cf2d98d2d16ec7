"""What a round may tell where all rounds together have a budget of mu^2, and how devices keep to it.

Liu and Simeone's plan (`ota/privacy_plans.py`) gives round t of T the noise over gain max(s rate^(t/2), least), so it
may tell mu_t^2 = min(s' rate^-(t/2), full): later rounds tell more, as later noise is forgotten less, and none more
than all power lets it. The static rival gives all the same. A plan is made anew in every round, of what is left of the
budget and of the rounds, as if the link were to stay as it is; where it does, that is the plan that was made at first.
"""

from collections.abc import Callable

import tensorflow as tf

HALVINGS = 40


def allowed(left: tf.Tensor, rounds: tf.Tensor, full: tf.Tensor, rate: float | None, most: int) -> tf.Tensor:
    """mu^2 of the next round, of so much that is ``left`` for so many ``rounds``, at most ``most``; float64."""
    each = left / tf.maximum(rounds, 1.0)
    if rate is None:
        return tf.minimum(full, each)
    number = tf.range(most, dtype=tf.float64)  # of rounds from the next one on
    there = number < rounds
    shape = tf.where(there, tf.constant(rate, tf.float64) ** ((rounds - 1.0 - number) / 2.0), 0.0)  # of s, up to 1
    scale = (left - (rounds - 1.0 - number) * full) / tf.cumsum(shape)  # if the rounds after it are told in full
    fits = tf.where(there & (scale * shape <= full), number, -1.0)
    last = tf.cast(tf.maximum(tf.reduce_max(fits), 0.0), tf.int32)
    return tf.where(full <= each, full, tf.minimum(full, scale[last] * shape[0]))


def filled(told: Callable[[tf.Tensor], tf.Tensor], most: tf.Tensor) -> tf.Tensor:
    """The largest share of power for data that tells at most so much, all others being noise; float64.

    ``told`` grows with the share.
    """
    one, nothing = tf.ones([], tf.float64), tf.zeros([], tf.float64)

    def halve(low: tf.Tensor, high: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        middle = (low + high) / 2.0
        fits = told(middle) <= most
        return tf.where(fits, middle, low), tf.where(fits, high, middle)

    low, _ = tf.while_loop(lambda *_: True, halve, (nothing, one), maximum_iterations=HALVINGS, parallel_iterations=1)
    return tf.where(told(one) <= most, one, low)
