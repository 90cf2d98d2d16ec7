"""Devices drawn group after group: memory stays bounded, and numbers do not depend on how devices are processed."""

from collections.abc import Callable

import tensorflow as tf

Rows = tuple[tf.Tensor, ...]


def in_groups(draw: Callable[[tf.Tensor], Rows], total: int, group: int) -> Rows:
    """``total`` rows of what ``draw`` makes of a group's number: tensors of ``group`` rows each, shapes known."""
    groups = -(-total // group)
    if groups == 1:
        return tuple(rows[:total] for rows in draw(tf.constant(0)))
    number = tf.TensorSpec([], tf.int32)
    shapes = tf.function(draw, autograph=False).get_concrete_function(number).structured_outputs
    signature = tuple(tf.TensorSpec(shape.shape, shape.dtype) for shape in shapes)
    drawn = tf.map_fn(draw, tf.range(groups), fn_output_signature=signature, parallel_iterations=1)
    return tuple(tf.reshape(rows, [groups * group, *rows.shape[2:]])[:total] for rows in drawn)
