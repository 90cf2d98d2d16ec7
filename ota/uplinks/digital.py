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
"How to attain communication-efficient DNN training? Convert, compress, correct", 2022. With ``memory = "shared"`` it
compresses what its update differs by from what it shares with the server, and with a ``momentum`` below 1 updates are
averaged first: EF21-SGDM at a feedback of 1 (``_memory``).

``sdma`` devices may share each element, S times as many as each would own, told apart by the receiver's antennas:
zero forcing leaves device k the SNR P / (N0 [(H^H H)^-1]_kk).

On the time domain devices disturb each other, so that is measured: everybody sends QPSK on its own elements through the
round's air. What a device's elements then hold besides noise and its own symbols, times the true mean response and one
complex gain, disturbs all its elements beside the noise of power N0: gain and disturbance are those of the distortion,
whatever is believed of the channel.
"""

from typing import Annotated, ClassVar, Literal, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Gt, Le
from pydantic.dataclasses import dataclass

from ...phy import Belief, Perfect, Place, error_power, expected, keys, squared
from ...phy.combiners.zero_forcing import separate
from ...phy.strict import STRICT
from .. import margins
from ..compressors import Compressor, Known, Together
from ..compressors.dithered import Dithered
from ..past import Past
from ..rates import Rate, Subchannel
from ..rates.capacity import Capacity
from ..round import Nest, Outcome, Probe, Round, Terms, check_memory, nmse, weighted_sum
from . import _memory as memories
from ._disturbance import distortion, test
from ._shares import owners, read, turns


class DigitalState(NamedTuple):
    """What devices remember."""

    owed: tf.Tensor  # what did not arrive, [K, d]; [0, d] without feedback
    margins: margins.Margins
    past: Past
    slow: tf.Tensor  # updates averaged over rounds, [K, d]; [0, d] without momentum


class Decoded(NamedTuple):
    """The sum of what was decoded so far, and its costs."""

    estimate: tf.Tensor  # [d]
    target: tf.Tensor  # sum_k w_k u_k, [d]
    wanted: tf.Tensor  # the same with what is owed, [d]
    owed: tf.Tensor  # [K, d], or [0, d]
    slow: tf.Tensor  # [K, d], or [0, d]
    past: Past
    y: tf.Tensor  # what arrives of everybody's test symbols on the time domain, [A, T, F]
    energy: tf.Tensor  # [K]
    bits: tf.Tensor
    backoff: tf.Tensor  # what the SNRs that devices count on are multiplied with, [K]
    sent: tf.Tensor  # bool [K]
    decoded: tf.Tensor  # bool [K]
    held: tf.Tensor  # silent because of their margin, bool [K]


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
    memory: Literal["owed", "decayed", "shared"] = "owed"
    """Whether feedback keeps what its weight holds back, drops it, or is shared; a copy that both ends follow."""
    momentum: Annotated[float, Gt(0), Le(1)] = 1.0
    """Share of a new update in what devices send (EF21-SGDM); the rest is of those before."""
    uses_air: ClassVar[bool] = True

    def probes(self, terms: Terms) -> bool:
        return False

    def check(self, terms: Terms) -> None:
        air = terms.air
        if self.feedback or self.momentum < 1:
            check_memory(terms)
        if self.sdma > air.antennas:
            raise ValueError(
                f"uplink.sdma: expected at most {air.antennas} devices on an element, as many as antennas, "
                f"received {self.sdma}; give the receiver more antennas"
            )
        if self.sdma > 1 and (not air.orthogonal or not isinstance(air.csir, Perfect)):
            raise ValueError(
                f"uplink.sdma: expected 1 in the time domain or with a receiver that does not know the channel, "
                f"received {self.sdma}"
            )

    def init(self, terms: Terms, place: Place) -> DigitalState:
        self.check(terms)
        devices = terms.air.devices
        owed = tf.zeros([devices if self.feedback else 0, terms.size])
        slow = tf.zeros([devices if self.momentum < 1 else 0, terms.size])
        return DigitalState(owed, margins.start(devices), Past.none(terms.layers), slow)

    def begin(self, state: Nest, round: Round, probe: Probe | None = None) -> Nest:
        zeros, nobody = tf.zeros([round.terms.size]), tf.zeros_like(round.weights)
        y = tf.zeros([0, 0, 0], tf.complex64) if round.terms.air.orthogonal else test(round, self._owned)
        backoff = margins.backoff(self.margin_db, state.margins)
        none = tf.cast(nobody, tf.bool)
        kept = state.owed, state.slow, state.past
        return Decoded(zeros, zeros, zeros, *kept, y, nobody, tf.zeros([]), backoff, none, none, none)

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        share = self._subchannel(acc, round, devices)
        weights = tf.gather(round.weights, devices)
        key, (turn, count) = keys.fold(round.key, "compressor"), turns(round, devices)

        slow = memories.slowed(self.momentum, acc.slow, devices, updates)  # [C, d]
        owed = tf.gather(acc.owed, devices) if self.feedback else None
        wanted = memories.wanted(self.memory, self.feedback, slow, owed)

        def one(item: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, tf.Tensor]:
            update, bits, device, place = item
            known = Known(round.terms.layers, acc.past, Together(keys.fold(key, "together"), place, count))
            return self.compressor.compress(update, bits, keys.fold(key, device), known)

        signature = tf.TensorSpec([round.terms.size]), tf.TensorSpec([])
        each = wanted, self.rate.bits(share), devices, turn
        decoded, bits = tf.map_fn(one, each, fn_output_signature=signature, parallel_iterations=1)  # [C, d], [C]
        sends = bits > 0  # a device whose rate carries nothing stays silent
        arrives = self.rate.crc_ok(share, bits, devices, keys.fold(round.key, "packets"))
        decoded = tf.where(arrives[:, None], decoded, 0.0)
        energy = self._power(round.terms, devices) * tf.cast(sends, tf.float32)
        places, heard = devices[:, None], memories.read(self.memory, owed, decoded)
        return acc._replace(
            estimate=acc.estimate + weighted_sum(weights, heard),
            target=acc.target + weighted_sum(weights, updates),
            wanted=acc.wanted + weighted_sum(weights, memories.read(self.memory, owed, wanted)),
            owed=acc.owed
            if owed is None
            else memories.put(acc.owed, devices, memories.after(self.memory, self.feedback, owed, wanted, decoded)),
            slow=memories.put(acc.slow, devices, slow),
            energy=tf.tensor_scatter_nd_update(acc.energy, places, energy),
            bits=acc.bits + tf.reduce_sum(bits),
            sent=tf.tensor_scatter_nd_update(acc.sent, places, sends),
            decoded=tf.tensor_scatter_nd_update(acc.decoded, places, sends & arrives),
            held=tf.tensor_scatter_nd_update(acc.held, places, ~sends & self._held(acc, share, round, devices)),
        )

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        errors, after, acks = (nmse(acc.estimate, acc.target), nmse(acc.estimate, acc.wanted)), state.margins, 0.0
        if self._adapts(round):
            p, least = margins.allowed_loss(self.rate), margins.least_db(self.rate, round.terms.air, round.air_link)
            after = margins.step(after, acc.sent, acc.decoded, acc.held, p, least)
            acks = tf.reduce_sum(tf.cast(acc.sent, tf.float32))
        report = round.report(errors, acc.energy, acc.decoded, acc.bits, round.terms.elements, acks)
        return Outcome(acc.estimate, DigitalState(acc.owed, after, state.past.after(acc.estimate), acc.slow), report)

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
        mask, power = self._owned(round, devices)  # [C, N], [C, 1]
        snr = power / link.noise
        if self.sdma > 1:
            believed, known = (self._apart(round, devices, side.best) for side in (link.transmitters, link.receiver))
            lacks = round.on_grant(error_power(link.transmitters, devices)[0], round.terms.elements)  # [C, N]
            if self.margin_db == "adaptive":  # what the receiver knows besides lies in A - S + 1 dimensions
                counted = snr * (believed + (link.antennas - self.sdma + 1.0) * lacks)
            else:
                counted = snr * believed / (1.0 + snr * lacks)
            nothing, one = tf.zeros([1, 1]), tf.ones([1, 1], tf.complex64)
            return Subchannel(mask, backoff * counted, snr * known, nothing, one)
        believed = backoff * self._counted_on(round, snr, devices)
        if not round.terms.air.orthogonal:
            gain, disturbance = distortion(acc.y, round, devices, mask, power)  # [C, 1] each
            snr = power * squared(gain) / (link.noise + disturbance)
        found = read(round, snr, devices, link.receiver)
        return Subchannel(mask, believed, found.snr, found.csi_noise, found.gain)

    def _counted_on(self, round: Round, snr: tf.Tensor, devices: tf.Tensor) -> tf.Tensor:
        """The SNR that devices count on: what they know of it, or what they expect the receiver to know, [C, N]."""
        link, air = round.air_link, round.terms.air
        if self.margin_db != "adaptive" or air.csit == air.csir:
            return read(round, snr, devices, link.transmitters).known
        return round.on_grant(expected(link, snr[None, :, :, None], devices)[0], round.terms.elements)

    def _owned(self, round: Round, devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Which elements devices own, 0 or 1 [C, N], and the energy they put on each, [C, 1]."""
        turn, count = turns(round, devices)
        owner = owners(round.terms, tf.maximum(-(-count // self.sdma), 1))  # [N]
        mask = tf.cast(owner == turn[:, None] // self.sdma, tf.float32)  # [C, N]
        owned = tf.maximum(tf.reduce_sum(mask, axis=1, keepdims=True), 1.0)
        return mask, self._power(round.terms, devices)[:, None] * (round.terms.elements / owned)

    def _apart(self, round: Round, devices: tf.Tensor, belief: Belief) -> tf.Tensor:
        """1 / [(H^H H)^-1]_kk of devices among those they share elements with, on the granted elements, [C, N]."""
        link, sharers = round.air_link, self.sdma
        turn, count = turns(round, devices)
        places = turn[:, None] // sharers * sharers + tf.range(sharers)  # [C, S]
        everybody = tf.where(round.weights > 0)[:, 0]
        mates = tf.gather(everybody, tf.minimum(places, count - 1))
        h = link.response(tf.reshape(mates, [-1]), belief)[0]  # [A, C S, T, F]
        h = tf.reshape(h, [link.antennas, -1, sharers, *h.shape[2:]])
        h *= tf.cast(places < count, h.dtype)[..., None, None]
        strengths = separate(tf.transpose(h, [1, 3, 4, 0, 2]), tf.ones([]))  # [C, T, F, S]
        return round.on_grant(tf.gather(strengths, turn % sharers, axis=3, batch_dims=1), round.terms.elements)
