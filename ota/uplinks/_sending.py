"""How digital devices send: who is scheduled, what they count on by what they believe, and what the receiver reads.

Devices that share elements are told apart by the receiver's antennas: zero forcing leaves device k the SNR P / (N0
[(H^H H)^-1]_kk).
"""

from dataclasses import dataclass

import tensorflow as tf

from ...phy import Belief, Detected, Perfect, error_power, expected, squared
from ...phy.combiners.zero_forcing import separate
from ..round import Round, Terms
from ._disturbance import distortion
from ._schedule import chosen
from ._shares import read, turns
from ._water import Poured


@dataclass(frozen=True)
class Sending:
    """How a digital uplink's devices send, whatever they have to say."""

    sdma: int  # devices that share an element
    adaptive: bool  # whether they count on what the receiver knows besides
    scheduled: float  # share of those that take part that sends

    def chosen(self, round: Round) -> Round:
        """The round of those that send."""
        return chosen(round, self.scheduled)

    def counted_on(self, round: Round, snr: tf.Tensor, devices: tf.Tensor) -> Detected:
        """On the granted elements [C, N], of devices [C] whose symbols are sent at ``snr`` [C, 1] over the noise."""
        link, air = round.air_link, round.terms.air
        if self.sdma > 1:
            return self._counted_on_apart(round, snr, devices)
        if not self.adaptive or air.csit == air.csir:
            return read(round, snr, devices, link.transmitters)
        found = expected(link, snr[None, :, :, None], devices)
        return Detected(*(round.on_grant(each[0], round.terms.elements) for each in found))

    def received(self, round: Round, own: Poured, devices: tf.Tensor, y: tf.Tensor) -> Detected:
        """What the receiver reads of devices on the granted elements, [C, N]; ``y`` is what arrives of test symbols."""
        link, snr = round.air_link, own.power / round.air_link.noise  # [C, 1]
        if self.sdma > 1:
            known, one = apart(round, devices, link.receiver.best, self.sdma), tf.ones([1, 1], tf.complex64)
            return Detected(one, snr * known * own.f, tf.zeros([1, 1]))
        if not round.terms.air.orthogonal:
            gain, disturbance = distortion(y, round, devices, *own.sent)  # [C, 1] each
            snr = own.power * squared(gain) / (link.noise + disturbance)
        found = read(round, snr, devices, link.receiver)
        return Detected(found.gain, found.snr * own.f, found.csi_noise * own.f)

    def _counted_on_apart(self, round: Round, snr: tf.Tensor, devices: tf.Tensor) -> Detected:
        link, one = round.air_link, tf.ones([1, 1], tf.complex64)
        believed = apart(round, devices, link.transmitters.best, self.sdma)
        lacks = round.on_grant(error_power(link.transmitters, devices)[0], round.terms.elements)  # [C, N]
        if self.adaptive:  # what the receiver knows besides lies in A - S + 1 dimensions
            counted = snr * (believed + (link.antennas - self.sdma + 1.0) * lacks)
            return Detected(one, counted, tf.zeros([1, 1]))
        return Detected(one, snr * believed, snr * lacks)


def check_sharing(sdma: int, terms: Terms) -> None:
    """Refuses more devices on an element than antennas can tell apart, and ways on which they cannot."""
    air = terms.air
    if sdma > air.antennas:
        raise ValueError(
            f"uplink.sdma: expected at most {air.antennas} devices on an element, as many as antennas, "
            f"received {sdma}; give the receiver more antennas"
        )
    if sdma > 1 and (not air.orthogonal or not isinstance(air.csir, Perfect)):
        raise ValueError(
            f"uplink.sdma: expected 1 in the time domain or with a receiver that does not know the channel, "
            f"received {sdma}"
        )


def apart(round: Round, devices: tf.Tensor, belief: Belief, sharers: int) -> tf.Tensor:
    """1 / [(H^H H)^-1]_kk of devices among those they share elements with, on the granted elements, [C, N]."""
    link, (turn, count) = round.air_link, turns(round, devices)
    places = tf.maximum(turn, 0)[:, None] // sharers * sharers + tf.range(sharers)  # [C, S]
    everybody = tf.where(round.weights > 0)[:, 0]
    mates = tf.gather(everybody, tf.minimum(places, count - 1))
    h = link.response(tf.reshape(mates, [-1]), belief)[0]  # [A, C S, T, F]
    h = tf.reshape(h, [link.antennas, -1, sharers, *h.shape[2:]])
    h *= tf.cast(places < count, h.dtype)[..., None, None]
    strengths = separate(tf.transpose(h, [1, 3, 4, 0, 2]), tf.ones([]))  # [C, T, F, S]
    return round.on_grant(tf.gather(strengths, turn % sharers, axis=3, batch_dims=1), round.terms.elements)
