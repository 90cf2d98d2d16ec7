"""Links of a batch of images: an image each, on elements of its own, with what either side believes.

Image b sends N symbols x and the receiver reads z = x + n, with n of the power (N0 + e)/|g|^2, g its estimate of the
gain behind its combiner, and e the mean power of what that lacks. The transmitter knows the mean SNR, or believes what
the air's transmitters believe; where these know the channel as the receiver does, it is told the SNR that the receiver
has on every element, for nothing. The links themselves, and the noise, are those of ``phy/links.py``.
"""

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Literal

import numpy as np
import tensorflow as tf

from ..phy import Air
from ..phy.detection import detect
from ..phy.keys import Key
from ..phy.links import Links, each, send
from .rates import Subchannel

CountedOn = Literal["mean", "link", "told"]


class ImageLinks:
    """The links of images over an air with one device, at SNRs [B], from the first image's number on.

    ``belief`` is what the transmitter counts on: the mean SNR, its own belief of the link, or what the receiver says.
    """

    def __init__(
        self, air: Air, snr_db: np.ndarray, elements: int, key: Key, belief: CountedOn = "mean", first: int = 0
    ) -> None:
        self._air, self._snr_db, self._elements = air, tf.constant(snr_db, tf.float32), elements
        self._key, self._belief, self._first = key, belief, first

    @cached_property
    def share(self) -> Subchannel:
        """What the images' elements carry, and what either side believes of it, at the first transmission."""
        return shares(self._air, self._snr_db, self._elements, self._key, self._belief, self._first)

    def send(self, x: tf.Tensor, attempt: int) -> tuple[tf.Tensor, tf.Tensor]:
        """What the receiver makes of symbols [B, N] at some transmission, and the power of its noise."""
        return send(self._air, x, self._snr_db, self._key, attempt, self._first)


def shares(
    air: Air, snr_db: tf.Tensor, elements: int, key: Key, belief: CountedOn = "mean", first: int | tf.Tensor = 0,
    attempt: int = 0,
) -> Subchannel:  # fmt: skip
    """What elements of images carry at SNRs [B], and what either side believes of it, at some transmission."""
    if air.devices != 1:
        raise ValueError(f"air.devices: expected 1, as every image has its own link, received {air.devices}")
    return _shares(air, elements, belief)(snr_db, key, tf.cast(first, tf.int32), tf.constant(attempt))


@lru_cache(maxsize=16)
def _shares(air: Air, elements: int, belief: CountedOn) -> Callable[[tf.Tensor, Key, tf.Tensor, tf.Tensor], Subchannel]:
    told = belief == "told" or (belief == "link" and air.csit == air.csir)

    def share(links: Links) -> Subchannel:
        snr = 1.0 / links.link.noise[:, None, None, None]  # [B, 1, 1, 1]
        found = detect(links.link, snr)
        gain, snrs, csi_noise = (links.on_elements(field)[:, 0] for field in found)  # [B, N] each
        own = Subchannel(tf.ones_like(snrs), snrs, snrs, csi_noise, gain)
        return own._replace(believed=own.known if told else _believed(links, snr, belief))

    def of_all(snr_db: tf.Tensor, key: Key, first: tf.Tensor, attempt: tf.Tensor) -> Subchannel:
        real = tf.TensorSpec([elements])
        signature = Subchannel(real, real, real, real, tf.TensorSpec([elements], tf.complex64))
        return each(air, elements, snr_db, key, share, [], signature, attempt, first)

    number = tf.TensorSpec([], tf.int32)
    given = tf.TensorSpec([None]), tf.TensorSpec([2], tf.int64), number, number
    return tf.function(of_all, input_signature=given, autograph=False)


def _believed(links: Links, snr: tf.Tensor, belief: CountedOn) -> tf.Tensor:
    """The SNR that the transmitter counts on, [B, N]."""
    link = links.link
    if belief == "link":
        return links.on_elements(detect(link, snr, belief=link.transmitters).known)[:, 0]
    power = link.antennas * tf.reduce_sum(link.true.power[:, 0], axis=1, keepdims=True)  # [B, 1]
    return tf.repeat(power * snr[:, 0, 0], links.elements, axis=1)
