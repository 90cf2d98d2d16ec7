"""Digital aggregation (OFDMA): each device on its own resource elements, at the rate its share of the grant carries."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy import Place
from ...phy.strict import dataclass
from .. import apart, margins
from ..compressors import Compressor, Known
from ..compressors.dithered import Dithered
from ..past import Past
from ..rates import Rate, Subchannel
from ..rates.capacity import Capacity
from ..round import Nest, Outcome, Probe, Round, Terms, check_memory, weighted_sum
from . import _combining as combining
from . import _long_run, _peaks
from . import _memory as memories
from . import _payload as payloads
from . import _sides as sides
from ._curves import curve
from ._deals import DEALS, SEES, TOLD, Asked, Deal, owned, rates
from ._digital_state import Decoded, DigitalState
from ._disturbance import Owned, test
from ._sending import Sending
from ._water import Poured, as_equal, poured_on


@dataclass(frozen=True)
class Digital:
    """Orthogonal aggregation by a compressor and a rate: each device on its own resource elements.

        u_hat = sum_k w_k decoded_k of packets that arrive,   decoded_k = compress(u_k, as many bits as it can).

    The granted elements are dealt out in turn to the C devices that take part, so device k owns about 1/C of them,
    spread over all subcarriers, and puts its whole budget there: with P per granted element, C P per own element. It
    picks its rate on the SNR it counts on, C P |h_l|^2 / N0, backed off by ``margin_db``: a number, or a loop on
    acknowledgements. Devices and receiver work with the best estimate that their beliefs allow, and what that is known
    to lack acts as noise: of CSI with an error e it is sqrt(1-e) h_believed, at an SNR of (1-e) C P |h_believed|^2 /
    (N0 + e C P). On the time domain disturbance by others is measured with QPSK.

    With weighted ``feedback`` devices keep what did not arrive of what they compress, lost packets included, by one of
    three laws, and with a ``momentum`` below 1 updates are averaged first. A compressor that decodes with side
    information (``Sided``) has some devices decoded first. ``combine = "lmmse"`` weights what was decoded by its
    precision instead of shares of data; NMSE stays that against the sum by shares.

    ``deal`` says how many elements a device gets; one that gets none is silent. ``sdma`` devices may share each
    element, S times as many as each would own, told apart by the antennas. With ``allocation = "water_filling"`` a
    device puts its budget where it counts on most, and leaves out elements that carry too little; the receiver is told
    so for nothing. Under an average budget the water level is that of the long run. Where fewer than all are
    ``scheduled``, those with the best channel share the elements. Weights stay, so the estimate is biased toward 0 by
    about the share left out and, where places last, toward who is near.

    >>> from overair.ota import Digital, Eden, Terms  # ``help(Uplink)`` plays a round
    >>> from overair.phy import Air, Awgn, Grid
    >>> Digital(Eden()).check(Terms(Air(Grid(), Awgn(), devices=5), size=100, elements=500))  # else a ValueError
    """

    compressor: Compressor = Dithered()
    """How an update becomes bits."""
    rate: Rate = Capacity()
    """How many bits a device's elements carry."""
    margin_db: Literal["adaptive"] | Annotated[float, Ge(-300), Le(300)] = "adaptive"
    """Back-off below the SNR that a device counts on (OLLA), in dB; adaptive: moved by every acknowledgement."""
    budget: Literal["round", "average"] = "round"
    """Whether P holds in every round, or on average over fading and participation."""
    sdma: Annotated[int, Gt(0), Le(1024)] = 1
    """Devices that share each resource element (SDMA), told apart by the antennas."""
    feedback: Annotated[float, Ge(0), Le(1)] = 0.0
    """Weight of error feedback."""
    memory: Literal["owed", "decayed", "shared"] = "owed"
    """Whether feedback keeps what its weight holds back, drops it, or is shared; a copy that both ends follow."""
    momentum: Annotated[float, Gt(0), Le(1)] = 1.0
    """Share of a new update in what devices send (EF21-SGDM); the rest is of those before."""
    combine: Literal["weights", "lmmse"] = "weights"
    """Whether what is decoded is weighted by shares of data, or by its precision."""
    deal: Literal["equal", "bits", "worst", "error", "norms"] = "equal"
    """Elements of devices; as many for all, at own rates or the worst, for equal bits, least error, or by norms."""
    allocation: Literal["equal", "water_filling"] = "equal"
    """Power over a device's own elements; equal, or by water-filling on what it counts on."""
    scheduled: Annotated[float, Gt(0), Le(1)] = 1.0
    """Share of those that take part that sends; those with the best channel as the receiver believes it."""
    uses_air: ClassVar[bool] = True
    apart: ClassVar[bool] = True

    def probes(self, terms: Terms) -> bool:
        return sides.is_sided(self.compressor) or self.deal in SEES

    def check(self, terms: Terms) -> None:
        check_memory(terms, (self.feedback > 0) + (self.momentum < 1))
        margins.check(self.margin_db, self.rate, terms.air, terms.cohort)
        if self.memory == "shared" and getattr(self.compressor, "first", 1.0) < 1:
            raise ValueError("uplink.memory: expected owed or decayed with side information, received shared")
        if self.budget == "average":
            _long_run.check(terms, looks=self.scheduled < 1 or self.allocation != "equal")
        if self.deal != "equal" and (self.sdma > 1 or self.allocation != "equal"):
            raise ValueError(f"uplink.deal: expected equal with sdma or water_filling, received {self.deal}")
        payloads.check(terms, self.deal, self.sdma, self.budget)
        apart.check(self, terms)

    def init(self, terms: Terms, place: Place) -> DigitalState:
        self.check(terms)
        devices = terms.air.devices
        owed, slow = (tf.zeros([devices if kept else 0, terms.size]) for kept in (self.feedback, self.momentum < 1))
        law = _long_run.every_round(terms)
        if self.budget == "average":
            law = _long_run.law(self._sending, terms, place, levels=self.allocation == "water_filling")
        return DigitalState(owed, margins.start(devices), Past.none(terms.layers), slow, combining.unknown(), law)

    def begin(self, state: Nest, round: Round, probe: Probe | None = None) -> Nest:
        zeros, nobody, layers = tf.zeros([round.terms.size]), tf.zeros_like(round.weights), round.terms.layers
        round, backoff = self._sending.chosen(round), margins.backoff(self.margin_db, state.margins)
        deal, none, times = self._deal(state, round, backoff, probe), tf.cast(nobody, tf.bool), payloads.start(round)
        no_test, sent_by = tf.zeros([0, 0, 0], tf.complex64), self._sent_by(deal, state.law)
        y = no_test if round.terms.air.orthogonal else test(round, sent_by)
        started = state.owed, state.slow, state.past, y, nobody, tf.zeros([]), backoff, none, none, none, nobody
        side, weighed = sides.no_side(self.compressor, layers), combining.start(state.noise)
        rest = side, weighed, deal, round.weights, state.law, times, apart.nothing(round.terms)
        acc = Decoded(zeros, zeros, zeros, *started, *rest)
        if not sides.is_sided(self.compressor) or probe is None:
            return acc
        first = probe(lambda devices, updates: self._first(acc, round, devices, updates), sides.nobody(layers))
        return acc._replace(side=sides.side_of(first, layers))

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        (share, energy), weights = self._shared(acc, round, devices), tf.gather(round.weights, devices)
        owed, slow, wanted = self._wanted(acc, devices, updates)
        sent = self._send(acc, round, devices, wanted, share)
        parts = sent.decoded, sent.believed, wanted
        heard, believed, asked = (memories.read(self.memory, owed, part) for part in parts)
        shares, weighed = weights, acc.weighed
        if self.combine == "lmmse":
            shares, weighed = combining.add(weighed, heard, believed - asked, sent.arrives)
        sends, places = sent.bits > 0, devices[:, None]  # a device whose rate carries nothing stays silent
        energy *= tf.cast(sends, tf.float32)
        return acc._replace(
            sending=payloads.add(acc.sending, round, places, sent.room),
            estimate=acc.estimate + weighted_sum(shares, heard),
            target=acc.target + weighted_sum(weights, updates),
            wanted=acc.wanted + weighted_sum(weights, asked),
            owed=memories.put(acc.owed, devices, self._kept(owed, wanted, sent.believed)),
            slow=memories.put(acc.slow, devices, slow),
            energy=tf.tensor_scatter_nd_update(acc.energy, places, energy),
            bits=acc.bits + tf.reduce_sum(sent.bits),
            sent=tf.tensor_scatter_nd_update(acc.sent, places, sends),
            decoded=tf.tensor_scatter_nd_update(acc.decoded, places, sent.arrives),
            held=tf.tensor_scatter_nd_update(acc.held, places, self._held(acc, share, round, devices, ~sends)),
            wrong=tf.tensor_scatter_nd_update(acc.wrong, places, sent.wrong),
            weighed=weighed,
            rows=memories.put(acc.rows, devices, heard),
        )

    def _wanted(self, acc: Nest, devices: tf.Tensor, updates: tf.Tensor) -> memories.Wanted:
        """What devices keep, if anything, their updates over rounds, and what they would have arrive, [C, d]."""
        owed = tf.gather(acc.owed, devices) if self.feedback else None
        slow = memories.slowed(self.momentum, acc.slow, devices, updates)
        return owed, slow, memories.wanted(self.memory, self.feedback, slow, owed)

    def _kept(self, owed: tf.Tensor | None, wanted: tf.Tensor, believed: tf.Tensor) -> tf.Tensor:
        return wanted if owed is None else memories.after(self.memory, self.feedback, owed, wanted, believed)

    def _send(self, acc: Decoded, round: Round, devices: tf.Tensor, wanted: tf.Tensor, share: Subchannel) -> sides.Sent:
        known, round = Known(round.terms.layers, acc.past), replace(round, weights=acc.scheduled)
        return sides.send(self.compressor, self.rate, round, known, acc.side, devices, wanted, share)

    def _first(self, acc: Decoded, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> sides.First:
        """What is decoded of those of the devices that are first."""
        devices, updates = sides.only_first(self.compressor, round, devices, updates)
        wanted = self._wanted(acc, devices, updates)[2]
        sent = self._send(acc, round, devices, wanted, self._shared(acc, round, devices)[0])
        weights = tf.gather(round.weights, devices) * tf.cast(sent.arrives, tf.float32)
        return sides.add_up(weights, sent.decoded, round.terms.layers)

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        estimate, noise, after = acc.estimate, state.noise, state.margins
        free = sides.told(acc.side, acc.sent, replace(round, weights=acc.scheduled), self.compressor)
        if self.combine == "lmmse":
            estimate = combining.combined(acc.weighed, acc.estimate)
            noise = combining.noise(acc.weighed, estimate)
            free += combining.TOLD * tf.reduce_sum(tf.cast(acc.sent, tf.float32))
        if self._adapts(round):
            p, least = margins.allowed_loss(self.rate), margins.least_db(self.rate, round.terms.air, round.air_link)
            after = margins.step(after, acc.sent, acc.decoded, acc.held, p, least)
            free += tf.reduce_sum(tf.cast(acc.sent, tf.float32))
        free += TOLD[self.deal] * tf.reduce_sum(tf.cast(acc.scheduled > 0, tf.float32))
        errors = round.errors(estimate, acc.target, acc.wanted)
        papr = _peaks.of_test(replace(round, weights=acc.scheduled), self._sent_by(acc.deal, acc.law))
        report = round.report(errors, acc.energy, acc.decoded, acc.bits, round.terms.elements, free, papr)
        report = payloads.outcome(report, round, acc.energy, acc.sending)
        state = DigitalState(acc.owed, after, state.past.after(estimate), acc.slow, noise, acc.law)
        return Outcome(estimate, state, report, apart=apart.separate(acc.rows, acc.decoded))

    def _adapts(self, round: Round) -> bool:
        air = round.terms.air
        return self.margin_db == "adaptive" and margins.are_needed(self.rate, round.air_link, air.orthogonal)

    def _held(self, acc: Decoded, share: Subchannel, round: Round, devices: tf.Tensor, silent: tf.Tensor) -> tf.Tensor:
        """Whether silent devices have a margin, and could send something if nobody had any, bool [C]."""
        if not self._adapts(round):
            return tf.zeros_like(silent)
        backoff = tf.gather(acc.backoff, devices)
        free = share._replace(believed=acc.deal.without_margins(share.believed / backoff[:, None]))
        could = tf.cond(tf.reduce_any(silent), lambda: self.rate.bits(free) > 0, lambda: silent)  # rates take long
        return silent & (backoff < 1.0) & could

    @property
    def _sending(self) -> Sending:
        return Sending(self.sdma, self.margin_db == "adaptive", self.scheduled)

    def _power(self, law: _long_run.Law, terms: Terms, devices: tf.Tensor) -> tf.Tensor:
        """Of devices in a round they send in, [C]; on average over rounds it is their budget, or less."""
        return tf.gather(terms.budgets, devices) / (tf.gather(law.chance, devices) if self.budget == "average" else 1.0)

    def _shared(self, acc: Decoded, round: Round, devices: tf.Tensor) -> tuple[Subchannel, tf.Tensor]:
        """The elements of devices, as believed after the margin and as the receiver finds them; their energy, [C]."""
        round = replace(round, weights=acc.scheduled)
        own = self._owned(acc.deal, acc.law, round, devices)
        believed = acc.deal.bound(tf.gather(acc.backoff, devices)[:, None] * own.counted.known)
        found = self._sending.received(round, own, devices, acc.y)
        share = Subchannel(own.mask, believed, found.snr, found.csi_noise, found.gain)
        return share, self._power(acc.law, round.terms, devices) * own.used

    def _sent_by(self, deal: Deal, law: _long_run.Law) -> Owned:
        return lambda round, devices: self._owned(deal, law, round, devices).sent

    def _deal(self, state: DigitalState, round: Round, backoff: tf.Tensor, probe: Any) -> Deal:
        """Who owns which elements."""

        def energies() -> tf.Tensor:
            return probe(lambda some, updates: tf.reduce_sum(self._wanted(state, some, updates)[2] ** 2, axis=1))

        def counted(snr: tf.Tensor, device: tf.Tensor) -> tf.Tensor:
            return self._sending.counted_on(round, snr, device).known

        each = partial(rates, round, counted, self._power(state.law, round.terms, tf.range(round.terms.air.devices)))
        own = partial(curve, self.compressor, round.terms.size)  # type: ignore[arg-type]
        return DEALS[self.deal](Asked(round, self.sdma, each, backoff, energies, own))

    def _owned(self, deal: Deal, law: _long_run.Law, round: Round, devices: tf.Tensor) -> Poured:
        """Which elements devices own, and the energy they put on them."""
        mask, power = owned(deal, round, devices, self.sdma, self._power(law, round.terms, devices))
        snr = power / round.air_link.noise
        counted = self._sending.counted_on(round, snr, devices)
        if self.allocation == "equal":
            return as_equal(mask, power, counted)
        level = _long_run.level(law.cost, snr, devices) / snr if self.budget == "average" else None
        return poured_on(mask, power, counted, level)
