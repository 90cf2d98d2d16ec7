"""Per-FedAvg: a start from which one step leads each device far."""

from functools import partial
from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..batches import Batches
from ..task import Task, Weights
from . import Sample
from ._adapting import Adapting
from ._local import Parts, plain, walk

WORDS = "adapting", "outer", "hessian"  # of the batches of a step


@dataclass(frozen=True)
class PerFedavg(Adapting):
    """Local steps that look one step ahead (Per-FedAvg), to a start from which one step leads each device far.

    It is the minimum of sum_k w_k f_k(v - alpha grad f_k(v)). Local steps v <- v - eta m along

        u = grad f_k(v - alpha grad f_k(v; D); D')        m = u - alpha H_k(v; D'') u

    with three batches of a step that are drawn apart, as one for all would make m the gradient of something else. To
    ``first`` order m is u, which takes two gradients of a step and two batches. Else the product with the Hessian is

        H u = |u| (grad f_k(v + delta u/|u|; D'') - grad f_k(v - delta u/|u|; D'')) / (2 delta)

    which is exact on quadratics, and takes four gradients and three batches.

    Fallah, Mokhtari, Ozdaglar, "Personalized federated learning with theoretical guarantees: a model-agnostic
    meta-learning approach", NeurIPS 2020, whose delta stands for that over |u|.

    >>> import tensorflow as tf
    >>> from overair.learning import PerFedavg
    >>> from overair.phy import keys
    >>> drawn = PerFedavg(steps=5, order="first").batches(keys.key(0), tf.constant([4, 8]), largest=8, batch_size=2)
    >>> drawn.positions.shape  # of the samples of two batches beside each other, by devices, steps and batch
    TensorShape([2, 5, 4])
    """

    adapt: Annotated[int, Ge(0), Le(10**6)] = 1
    alpha: Annotated[float, Gt(0), Le(1e6)] = 0.1
    """Rate of the step ahead, and of those by which a device makes its model."""
    order: Literal["first", "hessian_free"] = "hessian_free"
    """Whether the Hessian is left out, or taken by a difference of gradients."""
    delta: Annotated[float, Gt(0), Le(1e3)] = 0.01
    """Distance from the weights at which the gradients of that difference are taken."""
    drifts: ClassVar[bool] = True

    @property
    def adapt_rate(self) -> float:
        return self.alpha

    @property
    def passes(self) -> tuple[float, ...]:
        return (1.0 if self.order == "first" else 4.0 / 3.0,)

    @property
    def _drawn(self) -> tuple[str, ...]:
        return WORDS[: 2 if self.order == "first" else 3]

    def batches(self, key: Key, sizes: tf.Tensor, largest: int, batch_size: int | None) -> Batches:
        """Of a step the batches stand beside each other, drawn alike: where one has samples all have."""
        draw = partial(super().batches, sizes=sizes, largest=largest, batch_size=batch_size)
        drawn = [draw(keys.fold(key, word)) for word in self._drawn]
        positions, mask = (tf.concat(each, 2) for each in zip(*((d.positions, d.mask) for d in drawn), strict=True))
        return Batches(positions, mask, drawn[0].whole)

    def update(self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key) -> tuple[Weights, tf.Tensor]:
        path = walk(partial(self._slope, task), plain(self.learning_rate), weights, sample, steps, key)
        return path.moved, path.loss

    def _slope(
        self, task: Task, now: Weights, x: tf.Tensor, y: tf.Tensor, mask: tf.Tensor, key: Key, step: tf.Tensor
    ) -> tuple[tf.Tensor, Parts, Parts]:
        """The loss where a device stands, m, and the statistics there."""
        count = len(self._drawn)
        batches = list(zip(*(tf.split(each, count) for each in (x, y, mask)), strict=True))
        words = [keys.fold(key, word) for word in self._drawn] if task.random else [key] * count

        def gradient(which: int, at: Parts) -> tuple[tf.Tensor, Parts, Parts]:
            found: tuple[tf.Tensor, Parts, Parts] = task.gradient(
                Weights(at, now.statistics), *batches[which], words[which], step
            )
            return found

        loss, here, statistics = gradient(0, now.trainable)
        outer = gradient(1, _along(now.trainable, here, -self.alpha))[1]
        if self.order == "first":
            return loss, outer, statistics
        length = tf.sqrt(tf.add_n([tf.reduce_sum(part**2) for part in outer]))
        reach = tf.math.divide_no_nan(self.delta, length)
        ahead, behind = (gradient(2, _along(now.trainable, outer, sign * reach))[1] for sign in (1.0, -1.0))
        share = self.alpha * length / (2.0 * self.delta)
        meta = [u - share * (plus - minus) for u, plus, minus in zip(outer, ahead, behind, strict=True)]
        return loss, meta, statistics


def _along(start: Parts, way: Parts, far: tf.Tensor | float) -> Parts:
    return [w + far * part for w, part in zip(start, way, strict=True)]
