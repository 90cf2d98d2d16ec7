"""Decoded updates weighted by how well they tell what all have in common, the minimax linear estimate.

What is decoded of device p is theta + nu_p, with the error eta_p^2 of its compressor and the noise sigma^2 of its data:
alpha_p = (1/nu_p) / sum_q 1/nu_q, of those that were decoded, errs least if the noise is independent, by 1/sum 1/nu.
eta_p^2 is told by the device, a float32; sigma^2 is estimated from the spread of the round before: with the alphas
fixed, sum_p alpha_p |theta_p - theta|^2 is sum_p alpha_p (1 - alpha_p) nu_p on average. The first round weighs all
alike. Sums of theta_p/nu_p and 1/nu_p in turn are gamma_{p+1} = gamma_p + 1/nu_{p+1} and theta_{p+1} = (gamma_p theta_p
+ theta_{p+1}/nu_{p+1})/gamma_{p+1}. Of data that are not IID sigma^2 is a bias, and the finest quantiser's device is
favoured. Abdi, "Distributed learning and inference in deep models", 2020, eq. 2.10 to 2.12.
"""

from typing import NamedTuple

import tensorflow as tf

UNKNOWN = -1.0  # variance of the data's noise before the first round
TOLD = 32.0  # bits of a device's eta^2
LEAST = 1e-30  # of nu, so that what errs by nothing has a finite weight


class Weighed(NamedTuple):
    """The noise counted on, and sums over the devices that were decoded, with v_p = 1/nu_p; all a coordinate."""

    noise: tf.Tensor  # sigma^2
    v: tf.Tensor
    v_squared: tf.Tensor
    v_energy: tf.Tensor  # of v |theta_p|^2
    v_error: tf.Tensor  # of v eta^2
    v_squared_error: tf.Tensor  # of v^2 eta^2


def unknown() -> tf.Tensor:
    """The noise counted on before the first round."""
    return tf.constant(UNKNOWN)


def start(noise: tf.Tensor) -> Weighed:
    """Nobody yet."""
    return Weighed(noise, *[tf.zeros([])] * 5)


def add(sums: Weighed, decoded: tf.Tensor, error: tf.Tensor, arrives: tf.Tensor) -> tuple[tf.Tensor, Weighed]:
    """1/nu of devices by what was decoded of them and its errors [C, d], 0 where nothing arrived; sums with them."""
    energy, eta = (tf.reduce_mean(each**2, axis=1) for each in (decoded, error))  # [C]
    nu = tf.where(sums.noise < 0, tf.ones_like(eta), tf.maximum(eta + sums.noise, LEAST))
    v = tf.where(arrives, 1.0 / nu, 0.0)
    more = tf.zeros([]), *(tf.reduce_sum(each) for each in (v, v**2, v * energy, v * eta, v**2 * eta))
    return v, Weighed(*(total + each for total, each in zip(sums, more, strict=True)))


def combined(sums: Weighed, total: tf.Tensor) -> tf.Tensor:
    """The estimate, from sum_p theta_p/nu_p."""
    return tf.math.divide_no_nan(total, sums.v)


def noise(sums: Weighed, estimate: tf.Tensor) -> tf.Tensor:
    """sigma^2 as this round shows it; as before where fewer than two were decoded."""
    spread = sums.v_energy / sums.v - tf.reduce_mean(estimate**2)
    eta = sums.v_error / sums.v - sums.v_squared_error / sums.v**2
    left = 1.0 - sums.v_squared / sums.v**2
    return tf.where(left > 1e-4, tf.maximum(spread - eta, 0.0) / tf.maximum(left, 1e-4), sums.noise)
