"""What of a model changes as it learns."""

from typing import NamedTuple

import tensorflow as tf

from ...phy.documented import documented


@documented
class Weights(NamedTuple):
    """Trainable weights and moving statistics.

    Each is a list of float32 tensors in the model's order and shapes.

    >>> from overair.learning import Task
    >>> from overair.learning.models.softmax import Softmax
    >>> [part.shape for part in Task(Softmax().build((784,), classes=10, seed=0)).weights().trainable]
    [TensorShape([784, 10]), TensorShape([10])]
    """

    trainable: list[tf.Tensor]  # what gradients are taken of
    statistics: list[tf.Tensor]  # moving means and variances, of BatchNormalization, say
