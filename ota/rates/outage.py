"""Outage: as many bits as slow Rayleigh fading carries but for a share of the time, known at its mean alone."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le, Lt
from scipy.special import gammaincinv, lambertw

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import Subchannel, shannon
from .capacity import ROUNDING


@dataclass(frozen=True)
class Outage:
    """The rate of who knows the mean SNR and not the gain.

        R = sum_l log2(1 + SNR_l q),   P(|h|^2 < q) = target_bler.

    The transmitter knows the mean SNR and nothing of the gain, which is one for all its elements: |h|^2 is the mean of
    ``branches`` independent exponential variables, one an antenna. It sends R bits, with q the quantile of |h|^2 at the
    share ``target_bler`` p, -ln(1 - p) for one branch; the packet is lost where the receiver's sum is below that, which
    happens with probability p. The SNR that a device believes in must be its mean. Over one branch most gets through, R
    (1 - p), at R = W(SNR) / ln 2 bits an element, with W Lambert's. Ozarow, Shamai and Wyner, "Information theoretic
    considerations for cellular mobile radio", IEEE Trans. Vehicular Technology 1994.

    >>> import tensorflow as tf
    >>> from overair.ota import Outage, Subchannel
    >>> mean = tf.fill([1, 10], 10.0)  # SNR of a device on 10 elements
    >>> share = Subchannel(tf.ones([1, 10]), mean, mean, tf.zeros([1, 10]), tf.ones([1, 10], tf.complex64))
    >>> rate = Outage(target_bler=0.1)
    >>> round(rate.quantile, 3), rate.bits(share).numpy().round(2).astype(str).tolist()  # 10 log2(1 + 10 q)
    (0.105, ['10.38'])
    """

    target_bler: Annotated[float, Gt(0), Lt(1)] = 0.1
    """Block error rate (BLER) aimed at, the probability of outage."""
    branches: Annotated[int, Ge(1), Le(1024)] = 1
    """Independent gains that add up, one an antenna."""

    def bits(self, subchannel: Subchannel) -> tf.Tensor:
        return shannon(subchannel.mask, subchannel.believed * self.quantile)

    def crc_ok(self, subchannel: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        return subchannel.information >= bits * (1.0 - ROUNDING)

    @property
    def quantile(self) -> float:
        """The gain, of mean 1, that fading is below with probability ``target_bler``."""
        return float(gain_below(self.target_bler, self.branches))


def gain_below(target_bler: float | np.ndarray, branches: int = 1) -> np.ndarray:
    """The gain, of mean 1, that Rayleigh fading is below with a probability."""
    return gammaincinv(branches, target_bler) / branches


def best_error(snr_db: float | np.ndarray) -> np.ndarray:
    """The share of packets to lose for most to get through over one branch, at a mean SNR."""
    snr = 10 ** (np.asarray(snr_db, float) / 10)
    return -np.expm1(-np.expm1(np.real(lambertw(snr))) / snr)
