"""What a federation guarantees: what a protection needs, what each round tells, and the epsilon of all of them.

A guarantee needs a level that follows from bounds: of a clip and a norm announced beforehand, never from what devices
would really spend. Then a device's amplitude b is known without its data, and a change of norm D of its update u tells
at most mu^2 = 2 (w D)^2 max sum_a |h_a b|^2 / N0, the largest over elements, with all antennas: behind the combiner the
server has less, but it has what is before it as well. Rounds add up (`ota/privacy.py`). Nothing is counted on that the
server knows: who takes part.
"""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from ...ota import Analog, Identity, Round, Terms
from ...ota.privacy import epsilon_of
from ...ota.round import Updates
from ...phy import ExpectedNorm, squared
from .attackers import Attacker
from .clipping import cut_updates
from .protections import Protection


class Guard:
    """A protection over an uplink; nothing is protected, and nothing guaranteed, without one."""

    def __init__(self, protection: Protection | None, uplink: Any, terms: Terms) -> None:
        self.protection, self.uplink, self.terms = protection, uplink, terms
        if protection is not None:
            check_level(uplink)
            check_air(terms)

    def check(
        self,
        moves: bool,
        sees_updates: bool,
        shares: tf.Tensor,
        batch_size: int | None = None,
        attackers: Attacker | None = None,
    ) -> None:
        """Raise ValueError where an algorithm, batches, a schedule, attackers or a norm leave nothing to guarantee."""
        if self.protection is None:
            return
        if attackers is not None:
            raise ValueError(
                "attackers: expected none under a protection, as what they forge no clip bounds, received "
                f"{type(attackers).__name__}; leave out one of them"
            )
        if self.protection.per_sample and moves:
            raise ValueError(
                "protection: expected device for local steps, each of which knows the last, received sample"
            )
        if self.protection.per_sample and batch_size is not None:
            raise ValueError(
                "batch_size: expected none under protection = sample, as a batch may hold a sample several times, "
                f"received {batch_size}; leave it out"
            )
        if sees_updates:
            raise ValueError("scheduler: expected one that sees no updates under a protection, received another")
        if self.terms.participation is None:
            raise ValueError("scheduler: expected coins of one chance under a protection, by which weights are bounded")
        longest = np.asarray(shares) / self.terms.participation * self.protection.clip  # [K]
        self._check_norm(float(np.max(longest**2 / self.terms.elements / self.terms.budgets.numpy())))

    def _check_norm(self, energy: float) -> None:
        """Raise ValueError where the level asks some device for more than its budget on an update as long as may be."""
        rule = self.uplink.rule
        needed = energy / rule.margin
        if rule.norm < needed * (1 - 1e-6):
            raise ValueError(
                f"uplink.rule.norm: expected at least {needed:.4g}, the energy of an element of the longest update "
                f"that the clip leaves, over budget and margin, received {rule.norm:.4g}; "
                f"set uplink.rule.norm = {rounded_up(needed):.4g}"
            )

    def start(self, devices: int) -> tf.Tensor:
        """Nothing told of anybody, float64 [K]; [0] without a protection."""
        return tf.zeros([devices if self.protection else 0], tf.float64)

    def clipped(self, updates_of: Updates) -> Updates:
        """Updates that a device's clip cuts; a sample's has cut already."""
        protection = self.protection
        return updates_of if protection is None or protection.per_sample else cut_updates(updates_of, protection.clip)

    def leak(self, round: Round, samples: tf.Tensor) -> tf.Tensor:
        """mu^2 of a round, float64 [K], of devices whose updates are means of so many samples [K]; [0] without."""
        if self.protection is None:
            return tf.zeros([0], tf.float64)
        change = round.weights * self.protection.change(samples)
        told = 2.0 * tf.cast(change, tf.float64) ** 2 * tf.cast(self._reach(round), tf.float64)
        return told / tf.cast(round.air_link.noise, tf.float64)

    def _reach(self, round: Round) -> tf.Tensor:
        """The most of a unit of energy that arrives at all antennas together, [K]."""
        uplink, terms, link = self.uplink, round.terms, round.air_link
        elements = uplink.codec.elements(terms.layers, terms.elements)
        everybody = tf.range(round.terms.air.devices)
        gains = round.gains(everybody, elements)  # [K, M]
        senders = tf.cast(round.weights > 0, tf.float32)
        level = uplink.rule.level(senders, round.terms.budgets, gains, link.noise)
        b = uplink.rule.amplitude(level.scale, gains, tf.zeros_like(senders)[:, None], round.terms.budgets[:, None])
        strength = tf.reduce_sum(squared(link.response(symbols=round.terms.air.grid.rows(elements))), axis=1)[0]
        return tf.reduce_max(round.on_grant(strength, elements) * squared(b), axis=1)

    def epsilon(self, leaked: tf.Tensor) -> float:
        """Of the device, or of the device's samples, that all rounds so far told most of; NaN without a protection."""
        if self.protection is None:
            return math.nan
        return epsilon_of(math.sqrt(float(tf.reduce_max(leaked))), self.protection.delta)

    def words(self, epsilon: float) -> str:
        """What a run of this epsilon guarantees."""
        if self.protection is None:
            return "nothing: no protection, so no clip, and a level that may follow from the data"
        return f"({epsilon:.4g}, {self.protection.delta:g}) privacy of {self.protection.protects}"


def rounded_up(value: float) -> float:
    """The next number of four digits, or the value itself."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 3)
    return math.ceil(value / unit) * unit


def check_air(terms: Terms) -> None:
    """Raise ValueError where elements are mixed, so that more of one arrives than its gain says."""
    if not terms.air.orthogonal:
        raise ValueError(
            "air.domain: expected frequency under a protection, as elements must arrive apart from each other, "
            "received time; leave out what needs waveforms"
        )


def check_level(uplink: Any) -> None:
    """Raise ValueError where the level follows from the data, or what is sent is not the clipped update."""
    if not isinstance(uplink, Analog) or uplink.groups > 1:
        raise ValueError("uplink: expected analog, of one sum, whose noise is what protects, received another")
    if not isinstance(uplink.rule, ExpectedNorm) or uplink.rule.norm == 0:
        raise ValueError(
            "uplink.rule: expected expected_norm with a norm under a protection, received "
            f"{type(uplink.rule).__name__}, whose level follows from the data: then nothing is guaranteed"
        )
    if not isinstance(uplink.codec, Identity) or uplink.feedback:
        raise ValueError("uplink.codec: expected identity without feedback under a protection, received another")
    if uplink.budget != "round":
        raise ValueError(f"uplink.budget: expected round under a protection, received {uplink.budget}")
