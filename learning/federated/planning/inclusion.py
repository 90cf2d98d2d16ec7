"""Chances of being sent: those of the least variance, and the variances of estimates that they leave unbiased.

What is estimated is s = sum_k w_k u_k, from a part of the x_k = w_k u_k, each over its chance of being sent.

    coins                     sum_k (1/pi_k - 1) |x_k|^2
    N without replacement     K (K - N)/(N (K - 1)) sum_k |x_k - s/K|^2
    N draws, p_k ~ |x_k|      ((sum_k |x_k|)^2 - |s|^2) / N

Coins that send N on average have the least variance with pi_k = min(1, c |x_k|). Chen, Horvath, Richtarik, "Optimal
client sampling for federated learning", TMLR 2022.
"""

import math

import tensorflow as tf


def optimal(norms: tf.Tensor, number: float | tf.Tensor) -> tf.Tensor:
    """Chances min(1, c |x_k|) that add up to a number, from |x_k| [K]; of fewer that are not 0 each is sent."""
    norms = tf.cast(norms, tf.float64)
    number = tf.cast(number, tf.float64)
    ordered = tf.sort(norms, direction="DESCENDING")
    certain = tf.cast(tf.range(tf.size(norms)), tf.float64)  # so many of the largest at chance 1
    others = tf.cumsum(ordered, reverse=True)
    scale = tf.math.divide_no_nan(number - certain, others)  # c, with so many
    fits = (scale * ordered <= 1.0) & (certain < number) & (others > 0)
    first = tf.argmax(tf.pad(fits, [[0, 1]], constant_values=True), output_type=tf.int32)
    c = tf.pad(scale, [[0, 1]], constant_values=math.inf)[first]
    return tf.where(norms > 0, tf.minimum(c * norms, 1.0), 0.0)


def of_coins(norms: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
    """Variance with independent coins, from |x_k| [K] and chances [K]; infinite where one that counts is never sent."""
    norms, chance = tf.cast(norms, tf.float64), tf.cast(chance, tf.float64)
    return tf.reduce_sum(tf.where(norms > 0, (1.0 / chance - 1.0) * norms**2, 0.0))


def of_a_part(norms: tf.Tensor, total: float | tf.Tensor, number: int) -> tf.Tensor:
    """Variance of so many of all, none twice and all alike, from |x_k| [K] and |s|."""
    norms, total = tf.cast(norms, tf.float64), tf.cast(total, tf.float64)
    devices = tf.cast(tf.size(norms), tf.float64)
    apart = tf.reduce_sum(norms**2) - total**2 / devices
    return tf.math.divide_no_nan(devices * (devices - number), number * (devices - 1.0)) * apart


def of_draws(norms: tf.Tensor, total: float | tf.Tensor, number: int) -> tf.Tensor:
    """Variance of so many draws with chances in proportion to |x_k| [K], with |s|; a device may be drawn again."""
    norms, total = tf.cast(norms, tf.float64), tf.cast(total, tf.float64)
    return (tf.reduce_sum(norms) ** 2 - total**2) / number
