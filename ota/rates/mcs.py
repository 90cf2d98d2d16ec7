"""Link adaptation (MCS): the fastest of nine modulations and code rates that the believed SNR allows is really sent.

The modes are 5G's LDPC codes of rate 1/3, 1/2 and 2/3 on QPSK, 16-QAM and 64-QAM, each from the Es/N0 at which fewer
than 2 % of its packets are lost over AWGN (1536 to 3072 information bits, twenty iterations of belief propagation):

| rate | QPSK | 16-QAM | 64-QAM |
|---|---|---|---|
| 1/3 | -0.75 | 4.0 | 7.5 |
| 1/2 | 1.5 | 6.75 | 11.0 |
| 2/3 | 3.5 | 9.5 | 14.5 |

Without 5G's bit interleaver all nine were measured within 0.23 dB of the table; with it, as here, at -0.96, 3.78, 7.28
(rate 1/3), 1.37, 6.48, 10.84 (1/2), 3.38, 9.17 and 14.15 dB (2/3), to 0.05 dB, up to 0.4 dB lower than without.

Sorted by threshold they are sorted by bits a symbol too; of two as fast the one of the lower threshold is taken, so
16-QAM 1/3 and 64-QAM 1/3 never are. Where SNRs differ over the elements, it is the SNR at which a flat link would carry
as much. Below the first threshold, and where there would be less than 40 bits in it, nothing is sent.

N symbols are cut into as few packets of one size as have at most 6144 coded bits each; every one must arrive. A CRC of
16 bits tells that one did not, and counts as bits of the packet, as published curves have none. A packet that failed
may be sent up to ``retransmissions`` times more: the receiver adds what it hears, weighted by its SNR, and the
elements are counted. Who can ask again may begin bolder: a negative ``margin_db`` of the uplink or scheme does so.
Retransmissions need elements outside the grant, so ``crc_ok`` is about the first transmission, ``deliver`` about all.
"""

import math
from typing import Annotated, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ...phy.keys import Key
from ...phy.strict import STRICT
from . import Delivery, Send, Subchannel, _codes, _qam, shannon
from ._chain import PacketPlan, deliver, passes

LONGEST = 6144  # coded bits of a packet
ROUNDING = 1e-4  # dB by which an SNR may miss a threshold


class Mode(NamedTuple):
    """Bits a symbol, the code rate as a fraction, and the SNR in dB from which it is used."""

    order: int
    above: int
    below: int
    threshold_db: float

    @property
    def efficiency(self) -> float:
        """Information bits a symbol."""
        return self.order * self.above / self.below


TABLE = (
    Mode(2, 1, 3, -0.75),
    Mode(2, 1, 2, 1.5),
    Mode(2, 2, 3, 3.5),
    Mode(4, 1, 3, 4.0),
    Mode(4, 1, 2, 6.75),
    Mode(6, 1, 3, 7.5),
    Mode(4, 2, 3, 9.5),
    Mode(6, 1, 2, 11.0),
    Mode(6, 2, 3, 14.5),
)
CHOSEN = [[mode.efficiency for mode in TABLE].index(mode.efficiency) for mode in TABLE]  # the first as fast


@dataclass(frozen=True, config=STRICT)
class Mcs:
    """Link adaptation by thresholds, and Chase combining."""

    retransmissions: Annotated[int, Ge(0), Le(100)] = 0
    """How often a failed packet is sent again (HARQ)."""

    def bits(self, subchannel: Subchannel) -> tf.Tensor:
        plan = self._plan(subchannel)[1]
        return tf.cast(plan.words * plan.size, tf.float32)

    def crc_ok(self, subchannel: Subchannel, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        """Of the first transmission alone, one packet after another."""
        return passes(self._plan(subchannel)[1], subchannel, bits, devices, key)

    def deliver(self, subchannel: Subchannel, send: Send, key: Key) -> Delivery:
        return deliver(self._plan(subchannel)[1], subchannel.mask.shape[1], send, key, self.retransmissions)

    def places(self, subchannel: Subchannel) -> tf.Tensor:
        """The place in TABLE of what devices send, -1 for nothing, [C]."""
        place, plan = self._plan(subchannel)
        return tf.where(plan.size > 0, place, -1)

    def _plan(self, subchannel: Subchannel) -> tuple[tf.Tensor, PacketPlan]:
        own = tf.reduce_sum(subchannel.mask, axis=1)  # [C]
        carried = tf.math.divide_no_nan(shannon(subchannel.mask, subchannel.believed), own)
        believed = 10.0 / math.log(10.0) * tf.math.log(tf.maximum(tf.math.expm1(carried * math.log(2.0)), 1e-30))
        thresholds = tf.constant([mode.threshold_db - ROUNDING for mode in TABLE])
        allowed = tf.reduce_sum(tf.cast(thresholds <= believed[:, None], tf.int32), axis=1)
        place = tf.gather(tf.constant([-1, *CHOSEN]), allowed)  # [C]
        table = tf.constant([[_qam.ORDERS.index(mode.order), *mode[:3]] for mode in TABLE])
        at, order, above, below = tf.unstack(tf.gather(table, tf.maximum(place, 0)), axis=1)  # [C] each
        own = tf.cast(own, tf.int32)
        words = tf.maximum(-(-own * order // LONGEST), 1)
        symbols = own // words
        size = symbols * order * above // below
        size = tf.where((place < 0) | (size < _codes.LEAST), 0, size)
        return place, PacketPlan(at, words, size, symbols)
