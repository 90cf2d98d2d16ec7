"""The air: a channel, what impairs it, who knows what of it, and the sum at the receiver.

``init`` draws what lasts, ``draw`` one round's link, ``add`` lets some devices send, ``noise`` adds the receiver's
noise once, and ``send`` is these in a row: y(t, f) = sum_k h_k(t, f) x_k(t, f) + w(t, f), w ~ CN(0, N0) per element
and antenna.

This is the frequency road. It is exact only while every arrival stays inside the prefix, 0 <= advance + offset + path
delay <= prefix, which is checked once, when the air is built, over all delays that can occur.
"""

from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from . import keys
from .channels import Channel
from .grid import Grid
from .impairments import Impairment
from .keys import Key, Scalar
from .knowledge import Knowledge
from .knowledge.perfect import Perfect
from .link import Link, Paths
from .receivers import Receiver
from .receivers.maximum_ratio import MaximumRatio


class Place(NamedTuple):
    """What lasts over all rounds: the key that positions and lasting clock offsets are drawn from."""

    key: Key


@dataclass(frozen=True)
class Air:
    """K devices to one receiver of A antennas over one OFDM grid."""

    grid: Grid
    channel: Channel
    devices: int
    antennas: int = 1
    receiver: Receiver = MaximumRatio()
    impairments: tuple[Impairment, ...] = ()
    transmitter_knowledge: Knowledge = Perfect()
    receiver_knowledge: Knowledge = Perfect()

    def __post_init__(self) -> None:
        for name in ("devices", "antennas"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"air.{name}: expected a whole number of at least 1, received {value!r}")
        object.__setattr__(self, "impairments", tuple(self.impairments))
        self._check_frequency_road()

    def init(self, key: Key) -> Place:
        """Draw what lasts."""
        return Place(key)

    def draw(self, place: Place, key: Key, time: Scalar, slots: int, snr_db: Scalar = 0.0, batch: int = 1) -> Link:
        """One realisation over consecutive slots, with P = 1 and N0 = 10^(-snr_db/10).

        ``time`` in seconds is when the round begins; it is for impairments that drift.
        """
        steps = 1 if self.channel.static else slots * self.grid.symbols
        scattered = self.channel.draw(
            batch, self.antennas, self.devices, steps, self.grid.symbol_seconds, keys.fold(key, "channel")
        )
        true, seen = scattered, scattered  # `seen` is what the transmitters could learn at best
        for position, impairment in enumerate(self.impairments):
            impairment_key = keys.fold(place.key if impairment.lasting else key, "impairment", position)
            unchanged = seen is true
            true = impairment.apply(true, self.grid, time, impairment_key)
            if impairment.seen:
                seen = true if unchanged else impairment.apply(seen, self.grid, time, impairment_key)
        transmitters = self.transmitter_knowledge.believe(seen, keys.fold(key, "transmitters"))
        receiver = self.receiver_knowledge.believe(true, keys.fold(key, "receiver"))
        noise = tf.pow(10.0, -tf.cast(snr_db, tf.float32) / 10.0)
        return Link(true, transmitters, receiver, self.grid.frequencies, noise)

    def empty(self, slots: int, batch: int = 1) -> tf.Tensor:
        """A receiver that has heard nothing yet, [B, A, T, F]."""
        return tf.zeros([batch, self.antennas, slots * self.grid.symbols, self.grid.subcarriers], tf.complex64)

    def add(self, y: tf.Tensor, x: tf.Tensor, link: Link, devices: tf.Tensor | None = None) -> tf.Tensor:
        """What the receiver has, [B, A, T, F], once some devices have sent x [B, C, T, F] as well."""
        return superpose(y, x, link.response(devices))

    def noise(self, y: tf.Tensor, link: Link, key: Key) -> tf.Tensor:
        """The receiver's noise, drawn once however many have sent."""
        scale = tf.reshape(tf.sqrt(link.noise), [-1, 1, 1, 1])
        return y + tf.cast(scale, y.dtype) * keys.complex_normal(key, tf.shape(y), y.dtype)

    def send(self, x: tf.Tensor, link: Link, key: Key) -> tf.Tensor:
        """All devices send x [B, K, T, F] at once; the receiver gets [B, A, T, F]."""
        y = tf.zeros([tf.shape(x)[0], link.antennas, tf.shape(x)[2], tf.shape(x)[3]], x.dtype)
        return self.noise(self.add(y, x, link), link, key)

    def _check_frequency_road(self) -> None:
        sample = self.grid.sample
        low, high = 0.0, self.channel.longest / sample
        for impairment in self.impairments:
            first, last = impairment.delays(self.grid)
            low, high = low + first / sample, high + last / sample
        low, high = low + self.grid.advance, high + self.grid.advance
        if low < -1e-6 or high > self.grid.prefix + 1e-6:
            raise ValueError(
                f"grid.prefix: expected every arrival between 0 and {self.grid.prefix} samples after the window "
                f"opens, received {low:.3g} to {high:.3g}; "
                f"lengthen prefix, change advance, or shorten offsets and delay spread"
            )


def superpose(y: tf.Tensor, x: tf.Tensor, response: tf.Tensor) -> tf.Tensor:
    """y [B, A, T, F] plus the sum over devices of response [B, A, C, T, F] times x [B, C, T, F]."""
    if response.shape[1] > 1 and response.shape[3] == 1:  # a matrix product a subcarrier, and no copy of x an antenna
        return y + tf.einsum("bacf,bctf->batf", response[:, :, :, 0], x)
    return y + tf.reduce_sum(response * x[:, None], axis=2)


__all__ = ["Air", "Place", "Paths", "superpose"]
