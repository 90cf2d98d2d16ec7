"""What algorithms are given: the samples of a device, what is remembered, and whose updates a sum holds."""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from ....ota.apart import Separate
from ....ota.round import Nest
from ....phy.documented import documented


@documented
class Sample(NamedTuple):
    """The samples of one device, by its local steps.

    A call with a step, int32 [], gives x [B, ...], labels y [B] and mask [B].

    >>> import tensorflow as tf
    >>> from overair.learning.federated.algorithms import Sample
    >>> sample = Sample(lambda step: (tf.ones([2, 3]), tf.zeros([2], tf.int32), tf.ones([2])), whole=True)
    >>> [part.shape for part in sample(tf.constant(0))]
    [TensorShape([2, 3]), TensorShape([2]), TensorShape([2])]
    """

    of: Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor, tf.Tensor]]  # step -> x [B, ...], y [B], mask [B]
    whole: bool = False  # whether it is known that every step has samples, of every device

    def __call__(self, step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        return self.of(step)


@documented
class Memory(NamedTuple):
    """What an algorithm remembers from round to round.

    Nests of tensors whose shapes no round changes; ``()`` where nothing is remembered.

    >>> import tensorflow as tf
    >>> from overair.learning.federated.algorithms import Memory
    >>> Memory(common=[tf.zeros([5])], own=[tf.zeros([4, 5])]).own[0].shape  # of four devices
    TensorShape([4, 5])
    """

    common: Nest  # what the server keeps, and tells the devices
    own: Nest  # what each device keeps for itself: tensors [K, ...], a row for each device


@documented
class Heard(NamedTuple):
    """Whose updates a sum holds, of K devices.

    Those of devices that were lost are not among them.

    >>> import tensorflow as tf
    >>> from overair.learning.federated.algorithms import Heard
    >>> weights, sent = tf.constant([0.5, 0.0, 0.25]), tf.constant([True, True, True])
    >>> heard = Heard(weights, shares=tf.constant([0.5, 0.25, 0.25]), steps=tf.constant([2.0, 9.0, 8.0]), sent=sent)
    >>> float(heard.total), float(heard.share), float(heard.mean_steps)
    (0.75, 0.75, 4.0)
    """

    weights: tf.Tensor  # in the sum, zero of those that are not in it, [K]
    shares: tf.Tensor  # n_k / n, [K]
    steps: tf.Tensor  # local steps that each has taken, [K]
    sent: tf.Tensor  # who has sent, heard or not, bool [K]
    apart: Separate | None = None  # what was received of each, if that is asked for

    @property
    def total(self) -> tf.Tensor:
        """The sum of the weights."""
        return tf.reduce_sum(self.weights)

    @property
    def share(self) -> tf.Tensor:
        """The share of all data that the devices in the sum have."""
        return tf.reduce_sum(tf.where(self.weights > 0, self.shares, 0.0))

    @property
    def mean_steps(self) -> tf.Tensor:
        """By the weights of the sum; 0 of nobody."""
        return tf.math.divide_no_nan(tf.reduce_sum(self.weights * self.steps), self.total)
