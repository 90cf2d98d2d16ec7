"""What devices and server remember alike."""

from typing import NamedTuple

import tensorflow as tf

from .layers import Layers, size_of


class Past(NamedTuple):
    """How many rounds there were, and the last estimate."""

    rounds: tf.Tensor  # int32
    estimate: tf.Tensor  # [d]

    @staticmethod
    def none(layers: Layers) -> "Past":
        return Past(tf.zeros([], tf.int32), tf.zeros([size_of(layers)]))

    def after(self, estimate: tf.Tensor) -> "Past":
        """A round later."""
        return Past(self.rounds + 1, estimate)
