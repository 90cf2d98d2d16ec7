"""Packets beside the analog way: the same links, and how many bits of each query get through them.

A query that is sent as bits takes the elements, the energy, the channel and the pilots of one whose features are sent
as they are: ``links`` are the links that ``OverAir`` draws under the same key. The receiver tells the device, at no
cost, the SNR that each element has for it, and the device picks its rate by that: of a rival, the best that can be
assumed. Of an estimated belief the receiver uses as much as correlates with the truth over its elements; the rest of
the truth is noise, as in ``ota/uplinks/digital.py``.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...ota.rates import Rate, Share
from ...phy import Link, Place, keys, squared
from ...phy.grid import Grid
from ...phy.keys import Key
from ...phy.link import Belief
from ..jscc import OverAir


class Carried(NamedTuple):
    """Bits that fit into each packet, and whether it arrives, [P] each."""

    room: np.ndarray
    arrives: np.ndarray


@dataclass(frozen=True)
class Carrier:
    """Packets of so many elements over the air of a layer, each on a link of its own; each is sent once."""

    layer: OverAir
    rate: Rate
    elements: int
    packets: int
    sent: dict[tuple[float, ...], Carried] = field(default_factory=dict, compare=False)

    def carry(self, snr_db: float, key: Key) -> Carried:
        """What the packets hold at an SNR under a key; the second time it is looked up."""
        name = (snr_db, *key.numpy().tolist())
        if name not in self.sent:
            self.sent[name] = Carried(*(value.numpy() for value in self._carry(tf.constant(snr_db, tf.float32), key)))
        return self.sent[name]

    @cached_property
    def _carry(self) -> tf.types.experimental.PolymorphicFunction:
        def carry(snr_db: tf.Tensor, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
            share = shares(links(self.layer, self.elements, self.packets, snr_db, key), self._grid, self.elements)
            share = share._replace(believed=share.known)
            room = self.rate.bits(share)
            return room, self.rate.arrives(share, room, tf.range(self.packets), keys.fold(key, "packets"))

        return tf.function(carry, autograph=False)

    @property
    def _grid(self) -> Grid:
        return self.layer.air.grid


def links(layer: OverAir, elements: int, queries: int, snr_db: tf.Tensor | float, key: Key) -> Link:
    """The links over which the layer sends so many images under a key."""
    slots = layer.air.grid.slots(elements)
    snr = tf.broadcast_to(tf.cast(snr_db, tf.float32), [queries])
    return layer._serving.draw(Place(keys.fold(key, "place")), keys.fold(key, "link"), 0.0, slots, snr, queries)


def shares(link: Link, grid: Grid, elements: int) -> Share:
    """The elements of the only device of each of B links, as believed and as the receiver finds them, [B, N]."""

    def heard(belief: Belief) -> tf.Tensor:
        h = link.response(of=belief)[:, :, 0]  # [B, A, T, F]
        rows = tf.broadcast_to(h, [*tf.unstack(tf.shape(h)[:2]), grid.rows(elements), grid.subcarriers])
        return grid.collect(rows[:, :, : grid.rows(elements)], elements)  # [B, A, N]

    snr = 1.0 / link.noise[:, None]  # [B, 1]
    true = heard(link.effective)
    mine = tf.ones_like(snr) * tf.ones([1, elements])
    believed = snr * _strength(heard(link.transmitters))
    if link.receiver is link.effective:
        return Share(mine, believed, snr * _strength(true), tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64))
    known = heard(link.receiver)
    matched = tf.reduce_sum(tf.math.conj(known) * true, axis=1)  # [B, N]
    total = tf.reduce_sum(_strength(known), axis=1, keepdims=True)  # [B, 1]
    fitted = tf.math.divide_no_nan(tf.reduce_sum(matched, axis=1, keepdims=True), tf.cast(total, matched.dtype))
    gain = tf.math.divide_no_nan(matched, tf.cast(_strength(known), matched.dtype))  # of the symbols, [B, N]
    missed = squared(gain - fitted) * _strength(known)
    strength = snr * squared(fitted) * _strength(known)
    return Share(mine, believed, strength, snr * missed, tf.math.divide_no_nan(gain, fitted))


def _strength(h: tf.Tensor) -> tf.Tensor:
    """sum_a |h_a|^2, [B, N]."""
    return tf.reduce_sum(squared(h), axis=1)
