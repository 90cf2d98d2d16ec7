"""FedDyn: every device's objective gains a linear and a quadratic term, by which all minimise the same."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights, flatten
from . import Heard, Sample
from ._leaking import Leaking
from ._local import Parts, There, walk


@dataclass(frozen=True)
class Feddyn(Leaking):
    """Local steps with dynamic regularization (FedDyn), by which all devices minimise the same.

    Every device's objective gains a linear and a quadratic term. With x the server's weights and y_k those after local
    steps v <- v - eta (g - l_k + alpha (v - x)), devices send x - y_k, and

        l_k <- l_k + alpha (x - y_k)        h <- h + alpha P s/W        x <- x - s/W - h/alpha

    with s the sum by weights w_k of those that are heard, W their sum, and P the share of the data that they have. So h
    is the mean of all l_k by n_k/n where weights are in proportion to n_k. A round in which nobody is heard moves
    nothing, as x is the mean of y_k less h/alpha and not a sum that goes on. Where local problems are solved l_k is the
    gradient at y_k; at rest all y_k are x, and h is 0.

    Over a noisy sum h less that mean walks at random, and x with it: by s2 alpha^2/a^2 a round with noise of variance
    s2 in the sum, on a curvature a. A ``leak`` b has devices send x - y_k + b/alpha l_k, from which the server takes
    b/alpha W h: so h forgets b of its error a round. At b = 1 that is the level l_k itself, as it will be. Where some
    are silent such an h leans to those that are heard.

    Acar, Zhao, Matas Navarro, Mattina, Whatmough, Saligrama, "Federated learning based on dynamic regularization", ICLR
    2021.

    >>> from overair.learning import Feddyn
    >>> from overair.ota import Analog, Ideal
    >>> Feddyn(alpha=0.1, steps=5).over(Ideal()).leak, Feddyn(alpha=0.1, steps=5).over(Analog()).leak
    (0.0, 1.0)
    """

    alpha: Annotated[float, Gt(0), Le(1e6)] = 0.1
    """Weight of the quadratic term; alpha/2 |v - x|^2 is added to what a device minimises."""
    drifts: ClassVar[bool] = True

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Parts, own: Parts
    ) -> tuple[Weights, Parts, tf.Tensor]:
        rate, alpha = self.learning_rate, self.alpha
        push = [rate * alpha * x + rate * mine for x, mine in zip(weights.trainable, own, strict=True)]

        def move(now: Parts, downhill: Parts, there: There) -> Parts:
            keep = 1.0 - rate * alpha * there
            parts = zip(now, downhill, push, strict=True)
            return [keep * v + g + (p if isinstance(there, float) else there * p) for v, g, p in parts]

        path = walk(self.downhill(task), move, weights, sample, steps, key)
        moved, statistics = path.moved
        after = [mine + alpha * way for mine, way in zip(own, moved, strict=True)]
        if self.leak:
            moved = [way + self.leak / alpha * mine for way, mine in zip(moved, own, strict=True)]
        return Weights(moved, statistics), after, path.loss

    def serve(self, task: Task, common: Parts, estimate: tf.Tensor, heard: Heard) -> tuple[Parts, tf.Tensor]:
        received, statistics = task.split(estimate)
        if self.leak:
            told = self.leak / self.alpha * heard.total
            received = [way - told * h for way, h in zip(received, common, strict=True)]
        mean = [tf.math.divide_no_nan(way, heard.total) for way in received]
        after = [h + self.alpha * heard.share * way for h, way in zip(common, mean, strict=True)]
        there = tf.cast(heard.total > 0, tf.float32)
        step = [way + there * h / self.alpha for way, h in zip(mean, after, strict=True)]
        return after, flatten([*step, statistics])
