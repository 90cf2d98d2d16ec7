"""Rates: how many bits the elements of a digital device carry, and whether they get through."""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf

from ...phy.documented import documented
from ...phy.keys import Key


@documented
class Subchannel(NamedTuple):
    """The elements that devices own, as each believes them and as the receiver finds them.

    Behind the receiver's combiner, over the amplitude that it believes to be there, a symbol x is heard as gain x + n /
    sqrt(snr), with n from CN(0, 1).

    >>> import tensorflow as tf
    >>> from overair.ota import Subchannel
    >>> snr = tf.fill([1, 10], 6.0)  # of a device on 10 elements
    >>> share = Subchannel(tf.ones([1, 10]), snr, snr, tf.ones([1, 10]), tf.ones([1, 10], tf.complex64))
    >>> share.known.numpy().ravel().tolist()[:2], share.information.numpy().round(3).tolist()  # 10 log2(1 + 6/2)
    ([3.0, 3.0], [20.0])
    """

    mask: tf.Tensor  # 1 on own elements, 0 elsewhere, [C, N]
    believed: tf.Tensor  # SNR that devices count on, [C, N]
    snr: tf.Tensor  # SNR behind the combiner if what the receiver believes were true, [C, N]
    csi_noise: tf.Tensor  # power behind the combiner of what it does not know, over that of the noise; [C, N] or less
    gain: tf.Tensor  # complex, 1 where the receiver knows the channel; [C, N] or less

    @property
    def known(self) -> tf.Tensor:
        """SNR behind the combiner, with what the receiver does not know as noise, [C, N]."""
        return self.snr / (1.0 + self.csi_noise)

    @property
    def information(self) -> tf.Tensor:
        """Bits that long codes carry to this receiver, [C]."""
        return shannon(self.mask, self.known)


def shannon(mask: tf.Tensor, snr: tf.Tensor) -> tf.Tensor:
    """sum_l log2(1 + SNR_l) over own elements, [C]."""
    return tf.reduce_sum(mask * (tf.math.log(1.0 + snr) / 0.6931471805599453), axis=1)


@documented
@runtime_checkable
class Rate(Protocol):
    """How many bits the elements of a digital device carry, and whether they get through.

        bits = f(SNRs that a device counts on),   crc_ok = they hold against the SNRs that there are.

    >>> import tensorflow as tf
    >>> from overair.ota import Capacity, Rate, Subchannel
    >>> from overair.phy import keys
    >>> believed, true = tf.fill([1, 10], 3.0), tf.fill([1, 10], 1.0)
    >>> share = Subchannel(tf.ones([1, 10]), believed, true, tf.zeros([1, 10]), tf.ones([1, 10], tf.complex64))
    >>> arrives = Capacity().crc_ok(share, Capacity().bits(share), tf.range(1), keys.key(0))
    >>> isinstance(Capacity(), Rate), arrives.numpy().tolist()  # it counted on too much
    (True, [False])
    """

    def bits(self, subchannel: Subchannel) -> tf.Tensor:
        """How many bits devices may send on their elements, by what they believe, float32 [C]; 0 to stay silent."""
        ...

    def crc_ok(self, subchannel: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        """Whether so many bits, float32 [C], of devices, int32 [C], get through: bool [C].

        What is drawn depends on device and key, int64 [2], and not on who else asks.
        """
        ...


# From symbols [C, N] and a transmission's number to what the receiver has, symbols plus noise, and that noise's power
Send = Callable[[tf.Tensor, int], tuple[tf.Tensor, tf.Tensor]]


@documented
class Delivery(NamedTuple):
    """What became of packets that were really sent."""

    crc_ok: np.ndarray  # bool [C]
    uses: np.ndarray  # elements, those of retransmissions included, [C]
    sends: np.ndarray  # transmissions, the first included, [C]


@runtime_checkable
class Repeats(Protocol):
    """A rate that really sends its symbols, and may do so again where they fail."""

    def deliver(self, subchannel: Subchannel, send: Send, key: Key) -> Delivery:
        """Send the packets of devices that own all elements."""
        ...


@documented
class Offers(NamedTuple):
    """What a device may choose between, by what it believes, a value a mode, [M, C] each."""

    bits: tf.Tensor  # 0 for none
    loss: tf.Tensor  # probability that not all of the bits arrive, retransmissions included
    sends: tf.Tensor  # transmissions of each of its elements, on average


@runtime_checkable
class Offering(Protocol):
    """A rate with modes, of which who sends may take another than the rate itself would."""

    @property
    def retransmissions(self) -> int:
        """How often a packet that failed is sent again."""
        ...

    def offers(self, subchannel: Subchannel, again: Sequence[tf.Tensor] = ()) -> Offers:
        """The modes on the elements of devices that own all of them.

        ``again`` are the SNRs [C, N] that each retransmission is counted on; those of the first unless given.
        """
        ...

    def taking(self, places: tf.Tensor) -> Rate:
        """The rate of devices that take the modes at these places [C], or none at -1."""
        ...


FAMILY = Rate  # what each file of this folder is one of

__all__ = ["Delivery", "Offering", "Offers", "Rate", "Repeats", "Send", "Subchannel", "shannon"]
