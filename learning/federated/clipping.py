"""Clips: vectors that are cut to a norm, so that no sample or no device says more than that."""

import keras
import tensorflow as tf

from ...ota.round import Nest, Updates
from ...phy.keys import Key
from .protections import Protection
from .task import Task, Weights


def cut(vectors: tf.Tensor, clip: float) -> tf.Tensor:
    """Vectors [C, d], none longer than the clip."""
    norms = tf.norm(vectors, axis=1, keepdims=True)
    return vectors * tf.minimum(1.0, clip / tf.maximum(norms, 1e-30))


def cut_updates(updates_of: Updates, clip: float) -> Updates:
    """Updates that are cut, with all that is beside them."""

    def some(devices: tf.Tensor) -> tuple[tf.Tensor, Nest]:
        updates, beside = updates_of(devices)
        return cut(updates, clip), beside

    return some


class ClippedTask(Task):
    """A task whose gradient is the mean of gradients of single samples, each of them cut."""

    def __init__(self, model: keras.Model, loss: keras.losses.Loss | None, clip: float) -> None:
        super().__init__(model, loss)
        self.clip = clip
        if self.keeps_statistics:
            raise ValueError(
                "model: expected none that learns from whole batches under a clip of samples, received one"
            )

    def gradient(
        self, weights: Weights, x: tf.Tensor, y: tf.Tensor, mask: tf.Tensor, key: Key, step: tf.Tensor
    ) -> tuple[tf.Tensor, list[tf.Tensor], list[tf.Tensor]]:
        """Mean loss over the samples in the mask [B], and the mean of their gradients."""
        whole = super().gradient

        def one(sample: tuple[tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
            inputs, label = sample
            loss, gradient, _ = whole(weights, inputs[None], label[None], tf.ones([1]), key, step)
            norm = tf.sqrt(tf.add_n([tf.reduce_sum(part**2) for part in gradient]))
            return loss, [part * tf.minimum(1.0, self.clip / tf.maximum(norm, 1e-30)) for part in gradient]

        losses, gradients = tf.vectorized_map(one, (x, y))  # [B], [B, ...]
        share = tf.math.divide_no_nan(mask, tf.reduce_sum(mask))  # [B]
        mean = [tf.tensordot(share, part, 1) for part in gradients]
        return tf.reduce_sum(share * losses), mean, []


def task_of(model: keras.Model, loss: keras.losses.Loss | None, protection: Protection | None) -> Task:
    """The task of a model, whose samples a protection may cut."""
    if protection is not None and protection.per_sample:
        return ClippedTask(model, loss, protection.clip)
    return Task(model, loss)
