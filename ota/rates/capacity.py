"""Capacity: as many bits as the believed channel carries; they arrive if the true one carries them.

R = sum_l log2(1 + SNR_l) over a device's own elements, as believed; the packet is lost where the true sum is below the
bits it holds. That is the limit of long codes. With ``error``, the probability of a lost packet that a device accepts,
it is what the best codes of this length reach, to the normal approximation, R = sum_l log2(1 + SNR_l) - sqrt(sum_l
V_l) Q^-1(error) + log2(n) / 2 over n elements with V = (1 - 1/(1 + SNR)^2) log2(e)^2. A packet that fills its R is
then lost with that probability where belief is right, and with Q((R_0 - bits) / sqrt(sum_l V_l)) in general, where R_0
is the true R for an error of one half. Polyanskiy, Poor and Verdu, "Channel coding rate in the finite blocklength
regime", IEEE Trans. Information Theory 2010, eq. 1 and theorem 54 for two real dimensions a symbol.
"""

import math
from statistics import NormalDist
from typing import Annotated

import tensorflow as tf
from annotated_types import Gt, Lt
from pydantic.dataclasses import dataclass

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import STRICT
from . import Share

ROUNDING = 1e-5  # a rate is not "above" the mutual information by float rounding alone


@dataclass(frozen=True, config=STRICT)
class Capacity:
    """The probability of a lost packet that a device accepts for its length; none: codes are long."""

    error: Annotated[float, Gt(0), Lt(1)] | None = None

    def bits(self, share: Share) -> tf.Tensor:
        if self.error is None:
            return _information(share.mine, share.believed)
        penalty = -NormalDist().inv_cdf(self.error) * _deviation(share.mine, share.believed)
        return tf.maximum(_middle(share.mine, share.believed) - penalty, 0.0)

    def arrives(self, share: Share, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        if self.error is None:
            return _information(share.mine, share.known) >= bits * (1.0 - ROUNDING)
        room = _middle(share.mine, share.known) - bits
        lost = 0.5 * tf.math.erfc(room / (2**0.5 * tf.maximum(_deviation(share.mine, share.known), 1e-6)))  # [C]
        key = keys.fold(key, "lost")
        drawn = tf.map_fn(lambda device: keys.uniform(keys.fold(key, device), []), devices, fn_output_signature=tf.float32)
        return lost <= drawn


def _information(mine: tf.Tensor, snr: tf.Tensor) -> tf.Tensor:
    """sum_l log2(1 + SNR_l) over own elements, [C]."""
    return tf.reduce_sum(mine * _log2(1.0 + snr), axis=1)


def _middle(mine: tf.Tensor, snr: tf.Tensor) -> tf.Tensor:
    """The bits that are lost half of the time, [C]."""
    return _information(mine, snr) + 0.5 * _log2(tf.maximum(tf.reduce_sum(mine, axis=1), 1.0))


def _deviation(mine: tf.Tensor, snr: tf.Tensor) -> tf.Tensor:
    """sqrt(sum_l V_l) over own elements, in bits, [C]."""
    return tf.sqrt(tf.reduce_sum(mine * (1.0 - 1.0 / (1.0 + snr) ** 2), axis=1)) / math.log(2.0)


def _log2(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x) / 0.6931471805599453
