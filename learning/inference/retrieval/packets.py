"""Packets beside the analog way: the same links, and how many bits of each query get through them.

A query that is sent as bits takes the elements, the energy, the channel and the pilots of one whose features are sent
as they are: the packet of query q is sending q of ``phy/links.py``, as its features are. The receiver tells the device,
at no cost, the SNR that each element has for it, and the device picks its rate by that: of a rival, the best that can
be assumed.
"""

from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ....ota.image_links import shares
from ....ota.rates import Rate
from ....phy import Air, keys
from ....phy.keys import Key


class PacketsCarried(NamedTuple):
    """Bits that fit into each packet, and whether it arrives, [P] each."""

    bits_available: np.ndarray
    crc_ok: np.ndarray


@dataclass(frozen=True)
class Carrier:
    """Packets of so many elements over an air, each on a link of its own; each is sent once."""

    air: Air
    rate: Rate
    elements: int
    packets: int
    sent: dict[tuple[float, ...], PacketsCarried] = field(default_factory=dict, compare=False)

    def carry(self, snr_db: float, key: Key) -> PacketsCarried:
        """What the packets hold at an SNR under a key; the second time it is looked up."""
        name = (snr_db, *key.numpy().tolist())
        if name not in self.sent:
            self.sent[name] = PacketsCarried(
                *(value.numpy() for value in self._carry(tf.constant(snr_db, tf.float32), key))
            )
        return self.sent[name]

    @cached_property
    def _carry(self) -> tf.types.experimental.PolymorphicFunction:
        def carry(snr_db: tf.Tensor, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
            share = shares(self.air, tf.fill([self.packets], snr_db), self.elements, key, "told")
            room = self.rate.bits(share)
            return room, self.rate.crc_ok(share, room, tf.range(self.packets), keys.fold(key, "packets"))

        return tf.function(carry, autograph=False)


@lru_cache(maxsize=64)
def carrier(air: Air, rate: Rate, elements: int, packets: int) -> Carrier:
    """The same one for all whose queries take such packets, so that they are carried once."""
    return Carrier(air, rate, elements, packets)
