"""How much devices disturb each other on the time domain: measured with test symbols through the round's own air."""

from collections.abc import Callable
from typing import TypeAlias

import tensorflow as tf

from ...phy import keys
from ..round import Round
from ._shares import fit

GROUP = 64  # devices whose test symbols are held at once
Owned: TypeAlias = Callable[[Round, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def test(round: Round, owned: Owned) -> tf.Tensor:
    """What the receiver reads, less its noise, while all that take part send their test symbols, [A, T, F].

    ``owned`` says which elements devices [C] own, 0 or 1 [C, N], and the energy on each, [C, 1].
    """
    terms, everybody = round.terms, tf.where(round.weights > 0)[:, 0]

    def add(y: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        some = everybody[first : first + GROUP]
        return terms.air.add(y, terms.air.grid.fill(symbols(round, *owned(round, some)))[None], round.air_link, some)

    groups = tf.range(0, tf.size(everybody), GROUP)
    y = tf.foldl(add, groups, initializer=terms.air.empty(terms.slots), parallel_iterations=1)
    key = keys.fold(round.key, "noise")
    return (terms.air.receive(y, round.air_link, key) - terms.air.noise(terms.slots, round.air_link, key))[0]


def distortion(
    y: tf.Tensor, round: Round, devices: tf.Tensor, mask: tf.Tensor, power: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """What the waveform's way makes of test symbols beside the mean response: a gain and noise, [C, 1] each."""
    link, elements = round.air_link, round.terms.elements
    response = tf.map_fn(lambda h: round.on_grant(h, elements), link.response(devices, link.effective)[0])
    heard = round.terms.air.grid.collect(y, elements)[:, None]  # [A, 1, N]
    return fit(heard, response * symbols(round, mask, power), mask)


def symbols(round: Round, mask: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
    """QPSK test symbols of devices on their own elements, [C, N]; one draw serves all, as each is owned by one."""
    signs = keys.signs(keys.fold(round.key, "test symbols"), [2, round.terms.elements])  # [2, N]
    return tf.complex(signs[0], signs[1]) * tf.cast(mask * tf.sqrt(power / 2.0), tf.complex64)
