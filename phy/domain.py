"""The domain in which signals pass the channel, and which one is right.

The frequency domain (``frequency_domain.py``) multiplies by responses. It is exact only where 0 <= advance + offset +
path delay <= prefix over all delays that can occur, as early arrivals have no prefix to protect them, and where
subcarriers stay orthogonal. The time domain (``time_domain.py``) filters waveforms and is right everywhere.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol

import tensorflow as tf

from . import keys
from .channels import Channel
from .grid import Grid
from .impairments import Impairment
from .impairments._chain import Chain
from .keys import Key
from .link import Link, Paths, Size, Span

GROUP_BYTES = 2**25  # of symbols, waveforms and spectra held at once


class Fading(NamedTuple):
    """One realisation of the channel; both are the same paths where signals pass mean responses."""

    true: Paths  # what signals pass, one time step a symbol, or one a block of the waveform
    mean: Paths  # the mean response over each symbol


class Realisation(NamedTuple):
    """What a chain of impairments makes of a realisation."""

    chain: Chain
    before: Fading  # over the symbols before the data
    now: Fading  # over the data


class Domain(Protocol):
    """What takes a realisation of the channel from its draw to the symbols that the receiver reads.

    Spans and places in time count OFDM symbols; ``first`` is the first of some symbols after the data began.
    """

    orthogonal: ClassVar[bool]  # whether every element arrives apart from all others

    def fade(self, channel: Channel, size: Size, span: Span, key: Key, place: Key) -> Fading:
        """The channel over a span, as nothing has impaired it yet; the keys are those of ``Channel.draw``."""
        ...

    def impair(self, fading: Fading, chain: Chain, span: Span) -> Fading:
        """The same with impairments: with the mean effects of all, and what can act on paths alone acting there."""
        ...

    def at(self, fading: Fading, first: int, symbols: int) -> Fading:
        """So many symbols of a realisation, from the given one of its own on."""
        ...

    def silence(self, symbols: int, antennas: int, batch: int | tf.Tensor) -> tf.Tensor:
        """What a receiver has that has heard nothing yet: [B, A, T, F], or as ``add`` leaves it."""
        ...

    def size(self, symbols: int, antennas: int) -> int:
        """How many complex numbers a receiver holds of so many symbols."""
        ...

    def add(
        self, y: tf.Tensor, x: tf.Tensor, link: Link, devices: tf.Tensor | None, chain: Chain, first: int = 0
    ) -> tf.Tensor:
        """What the receiver has once some devices, or all, have sent x as well, [B, C, up to T symbols, F]."""
        ...

    def receive(self, y: tf.Tensor, link: Link, key: Key, chain: Chain, first: int = 0) -> tf.Tensor:
        """The symbols that the receiver reads, with its noise, [B, A, T, F]."""
        ...


def impaired(domain: Domain, fading: Fading, chain: Chain, span: Span) -> Realisation:
    """A realisation over a span with impairments, parted where the data begins."""
    whole, lead = domain.impair(fading, chain, span), -span.first
    return Realisation(chain, domain.at(whole, 0, lead), domain.at(whole, lead, span.steps - lead))


def with_noise(y: tf.Tensor, power: tf.Tensor, key: Key) -> tf.Tensor:
    """y [B, ...] plus complex noise of a power, [] or [B]."""
    scale = tf.reshape(tf.sqrt(power), [-1] + [1] * (y.shape.rank - 1))
    return y + tf.cast(scale, y.dtype) * keys.complex_normal(key, tf.shape(y), y.dtype)


def arrivals(grid: Grid, channel: Channel, impairments: Sequence[Impairment]) -> tuple[float, float]:
    """The first and the last arrival there can be, in samples after what is on time."""
    low, high = 0.0, channel.longest / grid.sample
    for impairment in impairments:
        first, last = impairment.delays(grid)
        low, high = low + first / grid.sample, high + last / grid.sample
    return low, high


def why_not_frequency(grid: Grid, channel: Channel, impairments: Sequence[Impairment], coherence: str) -> str:
    """Why the frequency domain would be wrong; empty where it is right."""
    low, high = (arrival + grid.advance for arrival in arrivals(grid, channel, impairments))
    if low < -1e-6 or high > grid.prefix + 1e-6:
        return (
            f"expected every arrival between 0 and {grid.prefix} samples after the window opens, as the frequency "
            f"domain needs, received {low:.3g} to {high:.3g}; lengthen prefix, change advance, or shorten offsets and "
            "delays"
        )
    for impairment in impairments:
        if not impairment.orthogonal:
            return (
                f"expected orthogonal subcarriers, as the frequency domain needs, received {type(impairment).__name__}"
            )
    if coherence == "sample" and not channel.static:
        return "expected taps held over a symbol, as the frequency domain needs, received coherence = sample"
    return ""
