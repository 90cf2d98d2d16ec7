"""Staleness: how much an update counts that began some steps of the server ago.

    polynomial   s(tau) = (1 + tau)^-a
    hinge        s(tau) = 1 up to tau = b, then 1 / (a (tau - b) + 1)

A fresh update counts whole, s(0) = 1. FedAsync mixes the model of one device, x <- (1 - alpha s) x + alpha s y, and
FedBuff adds the mean of B differences, x <- x + lr/B sum_k s(tau_k) (y_k - x_{t - tau_k}), each to the model it began
with. Xie, Koyejo, Gupta, "Asynchronous federated optimization", 2019; Nguyen et al., "Federated learning with buffered
asynchronous aggregation", AISTATS 2022.
"""

import math

import tensorflow as tf


def polynomial(age: tf.Tensor, exponent: float = 0.5) -> tf.Tensor:
    """What an update of some age, in steps of the server, counts."""
    return tf.pow(1.0 + tf.cast(age, tf.float32), -exponent)


def hinge(age: tf.Tensor, slope: float = 10.0, fresh: float = 4.0) -> tf.Tensor:
    """The same, which falls only beyond an age."""
    late = tf.maximum(tf.cast(age, tf.float32) - fresh, 0.0)
    return 1.0 / (slope * late + 1.0)


def stable_step(age: int) -> float:
    """The largest step times curvature with which x_{t+1} = x_t - step g(x_{t - age}) still ends on a quadratic."""
    return 2.0 * math.sin(math.pi / (2.0 * (2 * age + 1)))
