"""The server: from what an algorithm makes of a round's estimate to the next model, by any Keras optimizer."""

from typing import NamedTuple

import keras
import tensorflow as tf

from ...phy.documented import documented
from .algorithms import Algorithm
from .task import Task, Weights, flatten, unflatten

REMEMBERS = "momentum", "use_ema", "gradient_accumulation_steps"
BENDS = "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "loss_scale_factor"


def check(algorithm: Algorithm, optimizer: keras.optimizers.Optimizer) -> None:
    """Refuses what remembers or bends steps under an algorithm some of whose rounds, or all, have a step of zero."""
    if algorithm.turns > 1 or not algorithm.server_model:
        name = type(algorithm).__name__.lower()
        check_plain(optimizer, f"{name}, in rounds of which the server has nothing to step by")


def check_plain(optimizer: keras.optimizers.Optimizer, why: str) -> None:
    """Refuses all but plain SGD."""
    name = type(optimizer).__name__.lower()
    more = [option for option in (*REMEMBERS, *BENDS) if getattr(optimizer, option, None)]
    if name != "sgd" or more:
        received = " with ".join([name, *more[:1]])
        raise ValueError(f"optimizer: expected plain sgd with {why}, received {received}")


@documented
class Served(NamedTuple):
    """What the server has after a step.

    With plain SGD an estimate u [d] has moved the weights by -``rate`` u.

    >>> import tensorflow as tf
    >>> from overair.learning import Weights
    >>> from overair.learning.federated.server import Served
    >>> served = Served(Weights([tf.ones([2])], [tf.zeros([1])]), [], tf.constant(0.5))
    >>> served.rates().numpy().tolist()  # of two weights, and a statistic
    [0.5, 0.5, 1.0]
    """

    weights: Weights  # after the step
    optimizer: list[tf.Tensor]  # its variables after it
    rate: tf.Tensor  # the learning rate of the step

    def rates(self) -> tf.Tensor:
        """How much of an estimate plain SGD moves each parameter: weights by its rate, statistics by 1, [d]."""
        ones = [tf.ones_like(part) for part in self.weights.statistics]
        return flatten([*(tf.fill(part.shape, self.rate) for part in self.weights.trainable), *ones])


class Server:
    """A Keras optimizer as a pure function. It acts on variables: they are set before a step and read after it."""

    def __init__(self, task: Task, optimizer: keras.optimizers.Optimizer) -> None:
        self._variables, self.optimizer = task.model.trainable_variables, optimizer
        optimizer.build(self._variables)
        # Keras adds up gradients of replicas, of which there is one, by a custom gradient; TensorFlow keeps those for
        # good, and with them the graph of every round that was ever compiled.
        optimizer._all_reduce_sum_gradients = lambda gradients: gradients
        self.start = [tf.identity(v.value) for v in optimizer.variables]
        rate, variables = optimizer.learning_rate, optimizer.variables
        self.rate_at = next((at for at, each in enumerate(variables) if each is rate), None)  # None of a schedule

    def step(self, weights: Weights, optimizer: list[tf.Tensor], estimate: tf.Tensor) -> Served:
        """Weights move as the optimizer says, statistics by all of the estimate [d]."""
        parts = unflatten(estimate, [*weights.trainable, *weights.statistics])
        for variable, value in zip(self._variables, weights.trainable, strict=True):
            variable.assign(value)
        for variable, value in zip(self.optimizer.variables, optimizer, strict=True):
            variable.assign(value)
        rate = keras.ops.convert_to_tensor(self.optimizer.learning_rate)
        self.optimizer.apply(parts[: len(self._variables)], self._variables)
        changes = zip(weights.statistics, parts[len(self._variables) :], strict=True)
        after = Weights([tf.identity(v.value) for v in self._variables], [old - change for old, change in changes])
        return Served(after, [tf.identity(v.value) for v in self.optimizer.variables], rate)
