"""A link: one realisation of K devices to one receiver over the slots of a round.

The channel is kept as paths: h_k(t, f) = sum_l a_{k,l}(t) exp(-j 2 pi f tau_{k,l}), once as it is, once as the
transmitters believe it to be, once as the receiver does. Frequency responses are made on demand for the devices
asked, so nothing of the size devices x elements need ever exist. 3GPP TR 38.901, section 7.7; Sionna's
``cir_to_ofdm_channel`` computes the same sum.
"""

from typing import NamedTuple

import tensorflow as tf


class Paths(NamedTuple):
    """Path coefficients and delays in seconds. The time axis T is 1 where the channel does not move."""

    a: tf.Tensor  # complex [B, A, K, L, T]
    tau: tf.Tensor  # real [B, K, L]
    power: tf.Tensor  # mean of |a|^2 over fading, [B, K, L]

    def of(self, devices: tf.Tensor) -> "Paths":
        """The paths of some devices."""
        a, tau, power = self
        return Paths(tf.gather(a, devices, axis=2), tf.gather(tau, devices, axis=1), tf.gather(power, devices, axis=1))

    def response(self, frequencies: tf.Tensor) -> tf.Tensor:
        """Frequency responses, complex [B, A, K, T, F]."""
        angle = -2.0 * 3.141592653589793 * self.tau[..., None] * tf.cast(frequencies, self.tau.dtype)  # [B, K, L, F]
        turn = tf.complex(tf.cos(angle), tf.sin(angle))  # [B, K, L, F]
        if self.a.shape[3] == 1:  # one path needs no sum, and an outer product is cheaper than a matmul
            return self.a[:, :, :, 0, :, None] * turn[:, None, :, 0, None, :]
        return tf.matmul(self.a, turn[:, None], transpose_a=True)  # [B, A, K, T, F]


class Link(NamedTuple):
    """The true channel, both beliefs of it, and the noise power N0 of a resource element at one antenna."""

    true: Paths
    transmitters: Paths  # what the devices believe
    receiver: Paths  # what the receiver believes
    frequencies: tf.Tensor  # [F] in Hz
    noise: tf.Tensor  # N0, [] or [B]

    @property
    def devices(self) -> int:
        """How many devices the link has."""
        return self.true.a.shape[2]

    @property
    def antennas(self) -> int:
        """How many receive antennas the link has."""
        return self.true.a.shape[1]

    def response(self, devices: tf.Tensor | None = None, of: Paths | None = None) -> tf.Tensor:
        """Responses [B, A, K, T, F] of some devices (all unless told), of the true paths unless told."""
        paths = self.true if of is None else of
        return (paths if devices is None else paths.of(devices)).response(self.frequencies)
