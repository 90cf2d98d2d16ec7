"""Digital aggregation: each device on its own resource elements, at the rate its share of the grant carries.

The granted elements are dealt out in turn to the C devices that take part, so device k owns about 1/C of them, spread
over all subcarriers, and puts its whole budget there: with P per granted element, C P per own element. It picks its
rate on what it believes of the channel, R_k = sum_l log2(1 + C P |h_l|^2 / N0), backed off by ``margin_db``; the
packet is lost where the true mutual information is below the bits it holds. A receiver that knows the channel up to
an error e works with the best estimate it can form, sqrt(1-e) h_believed, and what remains acts as noise: log2(1 +
(1-e) C P |h_believed|^2 / (N0 + e C P)). Each update is decoded alone, then averaged.
"""

from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from annotated_types import Ge
from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

from ...phy import Link, Paths, Place, keys
from ..compressors import Compressor
from ..compressors.dithered import Dithered
from ..round import Nest, Report, Round, Terms, nmse, weighted_sum

ROUNDING = 1e-5  # a rate is not "above" the mutual information by float rounding alone


class Decoded(NamedTuple):
    """The sum of what was decoded so far, and its costs."""

    estimate: tf.Tensor  # [d]
    target: tf.Tensor  # [d]
    energy: tf.Tensor  # [K]
    bits: tf.Tensor
    heard: tf.Tensor  # bool [K]


@dataclass(frozen=True, config=ConfigDict(arbitrary_types_allowed=True))
class Digital:
    """A compressor, how the rate is found, the margin in dB below the believed SNR, and how the budget is meant."""

    compressor: Compressor = Dithered()
    rate: Literal["capacity"] = "capacity"
    margin_db: Annotated[float, Ge(0)] = 0.0
    budget: Literal["round", "average"] = "round"
    uses_air: ClassVar[bool] = True

    def measures(self, terms: Terms) -> bool:
        return False

    def check(self, terms: Terms) -> None:
        pass

    def init(self, terms: Terms, place: Place) -> Nest:
        return ()

    def begin(self, state: Nest, round: Round) -> Nest:
        zeros = tf.zeros([round.terms.size])
        return Decoded(zeros, zeros, tf.zeros_like(round.weights), tf.zeros([]), tf.zeros_like(round.weights, tf.bool))

    def spend(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        return tf.zeros(tf.shape(devices))

    def settle(self, acc: Nest, round: Round, spent: tf.Tensor) -> Nest:
        return acc

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        rate, information = self._rates(round, devices)  # [C], [C]
        weights = tf.gather(round.weights, devices)
        key = keys.fold(round.key, "compressor")

        def one(carry: tuple[tf.Tensor, tf.Tensor], item: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            estimate, used = carry
            decoded, bits = self.compressor.compress(updates[item], rate[item], keys.fold(key, devices[item]))
            arrives = information[item] >= bits * (1.0 - ROUNDING)
            weight = tf.where(arrives, weights[item], 0.0)
            return estimate + weight * decoded, tf.tensor_scatter_nd_update(used, [[item]], [bits])

        start = acc.estimate, tf.zeros_like(rate)
        estimate, bits = tf.foldl(one, tf.range(tf.size(devices)), start, parallel_iterations=1)
        sends = bits > 0  # a device whose rate carries nothing stays silent
        arrives = information >= bits * (1.0 - ROUNDING)
        energy = self._power(round.terms) * tf.cast(sends, tf.float32)
        places = devices[:, None]
        return Decoded(
            estimate,
            acc.target + weighted_sum(weights, updates),
            tf.tensor_scatter_nd_update(acc.energy, places, energy),
            acc.bits + tf.reduce_sum(bits),
            tf.tensor_scatter_nd_update(acc.heard, places, sends & arrives),
        )

    def end(self, acc: Nest, state: Nest, round: Round) -> tuple[tf.Tensor, Nest, Report]:
        zero, terms = tf.zeros([]), round.terms
        payload, airtime = zero + terms.elements, zero + terms.airtime
        report = Report(nmse(acc.estimate, acc.target), acc.energy, acc.heard, acc.bits, payload, zero, airtime)
        return acc.estimate, state, report

    def _power(self, terms: Terms) -> float:
        """P in a round it takes part in; on average over rounds it is 1 either way, or less."""
        return 1.0 / terms.participation if self.budget == "average" else 1.0

    def _rates(self, round: Round, devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Believed rate after the margin, and true mutual information, in bits a round, [C] each."""
        link, taking_part = round.air_link, tf.cast(round.weights > 0, tf.int32)
        sharers = tf.maximum(tf.reduce_sum(taking_part), 1)
        turn = tf.gather(tf.cumsum(taking_part, exclusive=True), devices)  # [C]
        mine = tf.cast(_owners(round.terms, sharers) == turn[:, None], tf.float32)  # [C, N]
        owned = tf.maximum(tf.reduce_sum(mine, axis=1, keepdims=True), 1.0)
        snr = self._power(round.terms) * (round.terms.elements / owned) / link.noise  # [C, 1]

        believed = _strength(round, link, devices, link.transmitters)
        known = _strength(round, link, devices, link.receiver)
        error = round.terms.air.receiver_knowledge.error
        unknown = error * tf.reduce_sum(tf.gather(link.true.power[0], devices), axis=1, keepdims=True)  # [C, 1]
        margin = 10 ** (-self.margin_db / 10)
        rate = tf.reduce_sum(mine * _log2(1.0 + margin * snr * believed), axis=1)
        known_snr = (1.0 - error) * snr * known / (1.0 + snr * unknown)
        return rate, tf.reduce_sum(mine * _log2(1.0 + known_snr), axis=1)


def _owners(terms: Terms, sharers: tf.Tensor) -> tf.Tensor:
    """Whose turn each granted element is, [N].

    Elements are dealt out in turn. After lcm(C, F) of them the same subcarriers would come to the same devices again;
    from there on the deal is shifted by one: everybody sees the whole band, in equal shares.
    """
    subcarriers = terms.air.grid.subcarriers
    repeats = tf.constant(np.lcm(np.arange(1, terms.air.devices + 1, dtype=np.int64), subcarriers), tf.int64)
    element = tf.range(terms.elements, dtype=tf.int64)
    shifted = element + element // repeats[sharers - 1]
    return tf.cast(shifted % tf.cast(sharers, tf.int64), tf.int32)


def _strength(round: Round, link: Link, devices: tf.Tensor, paths: Paths) -> tf.Tensor:
    """|h|^2 added over antennas on the granted elements, [C, N]."""
    power = tf.reduce_sum(tf.abs(link.response(devices, paths)[0]) ** 2, axis=0)  # [C, T, F]
    return round.on_grant(power, round.terms.elements)


def _log2(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x) / 0.6931471805599453
