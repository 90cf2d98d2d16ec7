"""Receivers: how the antennas are combined before the sum is read."""

from typing import Protocol, runtime_checkable

import tensorflow as tf

from ..link import Link


@runtime_checkable
class Receiver(Protocol):
    """From what the receiver believes of the link to weights over its antennas."""

    def combine(self, link: Link, devices: tf.Tensor) -> tf.Tensor:
        """Weights of unit norm toward the sum of some devices, [B, A, T, F] (T and F may be 1)."""
        ...


def behind(weights: tf.Tensor, field: tf.Tensor) -> tf.Tensor:
    """What the combiner makes of a field over antennas: v^H field; field is [B, A, T, F] or [B, A, K, T, F]."""
    if field.shape[1] == 1:
        return field[:, 0]
    weights = tf.math.conj(weights)
    return tf.reduce_sum((weights if field.shape.rank == 4 else weights[:, :, None]) * field, axis=1)


__all__ = ["Receiver", "behind"]
