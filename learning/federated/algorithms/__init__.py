"""Algorithms: what a device computes from its samples in a round, and what the server makes of the sum."""

from collections.abc import Sequence
from typing import ClassVar, Protocol, Self, runtime_checkable

import numpy as np
import tensorflow as tf

from ....ota import Terms, Uplink
from ....ota.layers import Layers
from ....ota.round import Nest
from ....phy.documented import documented
from ....phy.keys import Key
from .. import batches, rows
from ..batches import Batches
from ..task import Task, Weights
from ._given import Heard, Memory, Sample


@documented
@runtime_checkable
class Algorithm(Protocol):
    """What a device computes from its samples in a round, and what the server makes of the sum.

    What devices send points uphill like a gradient: the server's optimizer subtracts what ``serve`` makes of it. One of
    your own is a frozen dataclass. If it remembers nothing it inherits from ``Stateless`` and has ``moves``,
    ``batches`` and ``update``; otherwise from ``Usual``, with ``vectors``, ``init``, ``compute`` and ``serve``. All run
    in graph.

    >>> import tensorflow as tf
    >>> from overair.learning import Algorithm, Fedavg, Task
    >>> from overair.learning.federated.algorithms import Sample
    >>> from overair.learning.models.softmax import Softmax
    >>> from overair.phy import keys
    >>> task = Task(Softmax().build((2,), classes=3, seed=0))
    >>> sample = Sample(lambda step: (tf.ones([4, 2]), tf.zeros([4], tf.int32), tf.ones([4])), whole=True)
    >>> sent, own, loss = Fedavg().compute(task, task.weights(), sample, 2, keys.key(0), (), ())
    >>> isinstance(Fedavg(), Algorithm), [part.shape for part in sent.trainable], own, loss.shape
    (True, [TensorShape([2, 3]), TensorShape([3])], (), TensorShape([]))
    """

    moves: ClassVar[bool]  # whether devices compute on weights of their own, away from the server's
    vectors: ClassVar[int]  # of the size of the trainable weights that every device keeps
    drifts: ClassVar[bool]  # whether it differs from local SGD also where all devices are alike
    turns: ClassVar[int]  # rounds that a step of the server takes
    server_model: ClassVar[bool]  # whether the server steps a model that is tested; else each device has one of its own
    separate: ClassVar[bool]  # whether the server needs every device's update by itself
    personal: ClassVar[bool]  # whether devices use models of their own, not the server's

    @property
    def passes(self) -> tuple[float, ...]:
        """Gradients of each sample that a round counts, one number for each of the turns."""
        ...

    def over(self, uplink: Uplink) -> "Algorithm":
        """The same algorithm, with what depends on the uplink and was not given; ValueError where none serves."""
        ...

    def check(self, task: Task, terms: Terms, labels: np.ndarray, shares: Sequence[np.ndarray]) -> None:
        """Raise ValueError where the task, the terms or what devices hold, by the indices of samples, do not serve."""
        ...

    def sends(self, task: Task) -> Layers:
        """The shapes of what devices send; it is flattened, [s]."""
        ...

    def batches(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        """The samples all devices use in a round: ``positions`` int32 and ``mask`` float32 [K, S, B], for S steps.

        ``sizes`` int32 [K] are those of their shares, ``largest`` the longest, and a ``batch_size`` of None takes all
        of a share. Positions are within a device's share; ``mask`` is 0 on padding.
        """
        ...

    def init(self, task: Task, devices: int) -> Memory:
        """The memory before the first round: what the server keeps, and tensors [K, ...] with a row for each device."""
        ...

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Nest
    ) -> tuple[Weights, Nest, tf.Tensor]:
        """What one device sends, what it keeps if that arrives, and its mean training loss, float32 [].

        ``weights`` are those that the device begins with, ``sample`` has its samples by local step, of which there are
        ``steps``; the key is of the device and the round, ``common`` what the server tells all, ``own`` its own row of
        the memory. What is sent has the shapes of ``sends``; what is kept has the shapes of ``own``.
        """
        ...

    def conclude(
        self, task: Task, memory: Memory, own: Nest, estimate: tf.Tensor, heard: Heard
    ) -> tuple[Memory, tf.Tensor]:
        """The memory after a round that began with one, and what the server's optimizer subtracts, [d].

        ``own`` are the rows as all that sent would have them had they arrived, ``estimate`` [s] that of the sum.
        """
        ...

    def models(self, own: Nest) -> tf.Tensor:
        """Devices' own models less the server's, float32 [K, d]; asked where the server has none."""
        ...

    def practice(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        """The samples of their own that all devices learn from before they use a model, as ``batches`` of a round."""
        ...

    def own_model(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Nest
    ) -> Weights:
        """The model that one device uses, of the server's weights, its practice and what it keeps."""
        ...


class Usual:
    """What most have in common: nothing depends on the uplink, nothing is remembered, and one model serves all.

    A base for algorithms of your own: ``batches``, ``moves``, ``compute`` and ``serve`` are theirs.

    >>> from overair.learning import Fednova
    >>> from overair.learning.federated.algorithms import Usual
    >>> isinstance(Fednova(), Usual), Fednova().turns, Fednova().passes
    (True, 1, (1.0,))
    """

    vectors: ClassVar[int] = 0
    drifts: ClassVar[bool] = False
    turns: ClassVar[int] = 1
    server_model: ClassVar[bool] = True
    separate: ClassVar[bool] = False
    personal: ClassVar[bool] = False

    @property
    def passes(self) -> tuple[float, ...]:
        return (1.0,)

    def over(self, uplink: Uplink) -> Self:
        return self

    def check(self, task: Task, terms: Terms, labels: np.ndarray, shares: Sequence[np.ndarray]) -> None:
        pass

    def sends(self, task: Task) -> Layers:
        return task.layers

    def init(self, task: Task, devices: int) -> Memory:
        return Memory((), ())

    def conclude(
        self, task: Task, memory: Memory, own: Nest, estimate: tf.Tensor, heard: Heard
    ) -> tuple[Memory, tf.Tensor]:
        common, step = self.serve(task, memory.common, estimate, heard)
        return Memory(common, rows.unless_lost(memory.own, own, heard.sent, heard.weights > 0)), step

    def serve(self, task: Task, common: Nest, estimate: tf.Tensor, heard: Heard) -> tuple[Nest, tf.Tensor]:
        """What the server keeps, and what its optimizer subtracts, [d], of the sum that it estimates, float32 [d].

        The sum is by ``heard.weights``; of nobody heard it is 0.
        """
        raise NotImplementedError

    def models(self, own: Nest) -> tf.Tensor:
        raise NotImplementedError

    def practice(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        return batches.with_repetition(key, sizes, 0, 1)

    def own_model(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Nest
    ) -> Weights:
        return weights


class Stateless(Usual):
    """An algorithm that remembers nothing and whose sum is what the server's optimizer subtracts.

    A base for algorithms of your own: ``batches``, ``moves`` and ``update`` are all that is theirs.

    >>> from pydantic.dataclasses import dataclass
    >>> from overair.learning import Sgd
    >>> from overair.learning.federated.algorithms import Stateless
    >>> @dataclass(frozen=True)
    ... class Doubled(Sgd):
    ...     def update(self, task, weights, sample, steps, key):
    ...         sent, loss = super().update(task, weights, sample, steps, key)
    ...         return sent._replace(trainable=[2.0 * part for part in sent.trainable]), loss
    >>> isinstance(Doubled(), Stateless)
    True
    """

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Nest, own: Nest
    ) -> tuple[Weights, Nest, tf.Tensor]:
        update, loss = self.update(task, weights, sample, steps, key)
        return update, own, loss

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        """One device's update, in the shapes of the weights, and its mean training loss, float32 []; in graph.

        ``weights`` are those it begins with, ``sample`` has its samples by local step, of which there are ``steps``,
        and the key, int64 [2], is of the device and the round. The update points uphill, as a gradient does.
        """
        raise NotImplementedError

    def serve(self, task: Task, common: Nest, estimate: tf.Tensor, heard: Heard) -> tuple[Nest, tf.Tensor]:
        return common, estimate


FAMILY = Algorithm  # what each file of this folder is one of

__all__ = ["Algorithm", "Heard", "Memory", "Sample", "Stateless", "Usual"]
