"""Digital aggregation (OFDMA): each device on its own resource elements, at the rate its share of the grant carries.

The granted elements are dealt out in turn to the C devices that take part, so device k owns about 1/C of them, spread
over all subcarriers, and puts its whole budget there: with P per granted element, C P per own element. It picks its
rate on the SNR it counts on, C P |h_l|^2 / N0, backed off by ``margin_db``: a number, or a loop on acknowledgements
(`ota/margins.py`), a bit a packet. How many bits get through is the ``rate``'s: capacity, or a real chain. Who does not
know the channel exactly, device or receiver, works with the best estimate that its belief allows, and what that is
known to lack acts as noise (`phy/detection.py`): of CSI with an error e it is sqrt(1-e) h_believed, at an SNR of (1-e)
C P |h_believed|^2 / (N0 + e C P). Each update is decoded alone, then averaged.

With weighted ``feedback`` beta, a device compresses z = u + beta r and then owes r + z - z_hat - beta r: the part of
its own updates that did not arrive, lost packets included. beta = 1 is error feedback as usual; beta below 1 forgets,
which compressors need whose error may exceed what they compress. Abdi, "Distributed learning and inference in deep
models", 2020, eq. 4.14. With ``memory = "decayed"`` it owes z - z_hat: what the weight held back is dropped, so a part
of every update never arrives. Of a constant gradient g and a compressor that leaves out a share a, r settles at a g/(b
(1-a)) and g arrives in the first case; at a g/(1 - a b), and (1-a) g/(1 - a b) arrives, in the second. Chen et al.,
"How to attain communication-efficient DNN training? Convert, compress, correct", 2022.

A compressor that decodes with side information (``Sided``) has some devices decoded first; the mean of what arrived of
them is what the others' updates are decoded with, and how far off those may be is told to them. What a device believes
to arrive is what would if it were its own update.

``combine = "lmmse"`` weights what was decoded by its precision instead of shares of data (``_combining``); NMSE stays
that against the sum by shares.
``deal`` says how many elements a device gets (``_deals``); one that gets none is silent, and the sum lacks it.

``sdma`` devices may share each element, S times as many as each would own, told apart by the receiver's antennas:
zero forcing leaves device k the SNR P / (N0 [(H^H H)^-1]_kk).

On the time domain devices disturb each other, so that is measured: everybody sends QPSK on its own elements through the
round's air. What a device's elements then hold besides noise and its own symbols, times the true mean response and one
complex gain, disturbs all its elements beside the noise of power N0: gain and disturbance are those of the distortion,
whatever is believed of the channel.
"""

from functools import partial
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Gt, Le
from pydantic.dataclasses import dataclass

from ...phy import Perfect, Place, squared
from ...phy.strict import STRICT
from .. import margins
from ..compressors import Compressor, Known
from ..compressors.dithered import Dithered
from ..past import Past
from ..rates import Rate, Subchannel
from ..rates.capacity import Capacity
from ..round import Nest, Outcome, Probe, Round, Terms, check_memory, nmse, weighted_sum
from . import _combining as combining
from . import _sides as sides
from ._curves import curve
from ._deals import DEALS, TOLD, Asked, Deal, owned, rates
from ._disturbance import distortion, test
from ._sdma import shared
from ._shares import counted_on, read


class DigitalState(NamedTuple):
    """What devices remember."""

    owed: tf.Tensor  # what did not arrive, [K, d]; [0, d] without feedback
    margins: margins.Margins
    past: Past
    noise: tf.Tensor  # of the data, a variance a coordinate; where precisions weigh


class Decoded(NamedTuple):
    """The sum of what was decoded so far, and its costs."""

    estimate: tf.Tensor  # [d]
    target: tf.Tensor  # sum_k w_k u_k, [d]
    wanted: tf.Tensor  # the same with what is owed, [d]
    owed: tf.Tensor  # [K, d], or [0, d]
    past: Past
    y: tf.Tensor  # what arrives of everybody's test symbols on the time domain, [A, T, F]
    energy: tf.Tensor  # [K]
    bits: tf.Tensor
    backoff: tf.Tensor  # what the SNRs that devices count on are multiplied with, [K]
    sent: tf.Tensor  # bool [K]
    decoded: tf.Tensor  # bool [K]
    held: tf.Tensor  # silent because of their margin, bool [K]
    wrong: tf.Tensor  # share of entries that side information puts into a wrong coset, [K]
    side: sides.Side
    weighed: combining.Weighed
    deal: Deal


