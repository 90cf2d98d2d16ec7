"""The ideal uplink: the exact weighted sum, at no cost. What every other one is measured against."""

import math
from typing import ClassVar

import tensorflow as tf
from pydantic.dataclasses import dataclass

from ...phy import Place
from ...phy.strict import STRICT
from ..round import Nest, Outcome, Probe, Report, Round, Terms, weighted_sum


@dataclass(frozen=True, config=STRICT)
class Ideal:
    """No air at all."""

    uses_air: ClassVar[bool] = False

    def probes(self, terms: Terms) -> bool:
        return False

    def check(self, terms: Terms) -> None:
        pass

    def init(self, terms: Terms, place: Place) -> Nest:
        return ()

    def begin(self, state: Nest, round: Round, probe: Probe | None = None) -> Nest:
        return tf.zeros([round.terms.size])

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        return acc + weighted_sum(tf.gather(round.weights, devices), updates)

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        zero, nobody = tf.zeros([]), tf.zeros_like(round.weights)
        free_of_cost = *[zero] * 7, tf.constant(math.nan)
        return Outcome(acc, state, Report(zero, zero, nobody, round.weights > 0, *free_of_cost))
