"""Scores of models that devices have of their own."""

import tensorflow as tf

from ....phy import keys
from ..task import Weights, moved
from . import Score

EVALUATED = 10  # devices at most whose models are scored


def mean_score(score: Score, server: Weights, drift: tf.Tensor) -> tf.Tensor:
    """Of all devices, or of the same ten where there are more; drift [K, d] is what models have over the server's."""
    some = tf.gather(drift, keys.permutation(keys.key(0, "evaluated"), drift.shape[0])[:EVALUATED])  # [E, d]
    scores = tf.map_fn(lambda own: score(moved(server, own)), some, fn_output_signature=tf.TensorSpec([2]))
    return tf.reduce_mean(scores, axis=0)
