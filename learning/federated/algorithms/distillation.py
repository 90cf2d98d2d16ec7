"""Federated distillation (FD): devices tell each other what they make of each label, and never send a model."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ....ota import Terms
from ....ota.layers import Layers
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..task import Task, Weights, flatten, moved
from . import Heard, Memory, Sample
from ._local import Parts, There, walk
from ._own_models import OwnModels


class Told(NamedTuple):
    """What the server broadcasts."""

    received: tf.Tensor  # the sum of what devices sent: outputs of each label and the weight that holds it, [C (C + 1)]
    least: tf.Tensor  # weight below which nobody holds a label


class Student(NamedTuple):
    """What a device keeps."""

    model: tf.Tensor  # less the one that all began with, [d]
    sent: tf.Tensor  # in the last round, [C (C + 1)]
    weight: tf.Tensor  # of it in the sum; 0 where it was not heard


@dataclass(frozen=True)
class Distillation(OwnModels):
    """Outputs by label in place of models: federated distillation (FD).

    Devices tell each other what they make of each label, and never send a model. Each has a model of its own. Over its
    local steps device k averages its outputs (the softmax of the logits) for samples of label l, F_k,l [C]. The server
    broadcasts the sums over devices by their weights w_k, and how much weight they hold, of which device k takes its
    own away:

        T_k,l = (sum_j w_j F_j,l - w_k F_k,l) / (sum_j w_j - w_k)        sums over the devices that have samples of l

    and steps along the gradient of CE(y) + gamma CE(T_k,y), which is p (1 + gamma) - (y + gamma T_k,y) at the logits.
    What is sent are C (C + 1) numbers, whatever the model: outputs by label, and 1 for a label with samples in this
    round. Where those left hold less than half of the smallest weight, nobody else has the label, and it has no target:
    what a division would bring is noise. Of a noisy target devices take the nearest distribution.

    A device steps on whether it was heard or not. Who sends alone learns alone. Accuracy is the mean over devices'
    models; the server has none, so its optimizer does nothing.

    Jeong, Oh, Kim, Park, Bennis, Kim, "Communication-efficient on-device machine learning: federated distillation and
    augmentation under non-IID private data", 2018 (no augmentation here); weights are theirs where shares of data are
    equal.

    >>> from overair.learning import Distillation, Task
    >>> from overair.learning.models.softmax import Softmax
    >>> task = Task(Softmax().build((784,), classes=10, seed=0))
    >>> task.size, Distillation(steps=5, gamma=1.0).sends(task)  # 110 numbers in place of 7,850
    (7850, ((10, 11),))
    """

    gamma: Annotated[float, Ge(0), Le(1e6)] = 1.0
    """Weight of what the others say; 0 learns alone."""
    vectors: ClassVar[int] = 1

    def check(self, task: Task, terms: Terms, labels: np.ndarray, shares: Sequence[np.ndarray]) -> None:
        if not (isinstance(task.loss, keras.losses.SparseCategoricalCrossentropy) and task.loss.from_logits):
            raise ValueError(
                "loss: expected the cross-entropy of logits with distillation, whose outputs are probabilities of "
                f"labels, received {type(task.loss).__name__}"
            )
        if terms.aggregator is not None and terms.aggregator.apart:
            raise ValueError(
                "aggregator: expected mean with distillation, by which devices take their own part out of a sum, "
                f"received {type(terms.aggregator).__name__}"
            )
        holders = np.zeros(task.outputs, int)
        for share in shares:
            holders[np.unique(labels[share])] += 1
        if len(shares) > 1 and holders.max() < 2:
            raise ValueError(
                "algorithm: expected labels that two devices hold, or more, with distillation, received none; take a "
                "partition whose devices share labels, or fedavg"
            )

    def sends(self, task: Task) -> Layers:
        return ((task.outputs, task.outputs + 1),)

    def init(self, task: Task, devices: int) -> Memory:
        size = task.outputs * (task.outputs + 1)
        own = Student(tf.zeros([devices, task.size]), tf.zeros([devices, size]), tf.zeros([devices]))
        return Memory(Told(tf.zeros([size]), tf.constant(np.inf, tf.float32)), own)

    def compute(
        self, task: Task, weights: Weights, sample: Sample, steps: int, key: Key, common: Told, own: Student
    ) -> tuple[Weights, Student, tf.Tensor]:
        start, rate = moved(weights, own.model), tf.constant(-self.learning_rate)
        wanted = self.gamma * distributions(targets(common.received - own.weight * own.sent, common.least))  # [C, C]

        def slope(now: Weights, x: tf.Tensor, y: tf.Tensor, mask: tf.Tensor, *at: tf.Tensor) -> tuple:
            model = Weights(now.trainable[:-1], now.statistics)
            loss, downhill, after, logits = task.gradient_to(model, x, y, tf.gather(wanted, y), mask, *at, rate)
            return loss, [*downhill, by_label(logits, y, mask)], after

        def move(now: Parts, step: Parts, there: There) -> Parts:
            return [v + g for v, g in zip(now, step, strict=True)]

        nothing = tf.zeros([task.outputs, task.outputs + 1])
        path = walk(slope, move, Weights([*start.trainable, nothing], start.statistics), sample, steps, key)
        *way, less = path.moved.trainable
        said = tf.math.divide_no_nan(less, less[:, -1:])  # F_k,l and 1; zeros without samples
        model = own.model - flatten([*way, *path.moved.statistics])
        return Weights([said], []), Student(model, flatten([said]), own.weight), path.loss

    def conclude(
        self, task: Task, memory: Memory, own: Student, estimate: tf.Tensor, heard: Heard
    ) -> tuple[Memory, tf.Tensor]:
        least = tf.reduce_min(tf.where(heard.weights > 0, heard.weights, np.inf)) / 2.0
        return Memory(Told(estimate, least), own._replace(weight=heard.weights)), tf.zeros([task.size])


def by_label(logits: tf.Tensor, y: tf.Tensor, mask: tf.Tensor) -> tf.Tensor:
    """Sums of outputs, and numbers of samples, by label, [C, C + 1]."""
    own = tf.one_hot(y, logits.shape[1]) * mask[:, None]  # [B, C]
    outputs = tf.concat([tf.nn.softmax(logits), tf.ones_like(logits[:, :1])], 1)  # [B, C + 1]
    return tf.matmul(own, outputs, transpose_a=True)


def targets(left: tf.Tensor, least: tf.Tensor) -> tf.Tensor:
    """Mean outputs by label [C, C] of sums [C (C + 1)]; zeros where less than the least weight holds a label."""
    classes = int(np.sqrt(left.shape[0]))
    sums, held = tf.split(tf.reshape(left, [classes, classes + 1]), [classes, 1], axis=1)
    return tf.math.divide_no_nan(sums, tf.where(held > least, held, 0.0))


def distributions(means: tf.Tensor) -> tf.Tensor:
    """The distribution nearest to each row [C, C]: max(row - t, 0), with t so that it sums to one; zeros stay."""
    ordered = tf.sort(means, axis=1, direction="DESCENDING")
    counts = tf.range(1.0, means.shape[1] + 1.0)
    shifts = (tf.cumsum(ordered, axis=1) - 1.0) / counts  # t, were so many entries above it
    above = tf.reduce_sum(tf.cast(ordered > shifts, tf.int32), axis=1)
    t = tf.gather(shifts, above - 1, batch_dims=1)[:, None]
    return tf.where(tf.reduce_any(means != 0, axis=1, keepdims=True), tf.maximum(means - t, 0.0), 0.0)
