"""MOCHA: every device learns a model of its own, and how all are related, from which each gains (multi-task)."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple, Self

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ....ota import Terms, Uplink
from ....ota.terms import remembering
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights, moved
from . import Heard, Memory, Sample
from ._local import Parts, There, walk
from ._own_models import OwnModels

MOST = 2000  # devices; to decompose so many relations takes seconds


class Relations(NamedTuple):
    """What the server knows of devices together."""

    sigma: tf.Tensor  # float64 [K, K]
    rounds: tf.Tensor  # so far


class Pulled(NamedTuple):
    """What a device was sent."""

    model: tf.Tensor  # w_k, less the one that all began with, [d]
    pull: tf.Tensor  # c_k, [d]; none on statistics


@dataclass(frozen=True)
class Mocha(OwnModels):
    """Local steps with a pull by the models of related devices: a model of its own for each (MOCHA, multi-task).

    How all of them are related is learnt, too, from which each gains. With W [d, K] the models of K devices, less the
    one that all begin with, and Omega [K, K] their relations,

        min sum_k f_k(w_k) + lambda/2 tr(W Omega W'),    Sigma = Omega^-1 >= 0, tr Sigma = 1,

    f_k the mean loss of device k. Devices take local steps v <- v - eta (g + c_k) with c_k = lambda (W Omega)_k, and
    send how far they have come, U. Then the server takes the step that is implicit in Omega, and the best Sigma for its
    models:

        W <- W - U Sigma (Sigma + a I)^-1,  a = eta tau lambda
        Sigma <- (W'W + eps^2 I)^1/2 / tr (W'W + eps^2 I)^1/2

    for tau local steps. So relations however tight make no step too large, W rests only where g + c_k is zero on every
    device, whatever tau, and W'W may be singular. Each device is sent its w_k and c_k. Who is not heard is moved by
    what is learnt of the others. All that is decomposed is K x K.

    The server needs each update by itself, and each device its own answer: over a sum on the air there is neither. This
    is the primal form, for any Keras model: the paper's local solvers are dual, for linear ones. Sums of losses over
    samples in place of means would be another lambda for each.

    Smith, Chiang, Sanjabi, Talwalkar, "Federated multi-task learning", NeurIPS 2017.

    >>> import tensorflow as tf
    >>> from overair.learning import Mocha
    >>> from overair.learning.federated.algorithms.mocha import related
    >>> models = tf.constant([[3.0, 0.0], [3.0, 0.0], [0.0, 2.0]])  # of three devices; two are alike
    >>> related(models, Mocha(lam=0.01).eps).numpy().round(2).tolist()  # Sigma
    [[0.34, 0.34, 0.0], [0.34, 0.34, 0.0], [0.0, 0.0, 0.32]]
    """

    lam: Annotated[float, Ge(0), Le(1e6)] = 1e-3
    """Weight of the relations, lambda; 0 learns alone."""
    every: Annotated[int, Ge(0), Le(10**6)] = 1
    """Rounds from one step of the relations to the next; 0 leaves devices unrelated, Sigma = I/K."""
    eps: Annotated[float, Gt(0), Le(1e6)] = 1e-3
    """Smallest singular value of W that counts in Sigma; it keeps Omega finite."""
    vectors: ClassVar[int] = 2
    separate: ClassVar[bool] = True

    def over(self, uplink: Uplink) -> Self:
        name = type(uplink).__name__.lower()
        if hasattr(uplink, "groups") or not uplink.apart:
            raise ValueError(
                "uplink: expected one that decodes every device with mocha, whose server needs each model and no sum "
                f"of them, received {name}; take ideal or digital"
            )
        if found := remembering(uplink):
            raise ValueError(
                f"uplink.{found[0]}: expected one that does without the last sum with mocha, by which devices do not "
                f"hear it, received {found[1]}"
            )
        return self

    def check(self, task: Task, terms: Terms, labels: np.ndarray, shares: Sequence[np.ndarray]) -> None:
        if terms.aggregator is not None:
            raise ValueError(
                "aggregator: expected none with mocha, whose server keeps updates apart, received "
                f"{type(terms.aggregator).__name__}"
            )
        if len(shares) > MOST:
            raise ValueError(
                f"devices: expected at most {MOST} with mocha, all of whom it relates, received {len(shares)}"
            )

    def init(self, task: Task, devices: int) -> Memory:
        nothing = tf.zeros([devices, task.size])
        return Memory(Relations(tf.eye(devices, dtype=tf.float64) / devices, tf.zeros([])), Pulled(nothing, nothing))

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Relations, own: Pulled
    ) -> tuple[Weights, Pulled, tf.Tensor]:
        pull = [self.learning_rate * part for part in task.split(own.pull)[0]]

        def move(now: Parts, downhill: Parts, there: There) -> Parts:
            return [v + g - there * c for v, g, c in zip(now, downhill, pull, strict=True)]

        path = walk(self.downhill(task), move, moved(weights, own.model), sample, steps, key)
        return path.moved, own, path.loss

    def conclude(
        self, task: Task, memory: Memory, own: Pulled, estimate: tf.Tensor, heard: Heard
    ) -> tuple[Memory, tf.Tensor]:
        assert heard.apart is not None
        (sigma, rounds), before, moves = memory.common, memory.own.model, heard.apart.points  # [K, d]
        a = self.lam * self.learning_rate * tf.cast(tf.reduce_max(heard.steps), tf.float64)
        shared = tf.linalg.solve(sigma + a * unit(sigma), sigma)  # they commute
        weights = before[:, : task.trainable] - tf.matmul(tf.cast(shared, tf.float32), moves[:, : task.trainable])
        statistics = before[:, task.trainable :] - moves[:, task.trainable :]
        if self.every:
            due = tf.math.floormod(rounds + 1.0, float(self.every)) == 0
            sigma = tf.cond(due, lambda: related(weights, self.eps), lambda: sigma)
        after = Pulled(
            tf.concat([weights, statistics], 1),
            tf.concat([self.lam * pulls(sigma, weights), tf.zeros_like(statistics)], 1),
        )
        return Memory(Relations(sigma, rounds + 1.0), after), tf.zeros([task.size])


def related(models: tf.Tensor, eps: float) -> tf.Tensor:
    """Sigma of models [K, d], float64 [K, K]."""
    exact = tf.cast(models, tf.float64)
    squares, vectors = tf.linalg.eigh(tf.matmul(exact, exact, transpose_b=True))
    roots = tf.sqrt(tf.maximum(squares, 0.0) + eps**2)
    return tf.matmul(vectors * (roots / tf.reduce_sum(roots)), vectors, transpose_b=True)


def pulls(sigma: tf.Tensor, models: tf.Tensor) -> tf.Tensor:
    """Omega W of models [K, d], along the eigenvectors of Sigma, so that a tight relation spoils no other."""
    values, vectors = tf.linalg.eigh(sigma)
    along = tf.matmul(tf.cast(vectors, models.dtype), models, transpose_a=True)
    return tf.matmul(tf.cast(vectors / values, models.dtype), along)


def unit(like: tf.Tensor) -> tf.Tensor:
    """The unit matrix of a size [K, K]."""
    return tf.eye(like.shape[0], dtype=like.dtype)
