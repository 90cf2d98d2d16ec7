"""Link adaptation (MCS): the fastest of 5G's modulations and code rates that the believed SNR allows is really sent."""

import math
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Gt, Le, Lt

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import Delivery, Offers, Send, Subchannel, _qam
from ._chain import PacketPlan, deliver, passes
from ._modes import MODES, losses, packets

ROUNDING = 1e-4  # dB by which an SNR may miss a threshold
DOUBT = 0.1  # dB to which middles are known, between measured lengths


@dataclass(frozen=True)
class Mcs:
    """Link adaptation by thresholds, and Chase combining: 5G's modulation and coding schemes, really sent.

        mode = the fastest whose threshold is at most the believed SNR,   bits = what its N symbols hold - 16 a packet.

    The modes are those of 3GPP TS 38.214, table 5.1.3.1-2: QPSK to 256-QAM at code rates of 120/1024 to 948/1024, with
    5G's LDPC codes and twenty iterations of belief propagation. A mode is allowed from the SNR at which fewer than
    ``target_bler`` of what a device sends would be lost over AWGN, all its packets together, at the length they have
    here: short packets want up to 3 dB more than long ones. Losses by mode, length and SNR were measured
    (``_modes.py``). Where SNRs differ over the elements, it is the SNR of a flat link on which the mode's symbols would
    carry as much (MIESM: Brueninghaus et al., "Link performance models for system level simulations of broadband radio
    access systems", PIMRC 2005). Below the least threshold, and where there would be less than 40 bits in a packet,
    nothing is sent.

    N symbols are cut into as few packets of one size as have at most 6144 coded bits and 4224 information bits each;
    every one must arrive. A CRC of 16 bits tells that one did not, and counts as bits of the packet, as published
    curves have none. A packet that failed may be sent up to ``retransmissions`` times more: the receiver adds what it
    hears, weighted by its SNR, and the elements are counted. Who can ask again may begin bolder: a negative
    ``margin_db`` of the uplink or scheme does so. Such transmissions need elements outside the grant, so ``crc_ok`` is
    about the first one and ``deliver`` about all.

    Who knows what losses and bits are worth may choose among ``offers``; images do (``ota/mode_choice.py``).

    >>> import tensorflow as tf
    >>> from overair.ota import Mcs, Subchannel
    >>> snr = tf.constant([[0.01], [10.0], [1000.0]]) * tf.ones([1, 200])  # of 3 devices on 200 elements
    >>> share = Subchannel(tf.ones([3, 200]), snr, snr, tf.zeros([3, 200]), tf.ones([3, 200], tf.complex64))
    >>> nothing, some, most = Mcs().bits(share).numpy().tolist()
    >>> nothing, 0 < some < most
    (0.0, True)
    """

    retransmissions: Annotated[int, Ge(0), Le(100)] = 0
    """How often a failed packet is sent again (HARQ)."""
    target_bler: Annotated[float, Gt(0), Lt(1)] = 0.1
    """Block error rate (BLER) allowed; of all packets together, where belief is right."""

    def bits(self, subchannel: Subchannel) -> tf.Tensor:
        return self.taking(self.places(subchannel)).bits(subchannel)

    def crc_ok(self, subchannel: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        """Of the first transmission alone, one packet after another."""
        return self.taking(self.places(subchannel)).crc_ok(subchannel, bits, devices, key)

    def deliver(self, subchannel: Subchannel, send: Send, key: Key) -> Delivery:
        return self.taking(self.places(subchannel)).deliver(subchannel, send, key)

    def taking(self, places: tf.Tensor) -> "Taken":
        return Taken(places, self.retransmissions)

    def places(self, subchannel: Subchannel) -> tf.Tensor:
        """The place in MODES of what devices send, -1 for nothing, [C]."""
        words, size, _ = packets(_own(subchannel))  # [M, C] each
        middle, spread = losses(size)
        of_each = -tf.math.expm1(math.log1p(-self.target_bler) / tf.cast(words, tf.float32))
        thresholds = middle - spread * tf.math.ndtri(of_each)
        allowed = (thresholds - ROUNDING <= self._counted_on(subchannel)) & (size > 0)
        bits = tf.where(allowed, words * size, 0)
        return tf.where(tf.reduce_any(allowed, axis=0), tf.argmax(bits, axis=0, output_type=tf.int32), -1)

    def offers(self, subchannel: Subchannel, again: Sequence[tf.Tensor] = ()) -> Offers:
        words, size, _ = packets(_own(subchannel))  # [M, C] each
        middle, spread = losses(size)
        spread = tf.sqrt(spread**2 + DOUBT**2)
        heard, sends, left = subchannel, 1.0, tf.ones_like(middle)
        for attempt in range(1 + self.retransmissions):
            if attempt:  # what is heard of a packet adds up, weighted by its SNR; packets that are there are not sent
                sends += left
                more = again[attempt - 1] if again else subchannel.believed
                heard = heard._replace(believed=heard.believed + more)
            of_each = 0.5 * tf.math.erfc((self._counted_on(heard) - middle) / spread / 2**0.5)
            left = tf.minimum(left, of_each)
        loss = -tf.math.expm1(tf.cast(words, tf.float32) * tf.math.log1p(-left))
        bits = tf.cast(words * size, tf.float32)
        return Offers(bits, tf.where(size > 0, loss, 1.0), tf.broadcast_to(sends, tf.shape(bits)))

    def _counted_on(self, subchannel: Subchannel) -> tf.Tensor:
        """The SNR in dB of a flat link on which a mode's symbols carry as much, [M, C]."""
        own = tf.reduce_sum(subchannel.mask, axis=1)

        def flat_db(order: int, each: tf.Tensor) -> tf.Tensor:
            carried = tf.reduce_sum(subchannel.mask * each, axis=1)
            return _qam.needed_db(order, tf.math.divide_no_nan(carried, own))

        information, _ = _qam.carried_by_each(subchannel.believed)
        by_order = tf.stack([flat_db(*each) for each in zip(_qam.ORDERS, information, strict=True)])  # [4, C]
        return tf.gather(by_order, [_qam.ORDERS.index(mode.order) for mode in MODES])


class Taken(NamedTuple):
    """Modes that were chosen, by their places in MODES, -1 for none, [C]."""

    places: tf.Tensor
    retransmissions: int

    def bits(self, subchannel: Subchannel) -> tf.Tensor:
        plan = self._plan(subchannel)
        return tf.cast(plan.words * plan.size, tf.float32)

    def crc_ok(self, subchannel: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        return passes(self._plan(subchannel), subchannel, bits, devices, key)

    def deliver(self, subchannel: Subchannel, send: Send, key: Key) -> Delivery:
        return deliver(self._plan(subchannel), subchannel.mask.shape[1], send, key, self.retransmissions)

    def _plan(self, subchannel: Subchannel) -> PacketPlan:
        inside = tf.maximum(self.places, 0)
        order = tf.gather(tf.constant([_qam.ORDERS.index(mode.order) for mode in MODES]), inside)
        every = tf.transpose(tf.stack(packets(_own(subchannel))), [2, 1, 0])  # [C, M, 3]
        words, size, symbols = tf.unstack(tf.gather(every, inside, batch_dims=1), axis=1)
        return PacketPlan(order, words, tf.where(self.places < 0, 0, size), symbols)


def _own(subchannel: Subchannel) -> tf.Tensor:
    """Elements of each device, int32 [C]."""
    return tf.cast(tf.reduce_sum(subchannel.mask, axis=1), tf.int32)
