"""The air: a channel, what impairs it, who knows what of it, and the sum at the receiver.

``init`` draws what lasts, ``draw`` one round's link, ``add`` lets some devices send, ``receive`` adds the receiver's
noise once and hands over the symbols, and ``send`` is these in a row: y(t, f) = sum_k h_k(t, f) x_k(t, f) + w(t, f),
w ~ CN(0, N0) per element and antenna.

There are two roads (``roads.py``): responses, and waveforms. Which one is taken follows from the impairments, once,
when the air is built.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import tensorflow as tf

from . import keys
from .channels import Channel
from .coherence import coherence
from .grid import Grid
from .impairments import Distortion, Impairment
from .keys import Key, Scalar
from .knowledge import Knowledge, Pilots, Sight
from .knowledge.perfect import Perfect
from .link import Link, Paths, Size, Span, superpose
from .physical import budgets
from .receivers import Receiver
from .receivers.maximum_ratio import MaximumRatio
from .roads import STAGES, always, arrivals, is_path, is_seen, why_not_frequency
from .waveform import Waveform

CHOICES = {"road": ("auto", "frequency", "time"), "coherence": ("symbol", "sample"), "oversampling": (1, 2, 4)}
GROUP_BYTES = 2**25  # of waveforms and spectra held at once
Distorter = Callable[[tf.Tensor, str, tf.Tensor], tf.Tensor]  # of a waveform, at a stage, of some devices


class Place(NamedTuple):
    """What lasts over all rounds: the key that positions and lasting clock offsets are drawn from."""

    key: Key


@dataclass(frozen=True)
class Air:
    """K devices to one receiver of A antennas over one OFDM grid.

    ``road`` is chosen by what the impairments need, or asked for. ``coherence`` says how long taps are held on the
    time road: over a symbol, or not at all, which lets Doppler spread each subcarrier over its neighbours.
    ``oversampling`` is the number of samples of a waveform where the grid has one; see ``waveform.py``. Device k may
    spend P 10^(budgets_db[k mod n]/10) of n budgets given, on data and on pilots; all may spend P where none is.
    """

    grid: Grid
    channel: Channel
    devices: int
    antennas: int = 1
    receiver: Receiver = MaximumRatio()
    impairments: tuple[Impairment, ...] = ()
    transmitter_knowledge: Knowledge = Perfect()
    receiver_knowledge: Knowledge = Perfect()
    road: Literal["auto", "frequency", "time"] = "auto"
    coherence: Literal["symbol", "sample"] = "symbol"
    oversampling: Literal[1, 2, 4] = 2
    budgets_db: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for name in ("devices", "antennas"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"air.{name}: expected a whole number of at least 1, received {value!r}")
        for name, choices in CHOICES.items():
            if (value := getattr(self, name)) not in choices:
                raise ValueError(f"air.{name}: expected one of {', '.join(map(str, choices))}, received {value!r}")
        object.__setattr__(self, "impairments", tuple(self.impairments))
        object.__setattr__(self, "budgets_db", tuple(self.budgets_db))
        _ = self.budgets
        for side, wanted in zip(self._sides, (is_seen, always), strict=True):
            side.check(self.grid, self._arrivals_of(wanted))
        low, high = self._arrivals
        if high - low > self.grid.symbols * self.grid.symbol_samples:
            raise ValueError(
                f"air.impairments: expected arrivals within a slot of {self.grid.symbols * self.grid.symbol_samples} "
                f"samples, received {low:.3g} to {high:.3g} samples; shorten offsets or the channel's delay spread"
            )
        if self.road == "frequency" and self._needs_time:
            raise ValueError(f"air.road: {self._needs_time}; take road = time or auto")

    @cached_property
    def waveform(self) -> Waveform | None:
        """The time road, where that is taken."""
        if self.road == "frequency" or (self.road == "auto" and not self._needs_time):
            return None
        low, high = (arrival * self.grid.sample for arrival in self._arrivals)
        return Waveform(self.grid, low, high, self.coherence == "symbol" or self.channel.static, self.oversampling)

    @property
    def homogeneous(self) -> bool:
        """Whether devices that send c times as much arrive c times as strong and otherwise unchanged."""
        sent = (each for each in self.impairments if each.stage == "transmit" and isinstance(each, Distortion))
        return all(impairment.homogeneous for impairment in sent)

    @property
    def _sides(self) -> tuple[Knowledge, Knowledge]:
        return self.transmitter_knowledge, self.receiver_knowledge

    @property
    def budgets(self) -> tf.Tensor:
        """Energy an element that each device may spend, in units of P, [K]."""
        return tf.constant(budgets(self.budgets_db, self.devices), tf.float32)

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

    def init(self, key: Key) -> Place:
        """Draw what lasts."""
        return Place(key)

    def draw(self, place: Place, key: Key, time: Scalar, slots: int, snr_db: Scalar = 0.0, batch: int = 1) -> Link:
        """One realisation over consecutive slots, with P = 1 and N0 = 10^(-snr_db/10).

        ``time`` in seconds is when the data begins; it is for what drifts, and for fading that goes on.
        """
        grid, symbols, lead = self.grid, slots * self.grid.symbols, self.lead
        span = Span(time, lead + symbols, grid.symbol_seconds, -lead)
        size = Size(batch, self.antennas, self.devices)
        impairment_keys = tuple(
            keys.fold(place.key if impairment.lasting else key, "impairment", position)
            for position, impairment in enumerate(self.impairments)
        )
        noise = tf.pow(10.0, -tf.cast(snr_db, tf.float32) / 10.0)

        def impaired(paths: Paths, span: Span, wanted: Callable[[Impairment], bool]) -> Paths:
            each = zip(self.impairments, impairment_keys, strict=True)
            for impairment, impairment_key in sorted(each, key=lambda pair: STAGES.index(pair[0].stage)):
                if wanted(impairment):
                    paths = impairment.apply(paths, grid, span, impairment_key)
            return paths

        road = self.waveform
        fine = span if road is None else road.span(span)
        scattered = self.channel.draw(size, fine, keys.fold(key, "channel"), keys.fold(place.key, "channel"))
        whole = scattered if road is None else road.over_symbols(scattered)
        everything = impaired(whole, span, always)
        seen = everything  # what the transmitters could learn at best
        if not all(impairment.seen for impairment in self.impairments):
            seen = impaired(whole, span, is_seen)

        arriving = everything if not lead else everything.at(lead, symbols)

        def sight(paths: Paths, wanted: Callable[[Impairment], bool]) -> Sight:
            def listen(pilots: Pilots) -> tf.Tensor:
                passed = (
                    paths if road is None else impaired(scattered, fine, lambda each: is_path(each) and wanted(each))
                )
                passed = passed.at(0, self._steps(lead))
                link = Link(passed, paths, paths, grid.frequencies, noise, time, impairment_keys)
                return self._hear(pilots, link, keys.fold(key, "pilots"), wanted)

            now = arriving if paths is everything else paths.at(lead, symbols)
            kept = coherence(grid, self.channel, tuple(filter(wanted, self.impairments)))
            before, arrive = paths.at(0, lead), self._arrivals_of(wanted)
            return Sight(now, before, grid, noise, self.budgets, lead, arrive, listen, kept)

        transmitters = self.transmitter_knowledge.believe(sight(seen, is_seen), keys.fold(key, "transmitters"))
        receiver = self.receiver_knowledge.believe(sight(everything, always), keys.fold(key, "receiver"))
        true = arriving
        if road is not None:
            true = impaired(scattered, fine, is_path).at(lead * road.knots, self._steps(symbols))
        mean = () if road is None else arriving
        return Link(true, transmitters, receiver, grid.frequencies, noise, time, impairment_keys, mean)

    def empty(self, slots: int, batch: int = 1) -> tf.Tensor:
        """A receiver that has heard nothing yet: [B, A, T, F], or spectra of a waveform's blocks [B, A, J, bins]."""
        return self._silence(slots * self.grid.symbols, batch)

    def add(self, y: tf.Tensor, x: tf.Tensor, link: Link, devices: tf.Tensor | None = None) -> tf.Tensor:
        """What the receiver has once some devices have sent x as well, [B, C, up to T symbols, F]."""
        if self.waveform is not None:
            return self._add_waveforms(y, x, link, devices, self._distorter(link))
        symbols = x.shape[2]
        sent = superpose(y[:, :, :symbols], x, link.response(devices, symbols=symbols))
        return sent if symbols == y.shape[2] else tf.concat([sent, y[:, :, symbols:]], 2)

    def receive(self, y: tf.Tensor, link: Link, key: Key) -> tf.Tensor:
        """The symbols the receiver reads, [B, A, T, F]: with its noise, drawn once however many have sent."""
        return self._receive(y, link, key, self._distorter(link))

    def noise(self, slots: int, link: Link, key: Key, batch: int = 1) -> tf.Tensor:
        """The noise that ``receive`` adds under the same key, [B, A, T, F], were the receiver without fault."""
        silence = self._silence(slots * self.grid.symbols, batch)
        return self._receive(silence, link, key, lambda wave, stage, devices: wave)

    def send(self, x: tf.Tensor, link: Link, key: Key) -> tf.Tensor:
        """All devices send x [B, K, T, F] at once; the receiver gets [B, A, T, F]."""
        y = self._silence(x.shape[2], tf.shape(x)[0])
        return self.receive(self.add(y, x, link), link, key)

    def _steps(self, symbols: int) -> int:
        return symbols if self.waveform is None else self.waveform.steps(symbols)

    def _silence(self, symbols: int, batch: int | tf.Tensor) -> tf.Tensor:
        width = self.grid.subcarriers if self.waveform is None else self.waveform.bins
        return tf.zeros([batch, self.antennas, self._steps(symbols), width], tf.complex64)

    def _distorter(self, link: Link, first: int = 0, wanted: Callable[[Impairment], bool] = always) -> Distorter:
        """What the wanted distortions of a stage make of a waveform that begins so many symbols after the data."""

        road = self.waveform

        def distort(wave: tf.Tensor, stage: str, devices: tf.Tensor) -> tf.Tensor:
            assert road is not None
            span = Span(link.start, wave.shape[-1], road.sample, first * road.symbol)
            for impairment, key in zip(self.impairments, link.keys, strict=True):
                if impairment.stage == stage and isinstance(impairment, Distortion) and wanted(impairment):
                    wave = impairment.distort(wave, self.grid, span, key, devices)
            return wave

        return distort

    def _add_waveforms(
        self, y: tf.Tensor, x: tf.Tensor, link: Link, devices: tf.Tensor | None, distort: Distorter
    ) -> tf.Tensor:
        """``add`` on the time road, for groups of devices whose waveforms fit the memory set aside."""
        road, symbols = self.waveform, x.shape[2]
        assert road is not None
        steps = self._steps(symbols)
        devices = tf.range(link.devices) if devices is None else devices
        moving = 1 if link.true.steps == 1 else 1 + self.antennas
        group = max(1, GROUP_BYTES // (8 * steps * road.bins * (1 + moving) * max(1, x.shape[0] or 1)))

        def add_group(heard: tf.Tensor, some: tf.Tensor, sent: tf.Tensor) -> tf.Tensor:
            wave = road.modulate(sent)  # [B, C, S]
            wave = tf.ensure_shape(distort(wave, "transmit", some), wave.shape)
            response = road.response(link.true.of(some).at(0, steps))  # [B, A, C, J, bins]
            return superpose(heard, road.cut(wave), response)

        heard, rest = y[:, :, :steps], y[:, :, steps:]
        if x.shape[1] is not None and x.shape[1] <= group:
            heard = add_group(heard, devices, x)
        else:
            heard = tf.foldl(
                lambda so_far, at: add_group(so_far, devices[at : at + group], x[:, at : at + group]),
                tf.range(0, tf.size(devices), group),
                initializer=heard,
                parallel_iterations=1,
            )
        return tf.concat([heard, rest], 2)

    def _receive(self, y: tf.Tensor, link: Link, key: Key, distort: Distorter) -> tf.Tensor:
        road = self.waveform
        y = y if road is None else road.join(y)  # [B, A, S]
        power = link.noise if road is None else self.oversampling * link.noise
        scale = tf.reshape(tf.sqrt(power), [-1] + [1] * (y.shape.rank - 1))
        y = y + tf.cast(scale, y.dtype) * keys.complex_normal(key, tf.shape(y), y.dtype)
        if road is None:
            return y
        return road.demodulate(distort(y, "receive", tf.range(self.antennas)))

    def _hear(self, pilots: Pilots, link: Link, key: Key, wanted: Callable[[Impairment], bool]) -> tf.Tensor:
        """What the receiver reads of pilots that all devices send in the lead, [B, A, T, F]."""
        y, distort = self._silence(self.lead, tf.shape(link.true.a)[0]), self._distorter(link, -self.lead, wanted)
        group = max(1, GROUP_BYTES // (8 * self.lead * self.grid.subcarriers * (1 + self.antennas)))

        def add_group(heard: tf.Tensor, at: tf.Tensor) -> tf.Tensor:
            some = tf.range(at, tf.minimum(at + group, self.devices))
            amplitudes = tf.cast(tf.sqrt(tf.gather(self.budgets, some)), y.dtype)
            x = tf.repeat(pilots(some) * amplitudes[:, None, None], tf.shape(y)[0], axis=0)
            if self.waveform is not None:
                return self._add_waveforms(heard, x, link, some, distort)
            return superpose(heard, x, link.response(some))

        y = tf.foldl(add_group, tf.range(0, self.devices, group), initializer=y, parallel_iterations=1)
        return self._receive(y, link, key, distort)

    def _arrivals_of(self, wanted: Callable[[Impairment], bool]) -> tuple[float, float]:
        return arrivals(self.grid, self.channel, tuple(filter(wanted, self.impairments)))

    @cached_property
    def _arrivals(self) -> tuple[float, float]:
        return self._arrivals_of(always)

    @cached_property
    def _needs_time(self) -> str:
        return why_not_frequency(self.grid, self.channel, self.impairments, self.coherence)


__all__ = ["Air", "Paths", "Place", "superpose"]
