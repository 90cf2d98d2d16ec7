"""The frequency domain: every element arrives times a response of its own, y(t, f) = sum_k h_k(t, f) x_k(t, f).

Signals pass the mean response over each symbol, mean effects of impairments included. ``domain.py`` says where this is
exact.
"""

from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from .channels import Channel
from .domain import Fading, with_noise
from .grid import Grid
from .impairments._chain import Chain
from .keys import Key
from .link import Link, Size, Span, superpose


@dataclass(frozen=True)
class FrequencyDomain:
    """Symbols on a grid; see ``Domain``."""

    grid: Grid
    orthogonal: ClassVar[bool] = True

    def fade(self, channel: Channel, size: Size, span: Span, key: Key, place: Key) -> Fading:
        paths = channel.draw(size, span, key, place)
        return Fading(paths, paths)

    def impair(self, fading: Fading, chain: Chain, span: Span) -> Fading:
        paths = chain.apply(fading.mean, span)
        return Fading(paths, paths)

    def at(self, fading: Fading, first: int, symbols: int) -> Fading:
        paths = fading.mean.at(first, symbols)
        return Fading(paths, paths)

    def silence(self, symbols: int, antennas: int, batch: int | tf.Tensor) -> tf.Tensor:
        return tf.zeros([batch, antennas, symbols, self.grid.subcarriers], tf.complex64)

    def size(self, symbols: int, antennas: int) -> int:
        return antennas * symbols * self.grid.subcarriers

    def add(
        self, y: tf.Tensor, x: tf.Tensor, link: Link, devices: tf.Tensor | None, chain: Chain, first: int = 0
    ) -> tf.Tensor:
        symbols = x.shape[2]
        sent = superpose(y[:, :, :symbols], x, link.response(devices, symbols=symbols))
        return sent if symbols == y.shape[2] else tf.concat([sent, y[:, :, symbols:]], 2)

    def receive(self, y: tf.Tensor, link: Link, key: Key, chain: Chain, first: int = 0) -> tf.Tensor:
        return with_noise(y, link.noise, key)
