"""Closed forms for a Gaussian source: uncoded transmission, and OPTA, the best that any scheme could do.

Distortions are relative to the source's variance; SNR is that of a complex symbol, and so of a real use too. A real
number on a real use, with the linear estimate of least error at a receiver that knows the channel:

    AWGN:      D = 1 / (1 + SNR)
    Rayleigh:  D = E[1 / (1 + g |h|^2)] = (1/g) e^(1/g) E1(1/g), g the mean SNR

With k complex symbols for n samples no scheme is below D = (1 + SNR)^(-2k/n), rate-distortion function and capacity
put together; for independent components of variances lambda that is reverse water-filling, D = mean of
min(theta, lambda) with sum of (log2(lambda / theta) / 2)+ = k log2(1 + SNR). It bounds sources that are Gaussian:
images with the same variances can do better. Goblick, "Theoretical limitations on the transmission of data from analog
sources", IEEE Trans. Information Theory, 1965; Berger, "Rate Distortion Theory", 1971.
"""

import numpy as np
import tensorflow as tf
from scipy.special import hyperu

from ...ota.codecs import pack, unpack
from ...phy import Air
from ...phy.keys import Key, Scalar
from ...phy.links import send


def awgn(snr_db: float | np.ndarray) -> np.ndarray:
    """Distortion of uncoded transmission without fading."""
    return 1 / (1 + _linear(snr_db))


def rayleigh(snr_db: float | np.ndarray) -> np.ndarray:
    """Distortion of uncoded transmission over Rayleigh fading that the receiver knows."""
    inverse = 1 / _linear(snr_db)
    return inverse * hyperu(1, 1, inverse)  # U(1, 1, z) = e^z E1(z), without its overflow


def opta(snr_db: float | np.ndarray, ratio: float) -> np.ndarray:
    """The least distortion of a white Gaussian source with ``ratio`` = k/n complex symbols a sample."""
    return (1 + _linear(snr_db)) ** (-2 * ratio)


def opta_of(variances: np.ndarray, snr_db: float, ratio: float) -> float:
    """The least mean squared error of independent Gaussian components, whatever their variances."""
    rate = 2 * ratio * len(variances) * np.log(1 + _linear(snr_db))  # 2 nats
    falling = np.sort(variances[variances > 0])[::-1]
    levels = (np.cumsum(np.log(falling)) - rate) / np.arange(1, len(falling) + 1)  # log theta, were the first m coded
    coded = np.flatnonzero(np.log(falling) > levels)[-1]
    return float(np.minimum(np.exp(levels[coded]), variances).mean())


def transmit(values: tf.Tensor, air: Air, snr_db: Scalar, key: Key) -> tf.Tensor:
    """Unit-variance reals [B, m], two on a symbol, through the air of one device, and the receiver's estimates [B, m].

    Every row has a channel of its own. The receiver combines its antennas and takes what it believes for true.
    """
    x = pack(values * 0.5**0.5)  # [B, N]
    z, noise = send(air, x, tf.fill([tf.shape(x)[0]], tf.cast(snr_db, tf.float32)), key)
    return unpack(z / tf.cast(1.0 + noise, z.dtype), values.shape[-1]) / 0.5**0.5


def _linear(snr_db: float | np.ndarray) -> np.ndarray:
    return 10 ** (np.asarray(snr_db) / 10)
