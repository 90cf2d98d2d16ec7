"""Rows: what each device keeps for itself, by its number; rows of those that are not heard stay as they are."""

from functools import partial

import tensorflow as tf

from ...ota.round import Kept, Nest


def of(devices: tf.Tensor, rows: Nest) -> Nest:
    """The rows of devices [C]."""
    return tf.nest.map_structure(partial(tf.gather, indices=devices), rows)


def put(devices: tf.Tensor, rows: Nest, values: Nest) -> Nest:
    """All rows, with those of devices [C] anew."""
    return tf.nest.map_structure(
        lambda all_rows, some: tf.tensor_scatter_nd_update(all_rows, devices[:, None], some), rows, values
    )


def kept(rows: Nest) -> Kept:
    """From losses and rows beside updates to the sum of the losses and all rows."""

    def more(so_far: Nest, devices: tf.Tensor, beside: Nest) -> Nest:
        return so_far[0] + tf.reduce_sum(beside[0]), put(devices, so_far[1], beside[1])

    return (0.0, rows), more


def unless_lost(before: Nest, after: Nest, sent: tf.Tensor, heard: tf.Tensor) -> Nest:
    """The rows after a round: those before it of devices that sent and were not heard, bool [K] each."""
    lost = tf.where(sent & ~heard)[:, 0]
    return put(lost, after, of(lost, before))
