"""The ideal uplink: the exact weighted sum, at no cost. What every other one is measured against."""

import math
from typing import ClassVar

import tensorflow as tf

from ...phy import Place
from ...phy.strict import dataclass
from .. import apart
from ..round import Nest, Outcome, Probe, Report, Round, Terms, weighted_sum
from ._memory import put


@dataclass(frozen=True)
class Ideal:
    """The exact weighted sum, at no cost and without any air.

        estimate = sum_k w_k u_k.

    What every other uplink is measured against.

    >>> import tensorflow as tf
    >>> from overair.ota import Ideal, Round, Terms, apply
    >>> from overair.phy import Air, Awgn, Grid, keys
    >>> terms = Terms(Air(Grid(), Awgn(), devices=2), size=3, elements=2)
    >>> round = Round(terms, keys.key(0), tf.constant([0.25, 0.75]))
    >>> apply(Ideal(), (), round, tf.constant([[4.0, 0.0, 8.0], [0.0, 4.0, 0.0]]))[0].numpy().tolist()
    [1.0, 3.0, 2.0]
    """

    uses_air: ClassVar[bool] = False
    apart: ClassVar[bool] = True

    def probes(self, terms: Terms) -> bool:
        return False

    def check(self, terms: Terms) -> None:
        apart.check(self, terms)

    def init(self, terms: Terms, place: Place) -> Nest:
        return ()

    def begin(self, state: Nest, round: Round, probe: Probe | None = None) -> Nest:
        return tf.zeros([round.terms.size]), apart.nothing(round.terms)

    def add(self, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> Nest:
        total, rows = acc
        return total + weighted_sum(tf.gather(round.weights, devices), updates), put(rows, devices, updates)

    def end(self, acc: Nest, state: Nest, round: Round) -> Outcome:
        (total, rows), zero, there = acc, tf.zeros([]), round.weights > 0
        free_of_cost = *[zero] * 7, tf.constant(math.nan)
        report = Report(zero, zero, tf.zeros_like(round.weights), there, *free_of_cost)
        return Outcome(total, state, report, apart=apart.separate(rows, there))
