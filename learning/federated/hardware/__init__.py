"""Hardware: what computing takes a device, in seconds and joules."""

from typing import NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ....phy import keys
from ....phy.documented import documented
from ....phy.keys import Key


@documented
class Work(NamedTuple):
    """What computing takes each of the K devices of a round, if it computes.

    Nothing is what those take that process no sample.

    >>> import tensorflow as tf
    >>> from overair.learning.federated.hardware import Work
    >>> Work(seconds=tf.constant([0.1, 0.2]), joules=tf.constant([0.2, 0.4])).seconds.shape
    TensorShape([2])
    """

    seconds: tf.Tensor  # [K]
    joules: tf.Tensor  # [K]


@runtime_checkable
class Hardware(Protocol):
    """What computing takes a device, in seconds and joules: a law of times and energies, in graph, by keys.

    The seconds decide who is late, so that a schedule is known before anything is trained. One of your own is a frozen
    dataclass with this method.

    >>> import tensorflow as tf
    >>> from overair.learning import Hardware
    >>> from overair.learning.federated.hardware.cpu import Cpu
    >>> from overair.phy import keys
    >>> work = Cpu().draw(keys.key(0), samples=tf.constant([0, 500]), place=keys.key(0, "place"))
    >>> isinstance(Cpu(), Hardware), work.seconds.shape, float(work.seconds[0])
    (True, TensorShape([2]), 0.0)
    """

    def draw(self, key: Key, samples: tf.Tensor, place: Key) -> Work:
        """What a round takes each device that processes so many samples [K], each as often as it is passed.

        Seconds and joules are float32 [K], in graph. ``key`` is that of the round, ``place`` that of what lasts: how
        fast each device is. Of a cohort it has the numbers of its devices (``Numbered``), of which what lasts is a
        function.
        """
        ...


def slower(place: Key, devices: int | tf.Tensor, largest: float) -> tf.Tensor:
    """How many times slower than the fastest each device is, for all rounds: uniform from 1 to the largest, [K]."""
    return keys.uniform(keys.fold(place, "slower"), [devices], 1.0, largest)


FAMILY = Hardware  # what each file of this folder is one of

__all__ = ["Hardware", "Work", "slower"]
