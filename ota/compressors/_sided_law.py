"""The law of entries beside their side information: where they are expected, and how far from it.

Updates x and their mean y over n of them have in common a part of mean square m, and each its own of variance v. The
deviation s of x - y is told: v = s^2/(1 + 1/n). The best linear guess is c y, c = m/(m + v/n), from which x is

    (1 - c)^2 m + v (1 + c^2/n)

away in mean square. Both ends find m by layer, the receiver as |y|^2 - v/n and the device as |x|^2 - v. Within a layer
of two axes or more, variances are in proportion to mean squares of rows and of columns, as those of the products of
activations and errors are; the last axis is that of columns.
"""

import math

import tensorflow as tf

from ..layers import Layers

EVEN = 0.02  # share of a layer's variance that all of its entries have alike


def expected(
    values: tf.Tensor, spread: tf.Tensor, count: tf.Tensor, layers: Layers, at_device: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    """The centre c y and the deviation from it, [d] each, of side information y [d] or at a device of its x [d]."""
    parts = tf.split(values, [math.prod(layer) for layer in layers])
    found = [
        _of_layer(part, layer, spread[at], count, at_device)
        for at, (part, layer) in enumerate(zip(parts, layers, strict=True))
    ]
    centres, deviations = zip(*found, strict=True)
    return tf.concat(centres, axis=0), tf.concat(deviations, axis=0)


def _of_layer(
    values: tf.Tensor, layer: tuple[int, ...], spread: tf.Tensor, count: tf.Tensor, at_device: bool
) -> tuple[tf.Tensor, tf.Tensor]:
    own = spread**2 / (1.0 + 1.0 / count)
    square = tf.reduce_sum(values**2) / max(values.shape[0], 1)
    common = tf.maximum(square - (own if at_device else own / count), 0.0)
    c = tf.math.divide_no_nan(common, common + own / count)
    away = (1.0 - c) ** 2 * common + own * (1.0 + c**2 / count)
    return c * values, tf.sqrt(away * _shape(values, layer))


def _shape(values: tf.Tensor, layer: tuple[int, ...]) -> tf.Tensor:
    """Variances of entries over their mean, [n]."""
    if len(layer) < 2 or min(math.prod(layer[:-1]), layer[-1]) < 2:
        return tf.ones_like(values)
    squares = tf.reshape(values**2, [-1, layer[-1]])
    product = tf.reduce_mean(squares, axis=1, keepdims=True) * tf.reduce_mean(squares, axis=0)
    even = tf.reshape(tf.math.divide_no_nan(product, tf.reduce_mean(squares) ** 2), [-1])
    return EVEN + (1.0 - EVEN) * even
