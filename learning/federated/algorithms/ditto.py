"""Ditto: FedAvg, and beside it every device takes local steps of a model of its own that is drawn to the server's."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights
from . import Sample
from ._keeping import Keeping, Own, begun, kept
from ._local import Parts, There, plain, walk


@dataclass(frozen=True)
class Ditto(Keeping):
    """Local steps of plain SGD, twice: those of FedAvg, and those of a model of its own that is drawn to the server's.

    With x the server's weights at the beginning of a round, v_k <- v_k - eta (grad f_k(v_k) + lambda (v_k - x)) on the
    batches of the local steps, and what is sent is FedAvg's. At rest grad f_k(v_k) + lambda (v_k - x) = 0, wherever
    FedAvg rests: with lambda = 0 devices learn alone, and as lambda grows all use the server's model.

    Li, Hu, Beirami, Smith, "Ditto: fair and robust federated learning through personalization", ICML 2021.

    >>> from overair.learning import Ditto
    >>> Ditto(steps=5, lam=0.5).passes  # gradients of each sample
    (2.0,)
    """

    lam: Annotated[float, Ge(0), Le(1e6)] = 0.1
    """Weight of the proximal term of a device's own model; lambda/2 |v - x|^2."""

    @property
    def passes(self) -> tuple[float, ...]:
        return (2.0,)

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: tuple[()], own: Own
    ) -> tuple[Weights, Own, tf.Tensor]:
        def move(now: Parts, downhill: Parts, there: There) -> Parts:
            pull = self.learning_rate * self.lam * there
            parts = zip(now, downhill, weights.trainable, strict=True)
            return [(1.0 - pull) * v + g + pull * x for v, g, x in parts]

        path = walk(task.gradient, plain(self.learning_rate), weights, sample, steps, key)
        mine = begun(weights, own)
        return path.moved, kept(walk(self.downhill(task), move, mine, sample, steps, key).end(mine)), path.loss
