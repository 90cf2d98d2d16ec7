"""The last estimate as side information: how far an update is from it."""

import math

import tensorflow as tf

from ..squares import mean_squares
from . import Known


def beside_past(update: tf.Tensor, known: Known) -> tuple[Known, tf.Tensor]:
    """Known with the deviations from the last estimate by layer, infinite before there is one; and that estimate."""
    past = known.past
    assert past is not None
    away = tf.cast(tf.sqrt(mean_squares(update - past.estimate, known.layers)), update.dtype)
    return known._replace(spread=tf.where(past.rounds > 0, away, math.inf)), past.estimate
