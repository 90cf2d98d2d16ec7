"""Curves of a transmission over SNRs: every image is encoded once and sent at all of them in one pass.

Every image and repetition has a link of its own, that of the image's number under the repetition's key. All SNRs see
the same but for the noise's scale, and so do all other schemes. Encoders that adapt to the SNR encode once for each.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...phy import keys
from ...phy.documented import documented
from ...phy.keys import Key
from ...phy.links import MOST
from .metrics import likeness, mean_psnr, mse, psnr_of_mean
from .transmission import Transmission

BYTES = 2**23  # of images sent at once


@documented
class Curve(NamedTuple):
    """For each SNR and image the means over its repetitions.

    MSE is that of samples in [0, 1]; SSIM and MS-SSIM are NaN where images are too small, or they were not asked for.

    >>> import numpy as np
    >>> from overair.learning.images import Curve
    >>> found = Curve(mse=np.array([[0.01, 0.0001]]), ssim=np.ones([1, 2]), ms_ssim=np.ones([1, 2]))
    >>> found.psnr_of_mean.round(2).tolist(), found.mean_psnr.round(2).tolist()  # at one SNR, of images at 20 and 40 dB
    ([22.97], [30.0])
    """

    mse: np.ndarray  # [S, N]
    ssim: np.ndarray  # [S, N]
    ms_ssim: np.ndarray  # [S, N]

    @property
    def psnr_of_mean(self) -> np.ndarray:
        """PSNR of the mean MSE, [S]."""
        return psnr_of_mean(self.mse).numpy()

    @property
    def mean_psnr(self) -> np.ndarray:
        """Mean of the images' PSNRs, [S]."""
        return mean_psnr(self.mse).numpy()


def curve(
    model: Transmission,
    images: np.ndarray,
    snrs_db: Sequence[float],
    key: Key,
    repetitions: int = 1,
    share: float | None = None,
    similarity: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Curve:
    """The curve of images [N, H, W, C] at SNRs [S]; ``similarity``: with SSIM and MS-SSIM, which take their time."""
    snrs = tf.constant(snrs_db, tf.float32)
    if snrs.shape.rank != 1 or not bool(tf.reduce_all(tf.math.is_finite(snrs))):
        raise ValueError(f"snrs_db: expected a list of numbers of decibels, received {snrs_db}")
    group = max(1, BYTES // (4 * int(np.prod(images.shape[1:]))))
    group = max(group // MOST * MOST, min(group, MOST))  # whole blocks of links
    over_grid = _over_grid(model, snrs, share, similarity)
    found = []
    for first in range(0, len(images), group):
        some = tf.constant(images[first : first + group], tf.float32)
        each = [
            over_grid(some, of_repetition(key, repetition), tf.constant(first)) for repetition in range(repetitions)
        ]
        found.append(np.mean(each, axis=0))  # [3, S, B]
        if progress:
            progress(min(first + group, len(images)), len(images))
    return Curve(*np.concatenate(found, axis=2))


def reconstructions(
    model: Transmission, images: np.ndarray, snrs_db: Sequence[float], key: Key, share: float | None = None
) -> np.ndarray:
    """What arrives of images at SNRs, [S, N, H, W, C], clipped to what can be shown."""
    if not len(images):
        return np.zeros([len(snrs_db), *images.shape], np.float32)
    place = tf.constant(model._place(share))
    return _at_all(model, tf.constant(images, tf.float32), tf.constant(snrs_db, tf.float32), place, key, 0).numpy()


def of_repetition(key: Key, number: int) -> Key:
    """The key of a repetition, under which image i has the link of number i, whoever sends it and at whatever SNR."""
    return keys.fold(key, "repetition", number)


def _over_grid(
    model: Transmission, snrs: tf.Tensor, share: float | None, similarity: bool
) -> Callable[[tf.Tensor, Key, tf.Tensor], tf.Tensor]:
    place = tf.constant(model._place(share))

    @tf.function(reduce_retracing=True, autograph=False)
    def over_grid(images: tf.Tensor, key: Key, first: tf.Tensor) -> tf.Tensor:
        """The measures of images at all SNRs, [3, S, B]."""
        received = _at_all(model, images, snrs, place, key, first)
        flat = tf.reshape(received, tf.concat([[-1], tf.shape(images)[1:]], 0))
        flat = tf.ensure_shape(flat, [None, *images.shape[1:]])
        again = tf.tile(images, [tf.size(snrs), 1, 1, 1])
        alike = likeness(again, flat) if similarity else tf.fill([2, tf.shape(flat)[0]], np.float32(np.nan))
        return tf.reshape(tf.concat([mse(again, flat)[None], alike], 0), [3, tf.size(snrs), -1])

    return over_grid


def _at_all(
    model: Transmission, images: tf.Tensor, snrs: tf.Tensor, place: tf.Tensor, key: Key, first: int | tf.Tensor
) -> tf.Tensor:
    """What arrives of images at all SNRs, [S, B, H, W, C]."""
    each = tf.fill([tf.shape(images)[0]], snrs[0])
    once = model.encode(images, each, place) if len(model.encoder.inputs) == 1 else None

    @tf.autograph.experimental.do_not_convert
    def at(snr_db: tf.Tensor) -> tf.Tensor:
        each = tf.fill([tf.shape(images)[0]], snr_db)
        features = model.encode(images, each, place) if once is None else once
        received = model.decode(*model.carry(features, each, place, key, first), each, place)
        return tf.clip_by_value(tf.ensure_shape(received, images.shape), 0.0, 1.0)

    signature = tf.TensorSpec(images.shape, images.dtype)
    return tf.map_fn(at, snrs, fn_output_signature=signature, parallel_iterations=1)
