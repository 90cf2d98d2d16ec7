"""The air: a channel, what impairs it, who knows what of it, and the sum at the receiver."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Literal, get_args, get_origin, get_type_hints

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from . import keys, sizes
from .channels import Channel
from .coherence import coherence
from .combiners import Combiner
from .combiners.maximum_ratio import MaximumRatio
from .csi import Csi, Observation, Pilots
from .csi.perfect import Perfect
from .documented import documented
from .domain import Domain, Fading, Realisation, arrivals, impaired, why_not_frequency
from .frequency_domain import FrequencyDomain
from .grid import Grid
from .impairments import Distortion, Impairment
from .impairments._chain import Chain, drawn
from .keys import Key, Scalar
from .link import Link, OnePlace, Paths, Size, Span, superpose
from .physical import budgets
from .place import Cohort, Place
from .sounding import hear
from .time_domain import TimeDomain
from .waveform import Waveform

MOST = {"devices": 10**6, "antennas": 1024}


@documented
@dataclass(frozen=True)
class Air:
    """K devices to one receiver of A antennas over one OFDM grid.

        y(t, f) = sum_k h_k(t, f) x_k(t, f) + w(t, f),   w from CN(0, N0) on every element and antenna.

    ``init`` draws what lasts, ``draw`` one round's link, ``add`` lets some devices send, ``receive`` adds the
    receiver's noise once and hands over the symbols; ``send`` is these in a row. Impairments decide the domain,
    responses or waveforms. Device k may spend P 10^(power_offsets_db[k mod n]/10) of n budgets given.

    >>> from overair.phy import Air, Grid, Tdl, keys
    >>> air = Air(Grid(), Tdl(), devices=20, antennas=4)
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round", 7), time=0.0, slots=2, snr_db=10.0)
    >>> x = keys.complex_normal(keys.key(0, "symbols"), [1, 20, 28, 64])  # [batch, devices, symbols, subcarriers]
    >>> air.send(x, link, keys.key(0, "noise", 7)).shape
    TensorShape([1, 4, 28, 64])
    """

    grid: Grid
    """OFDM numerology."""
    channel: Channel
    """How signals scatter."""
    devices: int
    """How many can send."""
    antennas: Annotated[int, Gt(0), Le(1024)] = 1
    """Of the receiver."""
    combiner: Combiner = MaximumRatio()
    """How the antennas are combined."""
    impairments: tuple[Impairment, ...] = ()
    """What clocks, distances and hardware do."""
    csit: Csi = Perfect()
    """CSI of the transmitters (CSIT), what they believe of the channel."""
    csir: Csi = Perfect()
    """CSI of the receiver (CSIR), what it believes of the channel."""
    domain: Literal["auto", "frequency", "time"] = "auto"
    """Responses, or waveforms; what impairments need unless given."""
    coherence: Literal["symbol", "sample"] = "symbol"
    """How long taps of a waveform's channel are held; over a sample, Doppler spreads subcarriers (ICI)."""
    oversampling: Literal[1, 2, 4] = 2
    """Samples of a waveform where the grid has one."""
    power_offsets_db: tuple[Annotated[float, Ge(-300), Le(300)], ...] = ()
    """Budgets of single devices over P, in dB; for devices 0, 1 and so on, and again from the first."""

    def __post_init__(self) -> None:
        self._check_fields()
        object.__setattr__(self, "impairments", tuple(self.impairments))
        object.__setattr__(self, "power_offsets_db", tuple(self.power_offsets_db))
        _ = self.budgets
        self.csit.check(self.grid, self._arrivals_of(self._seen))
        self.csir.check(self.grid, self._arrivals)
        low, high = self._arrivals
        if high - low > self.grid.symbols * self.grid.symbol_samples:
            raise ValueError(
                f"air.impairments: expected arrivals within a slot of {self.grid.symbols * self.grid.symbol_samples} "
                f"samples, received {low:.3g} to {high:.3g} samples; shorten offsets or the channel's delay spread"
            )
        if self.domain == "frequency" and self._needs_time:
            raise ValueError(f"air.domain: {self._needs_time}; take domain = time or auto")
        self.check_memory(1, "air.antennas")

    @cached_property
    def chosen_domain(self) -> Domain:
        """The domain that was asked for, or else the one that impairments need."""
        if self.domain == "frequency" or (self.domain == "auto" and not self._needs_time):
            return FrequencyDomain(self.grid)
        low, high = (arrival * self.grid.sample for arrival in self._arrivals)
        held = self.coherence == "symbol" or self.channel.static
        return TimeDomain(Waveform(self.grid, low, high, held, self.oversampling))

    @property
    def orthogonal(self) -> bool:
        """Whether every element arrives apart from all others, as in the frequency domain."""
        return self.chosen_domain.orthogonal

    @property
    def homogeneous(self) -> bool:
        """Whether devices that send c times as much arrive c times as strong and otherwise unchanged."""
        sent = (each for each in self.impairments if each.stage == "transmit" and isinstance(each, Distortion))
        return all(impairment.homogeneous for impairment in sent)

    @property
    def budgets(self) -> tf.Tensor:
        """Energy an element that each device may spend, in units of P, [K]."""
        return tf.constant(budgets(self.power_offsets_db, self.devices), tf.float32)

    @cached_property
    def lead(self) -> int:
        """OFDM symbols before the data in which the channel is learnt."""
        return max(side.lead(self.grid, self.devices) for side in self._sides)

    @cached_property
    def pilots(self) -> int:
        """Resource elements of a round's sounding grant; one sounding serves both sides."""
        return max(side.pilots(self.grid, self.devices) for side in self._sides)

    @cached_property
    def pilot_energy(self) -> float:
        """Energy a device spends on pilots in a round, in units of P."""
        return max(side.pilot_energy(self.grid) for side in self._sides)

    def check_memory(self, slots: int, field: str) -> None:
        """Refuse rounds of so many slots of which not even the symbols or a single path would fit."""
        symbols = self.lead + slots * self.grid.symbols
        table = self.grid.subcarriers if self.pilots or self.csit.bits(self.grid, self.antennas) else 1
        dense = max(1 if self.channel.static else symbols, table)  # of what is held of each device
        heard, total = self.chosen_domain.size(symbols, self.antennas), self.devices * self.antennas * dense
        sizes.check(field, heard, f"{symbols} symbols x {self.grid.subcarriers} subcarriers x {self.antennas} antennas")
        each = f"{self.antennas} antennas x {dense} symbols or subcarriers"
        sizes.check("devices", total, f"{self.devices} devices x {each}")

    def init(self, key: Key) -> Place:
        """Draw what lasts over all rounds, from a key, int64 [2]."""
        return Place(key)

    def draw(
        self, place: Place | Cohort, key: Key, time: Scalar, slots: int, snr_db: Scalar = 0.0, batch: int = 1
    ) -> Link:
        """One realisation over consecutive slots, with P = 1 and N0 = 10^(-snr_db/10).

        ``time`` in seconds is when the data begins; it is for what drifts, and for fading that goes on.
        """
        faded, chain, span = self.fade(place, key, time, slots, batch)
        whole = impaired(self.chosen_domain, faded, chain, span)
        seen = whole  # what the transmitters could learn at best
        if not all(impairment.seen for impairment in self.impairments):
            seen = impaired(self.chosen_domain, faded, chain.where(lambda impairment: impairment.seen), span)

        noise, (true, mean) = tf.pow(10.0, -tf.cast(snr_db, tf.float32) / 10.0), whole.now
        apart = () if mean is true else mean  # kept where signals pass something else
        link = Link(true, mean, mean, self.grid.frequencies, noise, time, chain.keys, apart)
        of_transmitters, of_receiver = (self._observe(link, side, key) for side in (seen, whole))

        return link._replace(
            transmitters=self.csit.believe(of_transmitters, keys.fold(key, "transmitters")),
            receiver=self.csir.believe(of_receiver, keys.fold(key, "receiver")),
        )

    def fade(self, place: Place | Cohort, key: Key, time: Scalar, slots: int, batch: int) -> tuple[Fading, Chain, Span]:
        """What ``draw`` begins with: a channel that nothing has impaired yet, what will, and the span of both."""
        span = Span(time, self.lead + slots * self.grid.symbols, self.grid.symbol_seconds, -self.lead)
        chain = drawn(self.grid, self.impairments, key, place.lasting, place.shared)
        size = (OnePlace if place.shared else Size)(batch, self.antennas, self.devices)
        fresh, lasting = (keys.fold(each, "channel") for each in (key, place.lasting))
        return self.chosen_domain.fade(self.channel, size, span, fresh, lasting), chain, span

    def empty(self, slots: int, batch: int | tf.Tensor = 1) -> tf.Tensor:
        """A receiver that has heard nothing yet: [B, A, T, F], or spectra of a waveform's blocks [B, A, J, bins]."""
        return self.chosen_domain.silence(slots * self.grid.symbols, self.antennas, batch)

    def add(self, y: tf.Tensor, x: tf.Tensor, link: Link, devices: tf.Tensor | None = None) -> tf.Tensor:
        """What the receiver has once some devices, int32 [C], have sent x as well, [B, C, up to T symbols, F]."""
        return self.chosen_domain.add(y, x, link, devices, self._chain(link))

    def receive(self, y: tf.Tensor, link: Link, key: Key) -> tf.Tensor:
        """The symbols the receiver reads, [B, A, T, F]: with its noise, drawn once however many have sent."""
        return self.chosen_domain.receive(y, link, key, self._chain(link))

    def noise(self, slots: int, link: Link, key: Key, batch: int | tf.Tensor = 1) -> tf.Tensor:
        """The noise that ``receive`` adds under the same key, [B, A, T, F], were the receiver without fault."""
        return self.chosen_domain.receive(self.empty(slots, batch), link, key, Chain(self.grid, (), ()))

    def send(self, x: tf.Tensor, link: Link, key: Key) -> tf.Tensor:
        """All devices send x, complex64 [B, K, T, F], at once; the receiver gets complex64 [B, A, T, F]."""
        y = self.chosen_domain.silence(x.shape[2], self.antennas, tf.shape(x)[0])
        return self.receive(self.add(y, x, link), link, key)

    def _observe(self, link: Link, side: Realisation, key: Key) -> Observation:
        """What there is to learn from, for those that see so many of the impairments."""
        sounded = link._replace(true=side.before.true)

        def listen(pilots: Pilots) -> tf.Tensor:
            heard_with = keys.fold(key, "pilots")
            return hear(pilots, self.chosen_domain, sounded, side.chain, self.budgets, self.lead, heard_with)

        reach = self._arrivals_of(side.chain.impairments)
        now, before = side.now.mean, side.before.mean
        kept = coherence(self.grid, self.channel, side.chain.impairments)
        return Observation(now, before, self.grid, link.noise, self.budgets, self.lead, reach, listen, kept)

    def _chain(self, link: Link) -> Chain:
        return Chain(self.grid, self.impairments, link.keys)

    def _check_fields(self) -> None:
        for name in ("devices", "antennas"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"air.{name}: expected a whole number of at least 1, received {value!r}")
            if value > MOST[name]:
                raise ValueError(f"air.{name}: expected at most {MOST[name]}, received {value}")
        for name, hint in get_type_hints(type(self)).items():
            choices = get_args(hint) if get_origin(hint) is Literal else ()
            if choices and (value := getattr(self, name)) not in choices:
                raise ValueError(f"air.{name}: expected one of {', '.join(map(str, choices))}, received {value!r}")

    @property
    def _sides(self) -> tuple[Csi, Csi]:
        return self.csit, self.csir

    @property
    def _seen(self) -> list[Impairment]:
        return [impairment for impairment in self.impairments if impairment.seen]

    def _arrivals_of(self, impairments: Sequence[Impairment]) -> tuple[float, float]:
        return arrivals(self.grid, self.channel, impairments)

    @cached_property
    def _arrivals(self) -> tuple[float, float]:
        return self._arrivals_of(self.impairments)

    @cached_property
    def _needs_time(self) -> str:
        return why_not_frequency(self.grid, self.channel, self.impairments, self.coherence)


__all__ = ["Air", "Paths", "Place", "superpose"]
