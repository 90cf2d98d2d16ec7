"""The law of entries beside their side information: where they are expected, and how far from it.

Updates x and y, the mean of what was decoded of n others, have in common a part of mean square m, and each update has v
of its own; the decoded ones err by D^2/12 besides. What is told is the deviation s of x - y as it is among those that
were decoded: v + D^2/12 = s^2/(1 + 1/n). The best linear guess is c y, from which x is as far as that:

    c = m/(m + e),  e = (v + D^2/12)/n,   E (x - c y)^2 = (1 - c)^2 m + v + c^2 e

Both ends find m by layer, the receiver as |y|^2 - e and the device as |x|^2 - v. Within a layer of two axes or more, m
and v are in proportion to mean squares of rows and of columns, as those of products of activations and errors are; the
last axis is that of columns. Beside an estimate of unknown origin n is infinite: then it is c = 1, v = s^2.
"""

import math
from typing import NamedTuple

import tensorflow as tf

from ..layers import Layers

EVEN = 0.02  # share of a layer's variance that all of its entries have alike
LEAST = 0.1  # of the variance told that is not coding, at least: steps of others may be smaller


class Told(NamedTuple):
    """What both ends know of a layer."""

    spread: tf.Tensor  # s
    step: tf.Tensor  # root mean square of D
    count: tf.Tensor  # n


def expected(
    values: tf.Tensor, spread: tf.Tensor, steps: tf.Tensor, count: tf.Tensor, layers: Layers, at_device: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """The centre c y and the deviation from it, [d] each, of side information y [d] or at a device of its x [d]."""
    parts = tf.split(values, [math.prod(layer) for layer in layers])
    found = [
        _of_layer(part, layer, Told(spread[at], steps[at], count), at_device)
        for at, (part, layer) in enumerate(zip(parts, layers, strict=True))
    ]
    centres, deviations = zip(*found, strict=True)
    return tf.concat(centres, axis=0), tf.concat(deviations, axis=0)


def _of_layer(values: tf.Tensor, layer: tuple[int, ...], told: Told, at_device: bool) -> tuple[tf.Tensor, tf.Tensor]:
    grain = tf.where(tf.math.is_finite(told.count), told.step**2 / 12.0, 0.0)
    each = told.spread**2 / (1.0 + 1.0 / told.count)
    own = tf.maximum(each - grain, LEAST * each)
    heard = 0.0 if at_device else grain / told.count
    square = tf.reduce_sum(values**2) / max(values.shape[0], 1) - heard
    common = tf.maximum(square - (own if at_device else own / told.count), 0.0)
    shape = _shape(values, layer, heard)
    common, own = common * shape, own * shape
    error = (own + grain) / told.count
    c = tf.math.divide_no_nan(common, common + error)
    return c * values, tf.sqrt((1.0 - c) ** 2 * common + own + c**2 * error)


def _shape(values: tf.Tensor, layer: tuple[int, ...], heard: tf.Tensor | float) -> tf.Tensor:
    """Variances of entries over their mean, [n], of values in which there is so much besides."""
    if len(layer) < 2 or min(math.prod(layer[:-1]), layer[-1]) < 2:
        return tf.ones_like(values)
    squares = tf.reshape(values**2, [-1, layer[-1]])
    rows, columns = (tf.nn.relu(tf.reduce_mean(squares, axis=axis) - heard) for axis in (1, 0))
    product = tf.reshape(rows[:, None] * columns, [-1])
    even = tf.math.divide_no_nan(product, tf.reduce_mean(product))
    return EVEN + (1.0 - EVEN) * even
