"""SCAFFOLD: local steps corrected by c - c_k, where c_k is a device's mean step of the last time and c that of all."""

import tensorflow as tf

from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights, flatten
from . import Heard, Sample
from ._leaking import Leaking
from ._local import Parts, There, walk


@dataclass(frozen=True)
class Scaffold(Leaking):
    """Local steps with control variates (SCAFFOLD): corrected by c - c_k.

    Here c_k is a device's mean step of the last time, and c that of all. With x the server's weights, y_k those after
    tau_k steps v <- v - eta g - (c - c_k), and s_k = (x - y_k)/tau_k, which is what a device sends,

        c_k <- c_k - c + s_k        c <- c + P (s/W - c)        x <- x - tau s

    (option II of the paper, whose c are these over eta): s is the sum by weights w_k of those that are heard, W their
    sum, tau their mean number of steps, and P the share of the data that they have. So c is the mean of all c_k by
    n_k/n where weights are in proportion to n_k, and needs nothing beside the update. Every device keeps a vector of
    the model's size.

    Over a noisy sum c less that mean walks at random, as server and devices integrate apart: with noise of variance s2
    in the mean of x - y, on a curvature a, the variance of x grows by s2/(a tau eta)^2 a round. A ``leak`` b has
    devices send s_k + b (c_k - c), so that c forgets b of its error a round. At b = 1 that is the level c_k itself, as
    it will be, and the error is that of one round. Where some are silent such a c leans to those that are heard, and x
    with it.

    Karimireddy, Kale, Mohri, Reddi, Stich, Suresh, "SCAFFOLD: stochastic controlled averaging for federated learning",
    ICML 2020.

    >>> from overair.learning import Scaffold, Task
    >>> from overair.learning.models.softmax import Softmax
    >>> from overair.ota import Ideal
    >>> Scaffold(steps=5).over(Ideal()).leak  # none over an uplink without noise
    0.0
    >>> memory = Scaffold(steps=5).init(Task(Softmax().build((2,), classes=3, seed=0)), devices=4)
    >>> [part.shape for part in memory.common], [part.shape for part in memory.own]
    ([TensorShape([2, 3]), TensorShape([3])], [TensorShape([4, 2, 3]), TensorShape([4, 3])])
    """

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Parts, own: Parts
    ) -> tuple[Weights, Parts, tf.Tensor]:
        push = [mine - c for mine, c in zip(own, common, strict=True)]

        def move(now: Parts, downhill: Parts, there: There) -> Parts:
            parts = zip(now, downhill, push, strict=True)
            return [v + g + (p if isinstance(there, float) else there * p) for v, g, p in parts]

        path = walk(self.downhill(task), move, weights, sample, steps, key)
        sent = step = path.mean_step
        if self.leak:
            sent = [way + self.leak * p for way, p in zip(step, push, strict=True)]
        after = [way + p for way, p in zip(step, push, strict=True)]
        return Weights(sent, path.moved.statistics), after, path.loss

    def serve(self, task: Task, common: Parts, estimate: tf.Tensor, heard: Heard) -> tuple[Parts, tf.Tensor]:
        step, statistics = task.split(estimate)
        level = tf.math.divide_no_nan(heard.share, heard.total)
        after = [(1.0 - heard.share) * c + level * way for c, way in zip(common, step, strict=True)]
        return after, flatten([*(heard.mean_steps * way for way in step), statistics])
