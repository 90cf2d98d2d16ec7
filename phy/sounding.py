"""Sounding: what the receiver hears of pilots that all devices send before the data."""

import tensorflow as tf

from .csi import Pilots
from .domain import GROUP_BYTES, Domain
from .impairments._chain import Chain
from .keys import Key
from .link import Link


def hear(
    pilots: Pilots, domain: Domain, link: Link, chain: Chain, budgets: tf.Tensor, lead: int, key: Key
) -> tf.Tensor:
    """What the receiver reads of pilots over the ``lead`` symbols before the data, [B, A, T, F].

    The link's true paths are those of these symbols. Device k sends with the energy ``budgets``[k] on an element.
    Devices are added in groups that fit the memory set aside.
    """
    y = domain.silence(lead, link.antennas, tf.shape(link.true.a)[0])
    group = max(1, GROUP_BYTES // (8 * lead * chain.grid.subcarriers * (1 + link.antennas)))

    def add_group(heard: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
        some = tf.range(at, tf.minimum(at + group, link.devices))
        amplitudes = tf.cast(tf.sqrt(tf.gather(budgets, some)), y.dtype)
        x = tf.repeat(pilots(some) * amplitudes[:, None, None], tf.shape(y)[0], axis=0)
        return domain.add(heard, x, link, some, chain, -lead)

    y = tf.foldl(add_group, tf.range(0, link.devices, group), initializer=y, parallel_iterations=1)
    return domain.receive(y, link, key, chain, -lead)
