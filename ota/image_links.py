"""Links of a batch of images: an image each, on elements of its own, with what either side believes.

Image b sends N symbols x and the receiver combines its antennas by its best estimate g of the channel: z = g^H y/|g|^2
is the symbol plus noise of power (N0 + e)/|g|^2, where e is the mean power of what the estimate lacks: announced
(`error_variance`), or, of a belief that announces none, its mean over the image's elements, which a receiver knows of
its estimator. The transmitter knows the mean SNR, or believes what the air's transmitters believe; where these know the
channel as the receiver does, it is told the SNR that the receiver has on every element, for nothing.

``Direct`` is AWGN without a grid; ``ThroughAir`` is any `phy.Air` of one device, and its symbols really pass it. Each
transmission has a realisation of its own, the next in time.
"""

from functools import cached_property
from typing import Literal

import numpy as np
import tensorflow as tf

from ..phy import Air, Link, keys, squared
from ..phy.keys import Key
from ..phy.link import Belief as Believed
from .rates import Share

FAINT = 1e-20  # an SNR that is as good as none
Belief = Literal["mean", "link"]


class Direct:
    """AWGN at SNRs [B]: y = x + w, w from CN(0, N0)."""

    def __init__(self, snr_db: np.ndarray, elements: int, key: Key) -> None:
        self._snr, self._key = tf.constant(10.0 ** (np.asarray(snr_db) / 10.0), tf.float32)[:, None], key
        self._elements = elements

    @property
    def share(self) -> Share:
        """All elements are the image's own, and everything is known."""
        snr = tf.repeat(self._snr, self._elements, axis=1)  # [B, N]
        return Share(tf.ones_like(snr), snr, snr, tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))

    def send(self, x: tf.Tensor, attempt: int) -> tuple[tf.Tensor, tf.Tensor]:
        """What the receiver makes of symbols [B, N] at some transmission, and the power of its noise."""
        noise = keys.complex_normal(keys.fold(self._key, "noise", attempt), tf.shape(x))
        return x + noise / tf.cast(tf.sqrt(self._snr), x.dtype), 1.0 / self._snr


class ThroughAir:
    """The links of images over an air with one device, at SNRs [B]."""

    def __init__(self, air: Air, snr_db: np.ndarray, elements: int, key: Key, belief: Belief = "mean") -> None:
        if air.devices != 1:
            raise ValueError(f"air.devices: expected 1, as every image has its own link, received {air.devices}")
        self.air, self._snr_db, self._elements = air, tf.constant(snr_db, tf.float32), elements
        self._place, self._key, self._belief = air.init(keys.fold(key, "place")), key, belief

    @cached_property
    def share(self) -> Share:
        """What the images' elements carry, and what either side believes of it, at the first transmission."""
        link = self._link(0)
        true = self._on_elements(link, link.effective)  # [B, A, N]
        estimate, lacking, strong = self._best(link, true)
        noise = tf.reshape(link.noise, [-1, 1])
        gain = tf.reduce_sum(tf.math.conj(estimate) * true, axis=1) / tf.cast(strong, true.dtype)
        share = Share(tf.ones_like(strong), self._believed(link, noise), strong / noise, lacking / noise, gain)
        told = self._belief == "link" and self.air.transmitter_knowledge == self.air.receiver_knowledge
        return share._replace(believed=share.known) if told else share

    def send(self, x: tf.Tensor, attempt: int) -> tuple[tf.Tensor, tf.Tensor]:
        """What the receiver makes of symbols [B, N] at some transmission, and the power of its noise."""
        link, grid = self._link(attempt), self.air.grid
        y = self.air.send(grid.fill(x)[:, None], link, keys.fold(self._key, "noise", attempt))  # [B, A, T, F]
        y = grid.collect(y, self._elements)  # [B, A, N]
        estimate, lacking, strong = self._best(link, self._on_elements(link, link.effective))
        heard = tf.reduce_sum(tf.math.conj(estimate) * y, axis=1) / tf.cast(strong, y.dtype)
        return heard, (tf.reshape(link.noise, [-1, 1]) + lacking) / strong

    def _link(self, attempt: int) -> Link:
        slots, batch = self.air.grid.slots(self._elements), self._snr_db.shape[0]
        time = attempt * (slots * self.air.grid.slot_seconds)
        return self.air.draw(self._place, keys.fold(self._key, "link", attempt), time, slots, self._snr_db, batch)

    def _on_elements(self, link: Link, of: Believed) -> tf.Tensor:
        """Responses on the image's elements, [B, A, N]."""
        h = link.response(of=of, symbols=self.air.grid.rows(self._elements))[:, :, 0]  # [B, A, T, F], T may be 1
        h = tf.broadcast_to(h, [*h.shape[:2], self.air.grid.rows(self._elements), h.shape[3]])
        return self.air.grid.collect(h, self._elements)

    def _best(self, link: Link, true: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """The receiver's best estimate [B, A, N], the mean power it lacks [B, 1], and the power it has [B, N]."""
        estimate, error = self._on_elements(link, link.receiver), self.air.receiver_knowledge.error
        if error > 0:
            estimate *= (1.0 - error) ** 0.5
            lacking = error * tf.reduce_sum(link.true.power[:, 0], axis=1, keepdims=True)
        else:
            lacking = tf.reduce_mean(squared(true - estimate), axis=[1, 2])[:, None]
        return estimate, lacking, tf.maximum(tf.reduce_sum(squared(estimate), axis=1), FAINT)

    def _believed(self, link: Link, noise: tf.Tensor) -> tf.Tensor:
        """The SNR that the transmitter counts on, [B, N]."""
        if self._belief == "link":
            return tf.reduce_sum(squared(self._on_elements(link, link.transmitters)), axis=1) / noise
        power = link.antennas * tf.reduce_sum(link.true.power[:, 0], axis=1, keepdims=True)  # [B, 1]
        return tf.repeat(power / noise, self._elements, axis=1)
