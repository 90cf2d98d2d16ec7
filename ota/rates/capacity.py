"""Capacity (Shannon): as many bits as the believed channel carries; they arrive if it carries them to the receiver."""

import math
from statistics import NormalDist
from typing import Annotated

import tensorflow as tf
from annotated_types import Gt, Lt

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from . import Subchannel, shannon

ROUNDING = 1e-5  # a rate is not "above" the mutual information by float rounding alone


@dataclass(frozen=True)
class Capacity:
    """Shannon's capacity, or that of finite packets.

        R = sum_l log2(1 + SNR_l),   or less a normal back-off for packets of finite length.

    R is over a device's own elements, as believed; the packet is lost where the receiver's own sum, with what it does
    not know as noise, is below the bits it holds. That is the limit of long codes.

    With ``target_bler`` p, the probability of a lost packet that a device accepts, R is what the best codes of n
    elements reach, to the normal approximation, sum_l log2(1 + SNR_l) - sqrt(sum_l V_l) Q^-1(p) + log2(2 n) / 2 with V
    = (1 - 1/(1 + SNR)^2) log2(e)^2; but never more than the limit, which it would pass where little is sent or many
    errors are accepted. An element is two real channels, of log2(1 + SNR)/2 and V/2 each, so the last term has their
    number, 2n. A packet that fills this R is lost with that probability where belief is right, and in general with
    Q((R_0 - bits) / sqrt(sum_l V_l)), where R_0 is the true R at p = 1/2. Polyanskiy, Poor and Verdu, "Channel coding
    rate in the finite blocklength regime", IEEE Trans. Information Theory 2010, eq. 1 and theorem 54 for two real
    dimensions an element.

    >>> import tensorflow as tf
    >>> from overair.ota import Capacity, Subchannel
    >>> snr = tf.fill([3, 10], 3.0)  # of 3 devices on 10 elements
    >>> share = Subchannel(tf.ones([3, 10]), snr, snr, tf.zeros([3, 10]), tf.ones([3, 10], tf.complex64))
    >>> Capacity().bits(share).numpy().round(3).tolist(), bool((Capacity(0.01).bits(share) < 20.0).numpy().all())
    ([20.0, 20.0, 20.0], True)
    """

    target_bler: Annotated[float, Gt(0), Lt(1)] | None = None
    """Block error rate (BLER) that a device accepts for its packet's length; codes are infinitely long unless given."""

    def bits(self, subchannel: Subchannel) -> tf.Tensor:
        if self.target_bler is None:
            return shannon(subchannel.mask, subchannel.believed)
        penalty = -NormalDist().inv_cdf(self.target_bler) * _deviation(subchannel.mask, subchannel.believed)
        room = _middle(subchannel.mask, subchannel.believed) - penalty
        return tf.clip_by_value(room, 0.0, shannon(subchannel.mask, subchannel.believed))

    def crc_ok(self, subchannel: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        if self.target_bler is None:
            return subchannel.information >= bits * (1.0 - ROUNDING)
        room = _middle(subchannel.mask, subchannel.known) - bits
        lost = 0.5 * tf.math.erfc(
            room / (2**0.5 * tf.maximum(_deviation(subchannel.mask, subchannel.known), 1e-6))
        )  # [C]
        key = keys.fold(key, "lost")
        drawn = tf.map_fn(
            lambda device: keys.uniform(keys.fold(key, device), []), devices, fn_output_signature=tf.float32
        )
        return lost <= drawn


def _middle(mask: tf.Tensor, snr: tf.Tensor) -> tf.Tensor:
    """The bits that are lost half of the time, [C]."""
    channels = tf.maximum(2.0 * tf.reduce_sum(mask, axis=1), 1.0)  # real ones
    return shannon(mask, snr) + 0.5 * tf.math.log(channels) / math.log(2.0)


def _deviation(mask: tf.Tensor, snr: tf.Tensor) -> tf.Tensor:
    """sqrt(sum_l V_l) over own elements, in bits, [C]."""
    return tf.sqrt(tf.reduce_sum(mask * (1.0 - 1.0 / (1.0 + snr) ** 2), axis=1)) / math.log(2.0)
