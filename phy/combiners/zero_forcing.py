"""Zero forcing (ZF) toward the sum: all devices arrive alike, v^H h_k = g for all k, with the largest g for |v| = 1."""

import tensorflow as tf

from ..arithmetic import squared
from ..link import Link
from ..strict import dataclass
from . import moments, over_symbols, unit


@dataclass(frozen=True)
class ZeroForcing:
    """Equal arrivals, whatever becomes of the noise.

        v^H h_k = g for all k, with the largest g for |v| = 1.

    With at most as many devices as antennas, v is along H (H^H H)^-1 1, the shortest vector with H^H v = 1; with more,
    no v does that, and the one along (H H^H + N0 I)^-1 H 1 makes sum_k |v^H h_k - 1|^2 + N0 |v|^2 smallest. Both are
    the latter with a load in place of N0, which for few devices is a billionth of the trace. Of a belief that lacks
    power eps_k, H is the best estimate, and N0 + sum_k eps_k stands for N0. With one antenna v = 1.

    ``separate`` is zero forcing toward each device: what is left of its SNR once all others are forced to zero.

    >>> from overair.phy import Air, Grid, Rayleigh, ZeroForcing, combine, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, antennas=4, combiner=ZeroForcing())
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1, snr_db=10.0)
    >>> arrive = combine(air.combiner.weights(link, [0, 1, 2]), link.response()).numpy()  # [B, K, T, F]
    >>> bool(abs(arrive - arrive[:, :1]).max() < 1e-4)
    True
    """

    def weights(self, link: Link, devices: tf.Tensor) -> tf.Tensor:
        if link.antennas == 1:
            return tf.ones([1, 1, 1, 1], tf.complex64)
        crowded = tf.cast(tf.size(devices) > link.antennas, tf.float32)
        noise = tf.reshape(link.noise, [-1, 1, 1])  # [B or 1, 1, 1]

        def combine(part: Link) -> tf.Tensor:
            alike = moments(part, devices)
            return unit(alike.solve(crowded * (noise + alike.csi_error)))

        return over_symbols(link, combine)


def separate(h: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """SNR [..., K] of each device behind its own zero-forcing combiner, 1 / (N0 [(H^H H)^-1]_kk), for H [..., A, K].

    Devices are taken to unit norm first, so near and far do not strain the precision. One without gain has SNR 0 and
    hinders nobody; so does one whose response others can make up, to within a billionth.
    """
    antennas, devices = h.shape[-2:]
    if devices > antennas:
        raise ValueError(
            f"separate: expected at most as many devices as antennas ({antennas}), received {devices}; "
            f"schedule fewer at a time"
        )
    exact = tf.cast(h, tf.complex128)
    power = tf.reduce_sum(squared(exact), axis=-2)  # [..., K]
    heard = power > 0
    each = exact / tf.cast(tf.sqrt(tf.where(heard, power, 1.0)), exact.dtype)[..., None, :]
    alike = tf.matmul(each, each, adjoint_a=True)  # H^H H of unit diagonal, [..., K, K]
    alike = tf.linalg.set_diag(alike, tf.cast(tf.ones_like(power) + 1e-10, exact.dtype))
    worse = tf.math.real(tf.linalg.diag_part(tf.linalg.inv(alike)))  # [..., K]
    return tf.cast(tf.where(heard, power / worse, 0.0), noise.dtype) / noise
