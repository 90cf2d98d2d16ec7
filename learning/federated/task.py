"""A Keras model as pure functions: loss, gradient and evaluation of given weights."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from ...ota.layers import Layers, size_of
from ...phy import keys
from ...phy.inputs import kind
from ...phy.keys import Key
from .losses import check_loss
from .weights import Weights

EVALUATION_BATCH = 1000
Losses = Callable[[tf.Tensor], tf.Tensor]  # from logits [B, C] to the losses of samples, [B]


class Task:
    """A Keras model as pure functions: loss, gradient and evaluation of given weights.

    An update is a vector [d], d = ``size``: one number for each trainable weight, and after them one for each moving
    statistic (of BatchNormalization, say), because statistics must travel too: what is not sent, the server cannot
    know. Seeds of random layers come from our keys.

    Args:
        model: Sequential or functional, built on an input shape, from samples [B, ...] to logits [B, C].
        loss: of each sample, so its reduction is "none"; unless given, sparse cross-entropy of logits and labels [B].

    >>> import tensorflow as tf
    >>> from overair.learning import Task
    >>> from overair.learning.models.softmax import Softmax
    >>> from overair.phy import keys
    >>> task = Task(Softmax().build((2,), classes=3, seed=0))
    >>> x, y, mask = tf.ones([4, 2]), tf.zeros([4], tf.int32), tf.constant([1.0, 1.0, 1.0, 0.0])
    >>> loss, gradient, statistics = task.gradient(task.weights(), x, y, mask, keys.key(0), tf.constant(0))
    >>> task.size, loss.shape, [part.shape for part in gradient], statistics
    (9, TensorShape([]), [TensorShape([2, 3]), TensorShape([3])], [])
    """

    def __init__(self, model: keras.Model, loss: keras.losses.Loss | None = None) -> None:
        if not isinstance(model, keras.Model):
            raise ValueError(f"model: expected a Keras model, received {kind(model)}")
        self.model = model
        self.loss = loss or keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="none")
        if not getattr(model, "outputs", None):
            raise ValueError("model: expected a Sequential or functional Keras model, received one without outputs")
        if not model.trainable_variables:
            raise ValueError(
                "model: expected trainable weights, received none; build the model on an input shape first"
            )
        if loss is not None:
            check_loss(loss, self.outputs)
        self._seeds = ["seed" in v.path.split("/")[-1] for v in model.non_trainable_variables]

    @property
    def size(self) -> int:
        """How many numbers an update has."""
        return size_of(self.layers)

    @property
    def trainable(self) -> int:
        """How many of them are trainable weights, which come first."""
        return size_of(tuple(tuple(w.shape) for w in self.model.trainable_variables))

    def zeros(self, *rows: int) -> list[tf.Tensor]:
        """Zeros in the shapes of the trainable weights, or rows of such: ``zeros(K)`` has tensors [K, ...]."""
        return [tf.zeros([*rows, *w.shape]) for w in self.model.trainable_variables]

    def split(self, update: tf.Tensor) -> tuple[list[tf.Tensor], tf.Tensor]:
        """Of an update [d] what is of trainable weights, in their shapes, and what of statistics."""
        return unflatten(update[: self.trainable], self.model.trainable_variables), update[self.trainable :]

    @property
    def layers(self) -> Layers:
        """The shapes of what an update holds."""
        return tuple(tuple(w.shape) for w in [*self.model.trainable_variables, *self._statistics])

    @property
    def outputs(self) -> int:
        """How many classes the model can tell."""
        return int(self.model.outputs[0].shape[-1])

    @property
    def keeps_statistics(self) -> bool:
        """Whether layers learn from whole batches (BatchNormalization, say)."""
        return bool(self._statistics)

    @property
    def convolutional(self) -> bool:
        """Whether any layer convolves: then one device at a time is faster than all at once."""
        return any("Conv" in type(layer).__name__ for layer in self.model._flatten_layers())

    @property
    def random(self) -> bool:
        """Whether layers draw random numbers in training (Dropout, say)."""
        return any(self._seeds)

    @property
    def _statistics(self) -> list[keras.Variable]:
        return [v for v, seed in zip(self.model.non_trainable_variables, self._seeds, strict=True) if not seed]

    def weights(self, model: keras.Model | None = None) -> Weights:
        """The present weights of this model, or of another one of the same architecture."""
        source = self.model if model is None else model
        statistics = [v for v, seed in zip(source.non_trainable_variables, self._seeds, strict=True) if not seed]
        return Weights(
            [tf.identity(v.value) for v in source.trainable_variables], [tf.identity(v.value) for v in statistics]
        )

    def fill(self, model: keras.Model, weights: Weights) -> None:
        """Give another model of the same architecture these weights; a moving variance is at least 0."""
        statistics = [v for v, seed in zip(model.non_trainable_variables, self._seeds, strict=True) if not seed]
        for variable, value in zip([*model.trainable_variables, *statistics], sum(weights, []), strict=True):
            variable.assign(_bounded(variable, value))

    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def gradient(
        self,
        weights: Weights,
        x: tf.Tensor,
        y: tf.Tensor,
        mask: tf.Tensor,
        key: Key,
        step: tf.Tensor,
        times: tf.Tensor | None = None,
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        """Mean loss [] over the samples in the mask, its gradient (times a number), and the statistics after it.

        Of x float32 [B, ...], y int32 [B] and mask float32 [B], 0 for padding; the gradient is as the trainable weights
        are. Draws of random layers depend on the key and the step.
        """
        return self._slope(weights, x, mask, key, step, times, lambda logits: self.loss(y, logits))[:3]

    @tf.function(autograph=False, experimental_attributes={"_noinline": True})
    def gradient_to(
        self,
        weights: Weights,
        x: tf.Tensor,
        y: tf.Tensor,
        soft: tf.Tensor,
        mask: tf.Tensor,
        key: Key,
        step: tf.Tensor,
        times: tf.Tensor,
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor], tf.Tensor]:
        """The same with the cross-entropy to soft targets [B, C], of any sum, in each loss; and the logits [B, C]."""

        def losses(logits: tf.Tensor) -> tf.Tensor:
            return self.loss(y, logits) - tf.reduce_sum(soft * tf.nn.log_softmax(logits), axis=1)

        return self._slope(weights, x, mask, key, step, times, losses)

    def _slope(
        self,
        weights: Weights,
        x: tf.Tensor,
        mask: tf.Tensor,
        key: Key,
        step: tf.Tensor,
        times: tf.Tensor | None,
        losses_of: Losses,
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor], tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(weights.trainable)
            state = self._non_trainable(weights.statistics, key, step)
            logits, after, penalties = self.model.stateless_call(
                weights.trainable, state, x, training=True, return_losses=True
            )
            losses = losses_of(logits) * mask  # [B]
            loss = tf.math.divide_no_nan(tf.reduce_sum(losses), tf.reduce_sum(mask))
            if penalties:  # regularizers; none for a batch of padding alone
                loss += tf.add_n(penalties) * tf.cast(tf.reduce_any(mask > 0), loss.dtype)
        zero = tf.UnconnectedGradients.ZERO
        gradient = tape.gradient(loss, weights.trainable, output_gradients=times, unconnected_gradients=zero)
        return loss, gradient, [v for v, seed in zip(after, self._seeds, strict=True) if not seed], logits

    @tf.function(autograph=False)
    def evaluate(self, weights: Weights, x: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and mean loss, float32 [] both, over samples x [N, ...] and labels y [N], in batches."""
        count = tf.shape(x)[0]

        def batch(total: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
            part = slice(first, first + EVALUATION_BATCH)
            logits = self._logits(weights, x[part], first)
            right = tf.argmax(logits, axis=-1, output_type=y.dtype) == y[part]
            return total + tf.stack(
                [tf.reduce_sum(tf.cast(right, tf.float32)), tf.reduce_sum(self.loss(y[part], logits))]
            )

        total = tf.foldl(batch, tf.range(0, count, EVALUATION_BATCH), tf.zeros([2]), parallel_iterations=1)
        total = total / tf.cast(count, tf.float32)
        return total[0], total[1]

    @tf.function(autograph=False)
    def weighted_accuracy(self, weights: Weights, x: tf.Tensor, y: tf.Tensor, worth: tf.Tensor) -> tf.Tensor:
        """The share of the worth [N] of all samples that those told right have, in batches."""

        def batch(total: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
            part = slice(first, first + EVALUATION_BATCH)
            right = tf.argmax(self._logits(weights, x[part], first), axis=-1, output_type=y.dtype) == y[part]
            return total + tf.stack([tf.reduce_sum(tf.where(right, worth[part], 0.0)), tf.reduce_sum(worth[part])])

        starts = tf.range(0, tf.shape(x)[0], EVALUATION_BATCH)
        total = tf.foldl(batch, starts, tf.zeros([2]), parallel_iterations=1)
        return total[0] / total[1]

    def _logits(self, weights: Weights, x: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        """Of test samples, the first of them of this number."""
        state = self._non_trainable(weights.statistics, tf.zeros([2], tf.int64), first)
        logits, _ = self.model.stateless_call(weights.trainable, state, x, training=False)
        return logits

    def _non_trainable(self, statistics: list[tf.Tensor], key: Key, step: tf.Tensor) -> list[tf.Tensor]:
        """Statistics and, from the key, random seeds, in the model's order."""
        given, state = iter(statistics), []
        for position, (variable, seed) in enumerate(zip(self.model.non_trainable_variables, self._seeds, strict=True)):
            if seed:
                drawn = tf.cast(keys.fold(key, step, position)[:1] % 2**31, variable.dtype)
                state.append(tf.concat([drawn, tf.zeros([1], variable.dtype)], 0))
            else:
                state.append(_bounded(variable, next(given)))
        return state


def _bounded(variable: keras.Variable, value: tf.Tensor) -> tf.Tensor:
    """A value for a variable: noise on the air may bring a moving variance below zero."""
    return tf.maximum(value, 0.0) if variable.path.endswith("variance") else value


def flatten(parts: list[tf.Tensor]) -> tf.Tensor:
    """Tensors of any shapes as one vector [d]."""
    return tf.concat([tf.reshape(part, [-1]) for part in parts], 0)


def unflatten(vector: tf.Tensor, like: list[tf.Tensor]) -> list[tf.Tensor]:
    """A vector [d] as tensors of given shapes."""
    parts = tf.split(vector, [int(np.prod(part.shape)) for part in like])
    return [tf.reshape(part, model.shape) for part, model in zip(parts, like, strict=True)]


def moved(weights: Weights, by: tf.Tensor) -> Weights:
    """Weights and statistics moved by a vector [d]."""
    now = [*weights.trainable, *weights.statistics]
    parts = [old + change for old, change in zip(now, unflatten(by, now), strict=True)]
    return Weights(parts[: len(weights.trainable)], parts[len(weights.trainable) :])
