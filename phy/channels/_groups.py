"""Devices drawn group after group: memory stays bounded, and numbers depend on the device alone.

Groups have the same size whatever else is asked, be it antennas or time steps: a device's draws are then the same for a
round of one slot and of twenty, and with or without the symbols that sound the channel before it.
"""

from collections.abc import Callable

import tensorflow as tf

GROUP = 64  # devices whose random numbers are drawn at once
VALUES = 2_000_000  # numbers computed of them at once
Drawn = tuple[tf.Tensor, ...]


def in_groups(draw: Callable[[tf.Tensor], Drawn], total: int | tf.Tensor) -> Drawn:
    """``total`` rows of what ``draw`` makes of a group's number: tensors of GROUP rows each, shapes known."""
    groups = -(-total // GROUP)
    if isinstance(groups, int) and groups == 1:
        return tuple(rows[:total] for rows in draw(tf.constant(0)))
    number = tf.TensorSpec([], tf.int32)
    shapes = tf.function(draw, autograph=False).get_concrete_function(number).structured_outputs
    signature = tuple(tf.TensorSpec(shape.shape, shape.dtype) for shape in shapes)
    drawn = tf.map_fn(draw, tf.range(groups), fn_output_signature=signature, parallel_iterations=1)
    return tuple(tf.reshape(rows, [groups * GROUP, *rows.shape[2:]])[:total] for rows in drawn)


def in_pieces(compute: Callable[..., tf.Tensor], each: int, *rows: tf.Tensor) -> tf.Tensor:
    """``compute`` of tensors of GROUP rows, so few rows at a time that ``each`` numbers of every row keep to VALUES."""
    piece = max(size for size in (1, 2, 4, 8, 16, 32, GROUP) if size == 1 or size * each <= VALUES)
    if piece == GROUP:
        return compute(*rows)
    cut = tuple(tf.reshape(value, [GROUP // piece, piece, *value.shape[1:]]) for value in rows)
    first = compute(*(value[0] for value in cut))
    signature = tf.TensorSpec(first.shape, first.dtype)
    pieces = tf.map_fn(lambda some: compute(*some), cut, fn_output_signature=signature, parallel_iterations=1)
    return tf.reshape(pieces, [GROUP, *first.shape[1:]])
