"""The time domain: every device's waveform passes its impairments and the channel's filter, and waveforms add up.

What a receiver has are spectra of a waveform's blocks, [B, A, J, bins], as ``waveform.py`` makes them. Signals pass the
paths that impairments of the paths leave; all others act on waveforms, sample by sample.
"""

from dataclasses import dataclass
from typing import ClassVar

import tensorflow as tf

from .channels import Channel
from .domain import GROUP_BYTES, Fading, with_noise
from .impairments._chain import Chain
from .keys import Key
from .link import Link, Size, Span, superpose
from .waveform import Waveform


@dataclass(frozen=True)
class TimeDomain:
    """Waveforms on a grid; see ``Domain``."""

    waveform: Waveform
    orthogonal: ClassVar[bool] = False

    def fade(self, channel: Channel, size: Size, span: Span, key: Key, place: Key) -> Fading:
        paths = channel.draw(size, self.waveform.span(span), key, place)
        return Fading(paths, self.waveform.over_symbols(paths))

    def impair(self, fading: Fading, chain: Chain, span: Span) -> Fading:
        of_paths = chain.where(lambda impairment: impairment.stage == "paths")
        return Fading(of_paths.apply(fading.true, self.waveform.span(span)), chain.apply(fading.mean, span))

    def at(self, fading: Fading, first: int, symbols: int) -> Fading:
        true = fading.true.at(first * self.waveform.knots, self.waveform.steps(symbols))
        return Fading(true, fading.mean.at(first, symbols))

    def silence(self, symbols: int, antennas: int, batch: int | tf.Tensor) -> tf.Tensor:
        return tf.zeros([batch, antennas, self.waveform.steps(symbols), self.waveform.bins], tf.complex64)

    def size(self, symbols: int, antennas: int) -> int:
        return antennas * self.waveform.steps(symbols) * self.waveform.bins

    def add(
        self, y: tf.Tensor, x: tf.Tensor, link: Link, devices: tf.Tensor | None, chain: Chain, first: int = 0
    ) -> tf.Tensor:
        """For groups of devices whose waveforms fit the memory set aside."""
        steps, group = self.waveform.steps(x.shape[2]), self._group(x, link)
        devices = tf.range(link.devices) if devices is None else devices
        heard, rest = y[:, :, :steps], y[:, :, steps:]

        def add_group(so_far: tf.Tensor, at: tf.Tensor | int) -> tf.Tensor:
            some, sent = devices[at : at + group], x[:, at : at + group]
            return superpose(so_far, self._spectra(sent, link, some, chain, first), self._response(link, some, steps))

        if x.shape[1] is not None and x.shape[1] <= group:
            heard = add_group(heard, 0)
        else:
            starts = tf.range(0, tf.size(devices), group)
            heard = tf.foldl(add_group, starts, initializer=heard, parallel_iterations=1)
        return tf.concat([heard, rest], 2)

    def receive(self, y: tf.Tensor, link: Link, key: Key, chain: Chain, first: int = 0) -> tf.Tensor:
        wave = with_noise(self.waveform.join(y), self.waveform.oversampling * link.noise, key)  # [B, A, S]
        read = chain.distort(wave, "receive", self._span(wave, link, first), tf.range(y.shape[1]))
        return self.waveform.demodulate(tf.ensure_shape(read, wave.shape))

    def _group(self, x: tf.Tensor, link: Link) -> int:
        """How many devices' waveforms and responses are held at once."""
        moving = 1 if link.true.steps == 1 else 1 + link.antennas
        device = 8 * self.waveform.steps(x.shape[2]) * self.waveform.bins * (1 + moving)
        return max(1, GROUP_BYTES // (device * max(1, x.shape[0] or 1)))

    def _spectra(self, x: tf.Tensor, link: Link, devices: tf.Tensor, chain: Chain, first: int) -> tf.Tensor:
        """The spectra of what devices send, [B, C, J, bins]."""
        wave = self.waveform.modulate(x)  # [B, C, S]
        sent = chain.distort(wave, "transmit", self._span(wave, link, first), devices)
        return self.waveform.cut(tf.ensure_shape(sent, wave.shape))

    def _response(self, link: Link, devices: tf.Tensor, steps: int) -> tf.Tensor:
        """The spectra of the filters that devices' waveforms pass, [B, A, C, J, bins]."""
        return self.waveform.response(link.true.of(devices).at(0, steps))

    def _span(self, wave: tf.Tensor, link: Link, first: int) -> Span:
        """The samples of a waveform that begins so many symbols after the data."""
        return Span(link.start, wave.shape[-1], self.waveform.sample, first * self.waveform.symbol)
