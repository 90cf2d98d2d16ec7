"""Digital aggregation: each device on its own resource elements, at the rate its share of the grant carries.

The granted elements are dealt out in turn to the C devices that take part, so device k owns about 1/C of them, spread
over all subcarriers, and puts its whole budget there: with P per granted element, C P per own element. It picks its
rate on what it believes of the channel, R_k = sum_l log2(1 + C P |h_l|^2 / N0), backed off by ``margin_db``; the
packet is lost where the true mutual information is lower. What the receiver does not know of the channel acts as
noise. Each update is decoded alone, then averaged.
"""

from typing import Annotated, ClassVar, Literal, NamedTuple

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
    """A compressor, how the rate is found, and the margin in dB below the believed SNR."""

    compressor: Compressor = Dithered()
    rate: Literal["capacity"] = "capacity"
    margin_db: Annotated[float, Ge(0)] = 0.0
    measures: ClassVar[bool] = False
    uses_air: ClassVar[bool] = True

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
        arrives = information >= rate * (1.0 - ROUNDING)
        weights = tf.gather(round.weights, devices)
        key = keys.fold(round.key, "compressor")

        def one(carry: tuple[tf.Tensor, tf.Tensor], item: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            estimate, used = carry
            device_key = keys.fold(key, devices[item])
            decoded, bits = self.compressor.compress(updates[item], rate[item], device_key)
            weight = tf.where(arrives[item], weights[item], 0.0)
            return estimate + weight * decoded, tf.tensor_scatter_nd_update(used, [[item]], [bits])

        estimate, bits = tf.foldl(
            one,
            tf.range(tf.size(devices)),
            (acc.estimate, tf.zeros_like(rate)),
            parallel_iterations=1,
        )
        sends = bits > 0  # a device whose rate carries nothing stays silent
        places = devices[:, None]
        return Decoded(
            estimate,
            acc.target + weighted_sum(weights, updates),
            tf.tensor_scatter_nd_update(acc.energy, places, tf.cast(sends, tf.float32)),
            acc.bits + tf.reduce_sum(bits),
            tf.tensor_scatter_nd_update(acc.heard, places, sends & arrives),
        )

    def end(self, acc: Nest, state: Nest, round: Round) -> tuple[tf.Tensor, Nest, Report]:
        zero, terms = tf.zeros([]), round.terms
        payload, airtime = zero + terms.elements, zero + terms.airtime
        report = Report(nmse(acc.estimate, acc.target), acc.energy, acc.heard, acc.bits, payload, zero, airtime)
        return acc.estimate, state, report

    def _rates(self, round: Round, devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Believed rate after the margin, and true mutual information, in bits a round, [C] each."""
        link, taking_part = round.air_link, tf.cast(round.weights > 0, tf.int32)
        sharers = tf.maximum(tf.reduce_sum(taking_part), 1)
        turn = tf.gather(tf.cumsum(taking_part, exclusive=True), devices)  # [C]
        mine = tf.math.floormod(tf.range(round.terms.elements), sharers) == turn[:, None]  # [C, N]
        mine = tf.cast(mine, tf.float32)
        owned = tf.maximum(tf.reduce_sum(mine, axis=1, keepdims=True), 1.0)
        snr = (round.terms.elements / owned) / link.noise  # [C, 1]

        believed = _strength(round, link, devices, link.transmitters)
        known = _strength(round, link, devices, link.receiver)
        unknown = 0.0 if link.receiver is link.true else _strength(round, link, devices, link.true, link.receiver)
        margin = 10 ** (-self.margin_db / 10)
        rate = tf.reduce_sum(mine * _log2(1.0 + margin * snr * believed), axis=1)
        information = tf.reduce_sum(mine * _log2(1.0 + snr * known / (1.0 + snr * unknown)), axis=1)
        return rate, information


def _strength(round: Round, link: Link, devices: tf.Tensor, paths: Paths, less: Paths | None = None) -> tf.Tensor:
    """|h|^2 added over antennas, of paths or of their difference, on the granted elements [C, N]."""
    response = link.response(devices, paths)[0]  # [A, C, T, F]
    if less is not None:
        response = response - link.response(devices, less)[0]
    power = tf.reduce_sum(tf.abs(response) ** 2, axis=0)  # [C, T, F]
    return round.on_grant(power, round.terms.elements)


def _log2(x: tf.Tensor) -> tf.Tensor:
    return tf.math.log(x) / 0.6931471805599453
