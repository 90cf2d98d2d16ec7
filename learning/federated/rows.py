"""Rows: what each device keeps for itself, by its number; rows of those that are not heard stay as they are.

Devices whose number is known to be that of all rows are all of them, in their order: then nothing is copied.
"""

import tensorflow as tf

from ...ota.round import Kept, Nest
from .schedulers import Plan


def senders(plan: Plan, always_all: bool) -> tf.Tensor:
    """Those who send, [C], in their order; their number is known beforehand where all always do."""
    return tf.range(plan.weights.shape[0], dtype=tf.int64) if always_all else tf.where(plan.weights > 0)[:, 0]


def of(devices: tf.Tensor, rows: Nest) -> Nest:
    """The rows of devices [C], or of one."""
    return tf.nest.map_structure(
        lambda all_rows: all_rows if _all(devices, all_rows) else tf.gather(all_rows, devices), rows
    )


def put(devices: tf.Tensor, rows: Nest, values: Nest) -> Nest:
    """All rows, with those of devices [C] anew."""

    def one(all_rows: tf.Tensor, some: tf.Tensor) -> tf.Tensor:
        return some if _all(devices, all_rows) else tf.tensor_scatter_nd_update(all_rows, devices[:, None], some)

    return tf.nest.map_structure(one, rows, values)


def _all(devices: tf.Tensor, rows: tf.Tensor) -> bool:
    return devices.shape.rank == 1 and devices.shape[0] is not None and devices.shape[0] == rows.shape[0]


def kept(rows: Nest) -> Kept:
    """From losses and rows beside updates to the sum of the losses and all rows."""

    def more(so_far: Nest, devices: tf.Tensor, beside: Nest) -> Nest:
        return so_far[0] + tf.reduce_sum(beside[0]), put(devices, so_far[1], beside[1])

    return (0.0, rows), more


def unless_lost(before: Nest, after: Nest, sent: tf.Tensor, heard: tf.Tensor) -> Nest:
    """The rows after a round: those before it of devices that sent and were not heard, bool [K] each."""
    lost = tf.where(sent & ~heard)[:, 0]
    return put(lost, after, of(lost, before))
