"""What a receiver hears of a change in what a device sends: its energy over the noise, with all antennas.

Where devices add noise of their own, of variance v_j an element, that arrives through their channels: antennas hear
noise of the covariance S = N0 I + sum_j v_j |b_j|^2 h_j h_j^H, and a change of unit energy on an element is worth
|b_k|^2 h_k^H S^-1 h_k. With one antenna that is |h_k b_k|^2 / (N0 + sum_j v_j |h_j b_j|^2); with as many antennas as
devices the receiver tells the noise of most others apart, and hardly more than a device's own protects it.
"""

from typing import NamedTuple

import tensorflow as tf

from ...ota import Analog, Round
from ...phy import squared


class Arrival(NamedTuple):
    """Amplitudes that do not depend on any data, and the way they take."""

    b: tf.Tensor  # squared, at the whole level, [K, M]
    h: tf.Tensor  # true responses on the same elements, [A, K, M]
    noise: tf.Tensor  # N0


def arrival(uplink: Analog, round: Round) -> Arrival:
    """Of all devices that take part; those of others are zero."""
    terms, link = round.terms, round.air_link
    elements = uplink.codec.elements(terms.layers, terms.elements)
    gains = round.gains(tf.range(terms.air.devices), elements)  # [K, M]
    senders = tf.cast(round.weights > 0, tf.float32)
    level = uplink.rule.level(senders, terms.budgets, gains, link.noise)
    b = uplink.rule.amplitude(level.scale, gains, tf.zeros_like(senders)[:, None], terms.budgets[:, None])
    h = link.response(symbols=terms.air.grid.rows(elements))[0]  # [A, K, T, F]
    h = tf.stack([round.on_grant(antenna, elements) for antenna in tf.unstack(h)])
    return Arrival(squared(b) * senders[:, None], h, link.noise)


def reach(found: Arrival, noise: tf.Tensor | None = None) -> tf.Tensor:
    """The most of a unit of energy that arrives, over the noise there, [K] float64; of noise of devices [K], if any."""
    strength = tf.reduce_sum(squared(found.h), axis=0) * found.b  # [K, M]
    power = tf.cast(found.noise, tf.float64)
    if noise is None:
        return tf.cast(tf.reduce_max(strength, axis=1), tf.float64) / power
    sent = tf.cast(noise, tf.float64)[:, None] * tf.cast(found.b, tf.float64)  # [K, M]
    if found.h.shape[0] == 1:
        one = tf.cast(squared(found.h[0]), tf.float64)
        heard = one * tf.cast(found.b, tf.float64) / (power + tf.reduce_sum(sent * one, axis=0))
        return tf.reduce_max(heard, axis=1)
    h = tf.cast(tf.transpose(found.h, [2, 0, 1]), tf.complex128)  # [M, A, K]
    whole = tf.matmul(h * tf.cast(tf.transpose(sent)[:, None], h.dtype), h, adjoint_b=True)
    whole += tf.cast(power, h.dtype) * tf.eye(found.h.shape[0], dtype=h.dtype)
    worth = tf.math.real(tf.reduce_sum(tf.math.conj(h) * tf.linalg.solve(whole, h), axis=1))  # [M, K]
    return tf.reduce_max(tf.transpose(worth) * tf.cast(found.b, tf.float64), axis=1)
