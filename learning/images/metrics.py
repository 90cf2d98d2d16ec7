"""How like two images are: PSNR averaged in its two ways, SSIM and MS-SSIM, for images of floats from 0 to 1.

PSNR = -10 log10(MSE). Over many images there are two means, which differ by about half a decibel and are easily taken
for each other: ``psnr_of_mean``, the PSNR of the mean MSE, and ``mean_psnr``, the mean of the images' PSNRs, which is
never smaller. Neither rescales anything: ``tf.image.psnr`` brings a float and a uint8 image to a common range without a
word, so that a wrong pair of images still has a PSNR; here whatever is not of floats is refused.

SSIM: Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural similarity", IEEE
Trans. Image Processing, 2004. MS-SSIM: Wang, Simoncelli, Bovik, "Multiscale structural similarity for image quality
assessment", Asilomar, 2003. Both are of each colour, then averaged over colours.
"""

import math

import keras
import numpy as np
import tensorflow as tf

WINDOW = 11  # pixels a side of SSIM's Gaussian window, of standard deviation 1.5
SCALES = 5  # of MS-SSIM, each half as large as the one before
SMALLEST = WINDOW * 2 ** (SCALES - 1)  # 176: the coarsest scale has a sixteenth of the pixels a side and needs a window


def mse(images: tf.Tensor, received: tf.Tensor) -> tf.Tensor:
    """Mean squared error of each image, [B]."""
    images, received = _pair(images, received)  # [B, H, W, C]
    return tf.reduce_mean(tf.math.squared_difference(images, received), axis=[1, 2, 3])


def psnr(mse: tf.Tensor) -> tf.Tensor:
    """Peak signal-to-noise ratio in dB of a mean squared error, entry by entry; no error is infinitely good."""
    mse = tf.convert_to_tensor(mse)
    return tf.math.log(mse) * tf.constant(-10 / math.log(10), mse.dtype)


def psnr_of_mean(mse: tf.Tensor) -> tf.Tensor:
    """PSNR of the mean of images' MSEs [..., B], [...]."""
    return psnr(tf.reduce_mean(mse, axis=-1))


def mean_psnr(mse: tf.Tensor) -> tf.Tensor:
    """Mean of the PSNRs of images' MSEs [..., B], [...]; one image without error makes it infinite."""
    return tf.reduce_mean(psnr(mse), axis=-1)


def ssim(images: tf.Tensor, received: tf.Tensor) -> tf.Tensor:
    """Structural similarity of each image, [B], at most 1; windows are 11 x 11, K1 = 0.01, K2 = 0.03."""
    images, received = _pair(images, received)
    _check_size("SSIM", images, WINDOW, f"one window of {WINDOW} x {WINDOW}")
    return tf.image.ssim(images, received, 1.0, WINDOW, 1.5, 0.01, 0.03)


def ms_ssim(images: tf.Tensor, received: tf.Tensor) -> tf.Tensor:
    """Multiscale structural similarity of each image, [B], over five scales with the weights of its paper."""
    images, received = _pair(images, received)
    reason = f"a window of {WINDOW} pixels at each of {SCALES} scales, {WINDOW} * 2^{SCALES - 1}"
    _check_size("MS-SSIM", images, SMALLEST, reason)
    return tf.image.ssim_multiscale(images, received, 1.0, filter_size=WINDOW, filter_sigma=1.5, k1=0.01, k2=0.03)


def likeness(images: tf.Tensor, received: tf.Tensor) -> tf.Tensor:
    """SSIM and MS-SSIM of each image, [2, B]; NaN where images are too small for one."""
    side = min(images.shape[1:3])
    missing = tf.fill([tf.shape(images)[0]], np.float32(np.nan))
    one = ssim(images, received) if side >= WINDOW else missing
    return tf.stack([one, ms_ssim(images, received) if side >= SMALLEST else missing])


@keras.saving.register_keras_serializable("overair")
class Psnr(keras.metrics.Mean):
    """PSNR of the mean MSE over all images seen, in dB: a Keras metric of images [B, H, W, C] of floats from 0 to 1.

    -10 log10(MSE), which is never larger than ``MeanPsnr``.

    >>> import tensorflow as tf
    >>> from overair.learning.images import Psnr
    >>> metric = Psnr()
    >>> total = metric.update_state(tf.zeros([2, 8, 8, 3]), tf.fill([2, 8, 8, 3], 0.1))
    >>> round(float(metric.result()), 3)
    20.0
    """

    def __init__(self, name: str = "psnr", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(
        self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None
    ) -> tf.Tensor | None:
        return super().update_state(mse(y_true, y_pred), sample_weight)

    def result(self) -> tf.Tensor:
        return psnr(super().result())


@keras.saving.register_keras_serializable("overair")
class MeanPsnr(keras.metrics.Mean):
    """Mean of the PSNRs of all images seen, in dB: a Keras metric of images [B, H, W, C] of floats from 0 to 1.

    Mean of -10 log10(MSE), which is never smaller than ``Psnr``.

    >>> import tensorflow as tf
    >>> from overair.learning.images import MeanPsnr
    >>> metric = MeanPsnr()
    >>> received = tf.concat([tf.fill([1, 8, 8, 3], 0.1), tf.fill([1, 8, 8, 3], 0.01)], 0)
    >>> total = metric.update_state(tf.zeros([2, 8, 8, 3]), received)
    >>> round(float(metric.result()), 3)  # of 20 and 40 dB
    30.0
    """

    def __init__(self, name: str = "mean_psnr", dtype: str | None = None) -> None:
        super().__init__(name, dtype)

    def update_state(
        self, y_true: tf.Tensor, y_pred: tf.Tensor, sample_weight: tf.Tensor | None = None
    ) -> tf.Tensor | None:
        return super().update_state(psnr(mse(y_true, y_pred)), sample_weight)


def _pair(images: tf.Tensor, received: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    images, received = tf.convert_to_tensor(images), tf.convert_to_tensor(received)
    for each in (images, received):
        if not each.dtype.is_floating:
            raise ValueError(f"images: expected floats from 0 to 1, received {each.dtype.name}; divide bytes by 255")
    if images.shape.rank != 4 or received.shape.rank != 4 or not images.shape.is_compatible_with(received.shape):
        raise ValueError(
            f"images: expected two of one shape [B, H, W, C], received {images.shape} and {received.shape}; "
            "add an axis to a single image"
        )
    return images, tf.cast(received, images.dtype)


def _check_size(name: str, images: tf.Tensor, smallest: int, reason: str) -> None:
    height, width = images.shape[1:3]
    if min(height or smallest, width or smallest) < smallest:
        raise ValueError(
            f"images: expected at least {smallest} x {smallest} pixels for {name} ({reason}), "
            f"received {height} x {width}; take {'SSIM' if smallest > WINDOW else 'PSNR'}"
        )
