"""Indices of rotated coordinates, which are close to normal, in as many bits as there are.

The step follows from the number of coordinates and of bits alone, so that the indices' real length, which hangs on the
dither, has no say in it: two standard deviations of that length are left free. Where it still does not fit, or where
fewer coordinates err less, some that the shared key chooses are sent (``_fitting``).
"""

from typing import NamedTuple

import tensorflow as tf

from ...phy.keys import Key
from .. import gaussian_coding
from ._fitting import Sent, affordable
from ._normal_rates import Steps, step_of

RUNG_BITS = 8.0
SPREAD = 2.0  # bits kept free for each root of a coordinate: a normal's length has a deviation of one
BYTES = 40.0  # bits kept free for what a coder rounds up


class Coded(NamedTuple):
    """What is sent of rotated coordinates."""

    index: tf.Tensor  # int32 [n]
    step: tf.Tensor  # in deviations, float64
    most: tf.Tensor  # the largest index there may be, int32
    sent: Sent


def plan(size: int, steps: Steps, room: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The step for so many coordinates, and how many of them may be expected to fit."""
    rate = (room - SPREAD * size**0.5 - BYTES) / size
    return step_of(steps, rate), tf.clip_by_value(room / tf.maximum(rate, steps.rates[0]), 0.0, float(size))


def coded(unit: tf.Tensor, dither: tf.Tensor, steps: Steps, room: tf.Tensor, key: Key) -> Coded:
    """Of coordinates [n] in units of their deviation, behind a dither [n] in steps."""
    size = unit.shape[-1]
    step, likely = plan(size, steps, room)
    index = tf.cast(tf.round(unit / tf.cast(step, unit.dtype) + dither), tf.int32)
    most = tf.cast(tf.math.ceil(size**0.5 / step), tf.int32) + 1
    cost = gaussian_coding.lengths(index, dither, 1.0 / step, most)
    return Coded(index, step, most, affordable(cost, likely, room, key))
