"""pFedMe: the server's weights minimise the mean of Moreau envelopes, min_t f_k(t) + lambda/2 |t - w|^2, of devices."""

from functools import partial
from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights
from . import Sample
from ._keeping import Keeping, Own, begun, kept
from ._local import Parts, There, walk


@dataclass(frozen=True)
class Pfedme(Keeping):
    """Steps of a device's own model, which draws its copy of the server's after it (pFedMe).

    The server's weights minimise the mean of Moreau envelopes, min_t f_k(t) + lambda/2 |t - w|^2, of devices. In each
    of R local steps a device brings its own model nearer to the minimum, by ``inner`` steps on one batch,

        t_k <- t_k - r (grad f_k(t_k) + lambda (t_k - w_k))        and then        w_k <- w_k - eta lambda (w_k - t_k)

    from w_k = x on, the server's weights, r being ``learning_rate``, and sends x - w_k. It begins where its own model
    was left: so at rest t_k is the minimum, however few steps there are. On quadratics of curvatures a_k x rests where
    these weigh a_k lambda/(a_k + lambda). The paper's beta is the server's rate.

    T. Dinh, Tran, Nguyen, "Personalized federated learning with Moreau envelopes", NeurIPS 2020.

    >>> from overair.learning import Pfedme
    >>> Pfedme(steps=5, lam=2.0, eta=0.5, inner=5).passes  # gradients of each sample
    (5.0,)
    """

    lam: Annotated[float, Gt(0), Le(1e6)] = 1.0
    """Weight of the proximal term; lambda/2 |t - w|^2."""
    eta: Annotated[float, Gt(0), Le(1e6)] = 0.5
    """Rate at which the copy of the server's model follows; times lambda at most 1."""
    inner: Annotated[int, Gt(0), Le(1000)] = 5
    """Steps of a device's own model on each batch."""
    drifts: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.eta * self.lam > 1:
            raise ValueError(
                f"eta: expected at most 1/lam = {1 / self.lam:g}, by which the copy is the device's own model, "
                f"received {self.eta:g}; set eta = {1 / self.lam:g} or a smaller lam"
            )

    @property
    def passes(self) -> tuple[float, ...]:
        return (float(self.inner),)

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: tuple[()], own: Own
    ) -> tuple[Weights, Own, tf.Tensor]:
        """Both models walk beside each other, of a step first t_k and then w_k."""
        mine, count = begun(weights, own), len(weights.trainable)
        start = Weights([*mine.trainable, *weights.trainable], mine.statistics)
        path = walk(partial(self._slope, task, sample.whole), _masked, start, sample, steps, key)
        end = path.end(start)
        statistics = [old - new for old, new in zip(weights.statistics, end.statistics, strict=True)]
        return (
            Weights(path.moved.trainable[count:], statistics),
            kept(end._replace(trainable=end.trainable[:count])),
            path.loss,
        )

    def _slope(
        self,
        task: Task,
        whole: bool,
        now: Weights,
        x: tf.Tensor,
        y: tf.Tensor,
        mask: tf.Tensor,
        key: Key,
        step: tf.Tensor,
    ) -> tuple[tf.Tensor, Parts, Parts]:
        """The mean loss of the own model, how far both go back, and the statistics after it."""
        count = len(now.trainable) // 2
        copy = now.trainable[count:]

        def move(model: Parts, downhill: Parts, there: There) -> Parts:
            pull = self.learning_rate * self.lam * there
            return [(1.0 - pull) * t + g + pull * w for t, g, w in zip(model, downhill, copy, strict=True)]

        mine, batch = Weights(now.trainable[:count], now.statistics), Sample(lambda _: (x, y, mask), whole)
        path = walk(self.downhill(task), move, mine, batch, self.inner, keys.fold(key, "own", step))
        nearer = path.end(mine)
        follows = [self.eta * self.lam * (w - t) for w, t in zip(copy, nearer.trainable, strict=True)]
        return path.loss, [*path.moved.trainable, *follows], nearer.statistics


def _masked(now: Parts, way: Parts, there: There) -> Parts:
    """A step back along a way, of which there is none where there are no samples."""
    return [each - there * part for each, part in zip(now, way, strict=True)]
