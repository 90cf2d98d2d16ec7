"""Devices that share elements, told apart by the receiver's antennas."""

import tensorflow as tf

from ...phy import Belief, error_power
from ...phy.combiners.zero_forcing import separate
from ..rates import Subchannel
from ..round import Round
from ._shares import turns


def apart(round: Round, devices: tf.Tensor, belief: Belief, sharers: int) -> tf.Tensor:
    """1 / [(H^H H)^-1]_kk of devices among the S they share elements with, on the granted elements, [C, N]."""
    link = round.air_link
    turn, count = turns(round, devices)
    places = turn[:, None] // sharers * sharers + tf.range(sharers)  # [C, S]
    everybody = tf.where(round.weights > 0)[:, 0]
    mates = tf.gather(everybody, tf.minimum(places, count - 1))
    h = link.response(tf.reshape(mates, [-1]), belief)[0]  # [A, C S, T, F]
    h = tf.reshape(h, [link.antennas, -1, sharers, *h.shape[2:]])
    h *= tf.cast(places < count, h.dtype)[..., None, None]
    strengths = separate(tf.transpose(h, [1, 3, 4, 0, 2]), tf.ones([]))  # [C, T, F, S]
    return round.on_grant(tf.gather(strengths, turn % sharers, axis=3, batch_dims=1), round.terms.elements)


def shared(
    round: Round,
    devices: tf.Tensor,
    sharers: int,
    mask: tf.Tensor,
    snr: tf.Tensor,
    backoff: tf.Tensor,
    adaptive: bool,
) -> Subchannel:
    """The elements [C, N] of devices that share them, at SNRs before the antennas of [C, 1]."""
    link = round.air_link
    believed, known = (apart(round, devices, side.best, sharers) for side in (link.transmitters, link.receiver))
    lacks = round.on_grant(error_power(link.transmitters, devices)[0], round.terms.elements)  # [C, N]
    if adaptive:  # what the receiver knows besides lies in A - S + 1 dimensions
        counted = snr * (believed + (link.antennas - sharers + 1.0) * lacks)
    else:
        counted = snr * believed / (1.0 + snr * lacks)
    nothing, one = tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64)
    return Subchannel(mask, backoff * counted, snr * known, nothing, one)
