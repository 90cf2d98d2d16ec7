"""Sums over the air of vectors that are drawn or at hand, with no training: what an uplink makes of many of them.

Every round is a first one: nothing is owed and nothing remembered. Rounds are done one after another in one compiled
loop, each from keys of its own, so a round's bits depend neither on how many there are nor on where a block begins.
Links are those that a federation of the same seed sees in the same round.
"""

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from ..phy import keys
from ..phy.keys import Key
from .collection import apply
from .round import Nest, Round, Terms, Uplink, weighted_sum
from .theory import expected_nmse

Draw = Callable[[Key], tf.Tensor]  # the vectors of a round, [K, d]


class SumReport(NamedTuple):
    """What rounds gave, a number each, [R]."""

    nmse: tf.Tensor
    theory: tf.Tensor  # what the NMSE should be on average, given the round's vectors and gains; NaN where unknown
    nmse_sent: tf.Tensor
    gain: tf.Tensor  # <estimate, sum> / |sum|^2
    energy: tf.Tensor  # mean over devices, per granted resource element
    energy_max: tf.Tensor
    decoded: tf.Tensor
    bits: tf.Tensor
    resource_elements: tf.Tensor
    pilot_elements: tf.Tensor
    airtime: tf.Tensor
    free_bits: tf.Tensor
    silent: tf.Tensor
    unheard: tf.Tensor


def normal_vectors(devices: int, size: int, correlation: float = 0.0) -> Draw:
    """Vectors of independent normal entries of variance 1, with a correlation between devices: what all have alike."""

    def draw(key: Key) -> tf.Tensor:
        own = keys.normal(keys.fold(key, "own"), [devices, size])
        if correlation == 0:
            return own
        alike = keys.normal(keys.fold(key, "alike"), [size])
        return correlation**0.5 * alike + (1 - correlation) ** 0.5 * own

    return draw


class Sums:
    """Rounds in which all devices send, with equal weights; compiled once, seeds and SNRs are inputs."""

    def __init__(self, uplink: Uplink, terms: Terms, draw: Draw, independent: bool = False) -> None:
        """``independent``: whether entries are, within a vector and between them, which some theory needs."""
        uplink.check(terms)
        self.uplink, self.terms, self.draw, self.independent = uplink, terms, draw, independent

    def init(self, seed: tf.Tensor) -> Nest:
        """What the uplink knows before a round, by places that depend on the seed alone."""
        return self.uplink.init(self.terms, self.terms.air.init(keys.key(seed, "place")))

    @tf.function(autograph=False)
    def rounds(self, state: Nest, seed: tf.Tensor, snr_db: tf.Tensor, first: tf.Tensor, count: tf.Tensor) -> SumReport:
        """Some rounds, from the first given on."""
        signature = SumReport(*[tf.TensorSpec([])] * len(SumReport._fields))
        numbers = tf.range(first, first + count)
        # one at a time: Sionna's generator is one for all
        return tf.map_fn(
            lambda number: self._round(state, seed, snr_db, number),
            numbers, fn_output_signature=signature, parallel_iterations=1,
        )  # fmt: skip

    def _round(self, state: Nest, seed: tf.Tensor, snr_db: tf.Tensor, number: tf.Tensor) -> SumReport:
        terms, key = self.terms, keys.key(seed, "round", number)
        weights = tf.fill([terms.air.devices], 1.0 / terms.air.devices)
        link = None
        if self.uplink.uses_air:
            place, time = terms.air.init(keys.key(seed, "place")), tf.cast(number, tf.float64) * terms.airtime
            link = terms.air.draw(place, keys.fold(key, "link"), time, terms.slots, snr_db)
        round, vectors = Round(terms, key, weights, link), self.draw(keys.fold(key, "vectors"))
        estimate, _, report = apply(self.uplink, state, round, vectors)
        wanted = weighted_sum(weights, vectors)
        return SumReport(
            nmse=report.nmse,
            theory=expected_nmse(self.uplink, round, vectors, self.independent),
            nmse_sent=report.nmse_sent,
            gain=tf.reduce_sum(estimate * wanted) / tf.reduce_sum(wanted**2),
            energy=tf.reduce_mean(report.energy),
            energy_max=tf.reduce_max(report.energy),
            decoded=tf.reduce_sum(tf.cast(report.decoded, tf.float32)),
            bits=report.bits,
            resource_elements=report.payload,
            pilot_elements=report.pilots,
            airtime=report.airtime,
            free_bits=report.free_bits,
            silent=report.silent,
            unheard=report.unheard,
        )