@dataclass(frozen=True, config=STRICT)
class Digital:
    """A compressor, and a rate."""

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
    memory: Literal["owed", "decayed"] = "owed"
    """Whether feedback keeps what its weight holds back, or drops it."""
    combine: Literal["weights", "lmmse"] = "weights"
    """Whether what is decoded is weighted by shares of data, or by its precision."""
    deal: Literal["equal", "bits", "worst", "error"] = "equal"
    """Elements of devices: equally many, or for equal bits, or least error; worst: equal, at the worst link's rate."""
    uses_air: ClassVar[bool] = True

    def probes(self, terms: Terms) -> bool:
        return sides.is_sided(self.compressor) or self.deal == "error"

    def check(self, terms: Terms) -> None:
        air = terms.air
        if self.feedback:
            check_memory(terms)
        if self.sdma > air.antennas:
            raise ValueError(
                f"uplink.sdma: expected at most {air.antennas} devices on an element, as many as antennas, "
                f"received {self.sdma}; give the receiver more antennas"
            )
        if self.sdma > 1 and self.deal != "equal":
            raise ValueError(f"uplink.deal: expected equal where devices share elements by sdma, received {self.deal}")
        if self.sdma > 1 and (not air.orthogonal or not isinstance(air.csir, Perfect)):
            raise ValueError(
                f"uplink.sdma: expected 1 in the time domain or with a receiver that does not know the channel, "
                f"received {self.sdma}"
            )

    def init(self, terms: Terms, place: Place) -> DigitalState:
        self.check(terms)
        devices = terms.air.devices
        owed = tf.zeros([devices if self.feedback else 0, terms.size])
        return DigitalState(owed, margins.start(devices), Past.none(terms.layers), tf.constant(combining.UNKNOWN))

    def begin(self, state: Nest, round: Round, probe: Probe | None = None) -> Nest:
        zeros, nobody, layers = tf.zeros([round.terms.size]), tf.zeros_like(round.weights), round.terms.layers
        backoff = margins.backoff(self.margin_db, state.margins)
        deal, none = self._deal(state, round, backoff, probe), tf.cast(nobody, tf.bool)
        y = tf.zeros([0, 0, 0], tf.complex64) if round.terms.air.orthogonal else test(round, partial(self._owned, deal))
        started = state.owed, state.past, y, nobody, tf.zeros([]), backoff, none, none, none, nobody
        side, weighed = sides.no_side(self.compressor, layers), combining.start(state.noise)
        acc = Decoded(zeros, zeros, zeros, *started, side, weighed, deal)
        if not sides.is_sided(self.compressor) or probe is None:
            return acc
        first = probe(lambda devices, updates: self._first(acc, round, devices, updates), sides.nobody(layers))
        return acc._replace(side=sides.side_of(first, layers))

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        share, weights = self._subchannel(acc, round, devices), tf.gather(round.weights, devices)
        owed, wanted = self._wanted(acc, devices, updates)
        sent = self._send(acc, round, devices, wanted, share)
        shares, weighed = weights, acc.weighed
        if self.combine == "lmmse":
            shares, weighed = combining.add(weighed, sent.decoded, sent.believed - wanted, sent.arrives)
        sends, places = sent.bits > 0, devices[:, None]  # a device whose rate carries nothing stays silent
        energy = self._power(round.terms, devices) * tf.cast(sends, tf.float32)
        return acc._replace(
            estimate=acc.estimate + weighted_sum(shares, sent.decoded),
            target=acc.target + weighted_sum(weights, updates),
            wanted=acc.wanted + weighted_sum(weights, wanted),
            owed=acc.owed
            if owed is None
            else tf.tensor_scatter_nd_update(acc.owed, places, self._kept(owed) + wanted - sent.believed),
            energy=tf.tensor_scatter_nd_update(acc.energy, places, energy),
            bits=acc.bits + tf.reduce_sum(sent.bits),
            sent=tf.tensor_scatter_nd_update(acc.sent, places, sends),
            decoded=tf.tensor_scatter_nd_update(acc.decoded, places, sent.arrives),
            held=tf.tensor_scatter_nd_update(acc.held, places, ~sends & self._held(acc, share, round, devices)),
            wrong=tf.tensor_scatter_nd_update(acc.wrong, places, sent.wrong),
            weighed=weighed,
        )

    def _wanted(self, acc: Nest, devices: tf.Tensor, updates: tf.Tensor) -> tuple[tf.Tensor | None, tf.Tensor]:
        """What devices owe, if anything, and what they would have arrive, [C, d]."""
        owed = tf.gather(acc.owed, devices) if self.feedback else None
        return owed, updates if owed is None else updates + self.feedback * owed

    def _send(self, acc: Decoded, round: Round, devices: tf.Tensor, wanted: tf.Tensor, share: Subchannel) -> sides.Sent:
        known = Known(round.terms.layers, acc.past)
        return sides.send(self.compressor, self.rate, round, known, acc.side, devices, wanted, share)

    def _first(self, acc: Decoded, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> sides.First:
        """What is decoded of those of the devices that are first."""
        devices, updates = sides.only_first(self.compressor, round, devices, updates)
        wanted = self._wanted(acc, devices, updates)[1]
        sent = self._send(acc, round, devices, wanted, self._subchannel(acc, round, devices))
        weights = tf.gather(round.weights, devices) * tf.cast(sent.arrives, tf.float32)
        return sides.add_up(weights, sent.decoded, round.terms.layers)

    def _kept(self, owed: tf.Tensor) -> tf.Tensor:
        """What was not asked for again of what devices owe."""
        return (1.0 - self.feedback) * owed if self.memory == "owed" else tf.zeros_like(owed)

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        estimate, noise, after = acc.estimate, state.noise, state.margins
        free = sides.told(acc.side, acc.sent, round, self.compressor)
        if self.combine == "lmmse":
            estimate = combining.combined(acc.weighed, acc.estimate)
            noise = combining.noise(acc.weighed, estimate)
            free += combining.TOLD * tf.reduce_sum(tf.cast(acc.sent, tf.float32))
        if self._adapts(round):
            p, least = margins.allowed_loss(self.rate), margins.least_db(self.rate, round.terms.air, round.air_link)
            after = margins.step(after, acc.sent, acc.decoded, acc.held, p, least)
            free += tf.reduce_sum(tf.cast(acc.sent, tf.float32))
        free += TOLD[self.deal] * tf.reduce_sum(tf.cast(round.weights > 0, tf.float32))
        errors = nmse(estimate, acc.target), nmse(estimate, acc.wanted)
        report = round.report(errors, acc.energy, acc.decoded, acc.bits, round.terms.elements, free)
        return Outcome(estimate, DigitalState(acc.owed, after, state.past.after(estimate), noise), report)

    def _adapts(self, round: Round) -> bool:
        orthogonal = round.terms.air.orthogonal
        return self.margin_db == "adaptive" and margins.are_needed(self.rate, round.air_link, orthogonal)

    def _held(self, acc: Decoded, share: Subchannel, round: Round, devices: tf.Tensor) -> tf.Tensor:
        """Whether devices have a margin without which they could send something, bool [C]."""
        if not self._adapts(round):
            return tf.zeros(tf.shape(devices), tf.bool)
        backoff = tf.gather(acc.backoff, devices)
        free = share._replace(believed=share.believed / backoff[:, None])
        return (backoff < 1.0) & (self.rate.bits(free) > 0)

    def _power(self, terms: Terms, devices: tf.Tensor) -> tf.Tensor:
        """Of devices in a round they take part in, [C]; on average over rounds it is their budget, or less."""
        return tf.gather(terms.budgets, devices) / (terms.participation if self.budget == "average" else 1.0)

    def _subchannel(self, acc: Decoded, round: Round, devices: tf.Tensor) -> Subchannel:
        """The elements of devices, as believed after the margin, and as the receiver finds them."""
        link, backoff = round.air_link, tf.gather(acc.backoff, devices)[:, None]  # [C, 1]
        mask, power = self._owned(acc.deal, round, devices)  # [C, N], [C, 1]
        snr = power / link.noise
        if self.sdma > 1:
            return shared(round, devices, self.sdma, mask, snr, backoff, self.margin_db == "adaptive")
        believed = acc.deal.bound(backoff * counted_on(round, snr, devices, self.margin_db == "adaptive"))
        if not round.terms.air.orthogonal:
            gain, disturbance = distortion(acc.y, round, devices, mask, power)  # [C, 1] each
            snr = power * squared(gain) / (link.noise + disturbance)
        found = read(round, snr, devices, link.receiver)
        return Subchannel(mask, believed, found.snr, found.csi_noise, found.gain)

    def _deal(self, state: DigitalState, round: Round, backoff: tf.Tensor, probe: Any) -> Deal:
        """Who owns which elements."""

        def energies() -> tf.Tensor:
            return probe(lambda some, updates: tf.reduce_sum(self._wanted(state, some, updates)[1] ** 2, axis=1))

        counted = partial(counted_on, round, adaptive=self.margin_db == "adaptive")
        each = partial(rates, round, counted, self._power(round.terms, tf.range(round.terms.air.devices)))
        own = partial(curve, self.compressor, round.terms.size)
        return DEALS[self.deal](Asked(round, self.sdma, each, backoff, energies, own))

    def _owned(self, deal: Deal, round: Round, devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Which elements devices own, 0 or 1 [C, N], and the energy they put on each, [C, 1]."""
        return owned(deal, round, devices, self.sdma, self._power(round.terms, devices))
