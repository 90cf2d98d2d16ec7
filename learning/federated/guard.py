"""What a federation guarantees: what a protection needs, what each round tells, and the epsilon of all of them.

A guarantee needs a level that follows from bounds: of a clip and a norm announced beforehand, never from what devices
would really spend. Then a device's amplitude b is known without its data, and a change of norm D of its update u tells
at most mu^2 = 2 (w D)^2 max sum_a |h_a b|^2 / N0, the largest over elements, with all antennas: behind the combiner the
server has less, but it has what is before it as well. Rounds add up (`ota/privacy.py`). Nothing is counted on that the
server knows: who takes part. Of noise that devices add themselves all is counted on that arrives (`arrivals.py`).
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from ...ota import Analog, Identity, Round, Terms
from ...ota.privacy import epsilon_of, mu_of
from ...ota.round import Split, Updates
from ...phy import ExpectedNorm
from .arrivals import arrival, reach
from .attackers import Attacker
from .clipping import cut_updates
from .guard_plans import allowed, filled
from .population import Population
from .protections import Protection

Share: TypeAlias = tf.Tensor | float
COUNTED_ON = ", as long as no device tells anybody the noise that it adds"
LEAST = 1e-9  # share of power for data
_ROUNDING = 1.0 - 1e-6  # of a budget, for what float32 makes of levels


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
        held: Sequence[np.ndarray] | Population = (),
    ) -> None:
        """Raise ValueError where an algorithm, batches, a schedule, attackers or a norm leave nothing to guarantee.

        ``shares`` are of all data, and ``held`` the samples of each.
        """
        if self.protection is None:
            return
        if self.protection.per_sample and not isinstance(held, Population):
            check_apart(held)
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

    def guarded(self, round: Round, samples: tf.Tensor, leaked: tf.Tensor, at: tf.Tensor) -> tuple[Round, tf.Tensor]:
        """A round with what devices make of their power, and mu^2 that it tells, float64 [K]; [0] without a protection.

        Updates are means of so many samples [K]; ``leaked`` [K] is what the ``at`` rounds before have told.
        """
        if self.protection is None:
            return round, tf.zeros([0], tf.float64)
        change = tf.cast(round.weights * self.protection.change(samples), tf.float64)
        found, room = arrival(self.uplink, round), tf.cast(self._room(round), tf.float64)

        def told(data: Share, noise: Share) -> tf.Tensor:
            return 2.0 * change**2 * data * reach(found, None if _is_none(noise) else noise * room)

        data, noise = self._shares(told, leaked, at)
        if isinstance(data, float) and data == 1.0:
            return round, told(data, noise)
        added = None if _is_none(noise) else tf.cast(noise / data * room, tf.float32)
        return replace(round, split=Split(tf.cast(data, tf.float32), added)), told(data, noise)

    def _room(self, round: Round) -> tf.Tensor:
        """Power of symbols that takes all of a device's budget where it sends on its deepest gain, [K]."""
        return self.uplink.rule.margin * self.uplink.rule.norm * round.terms.budgets

    def _shares(
        self, told: Callable[[Share, Share], tf.Tensor], leaked: tf.Tensor, at: tf.Tensor
    ) -> tuple[Share, Share]:
        """Of power, for data and for noise."""
        protection = self.protection
        assert protection is not None
        data, noise = 1.0 - protection.noise, protection.noise
        if protection.epsilon is None:
            return data, noise
        full = tf.reduce_max(told(data, noise))
        most = self._allowed(leaked, at, full)
        if protection.fill:
            rest = _as_sent(filled(lambda share: tf.reduce_max(told(share, 1.0 - share)), most))
            return rest, 1.0 - rest
        return _as_sent(data * tf.where(full > most, most / full, 1.0)), noise

    def leak(self, round: Round, samples: tf.Tensor) -> tf.Tensor:
        """mu^2 of a first round, float64 [K]; [0] without a protection."""
        return self.guarded(round, samples, self.start(round.terms.air.devices), tf.zeros([], tf.int64))[1]

    def _allowed(self, leaked: tf.Tensor, at: tf.Tensor, full: tf.Tensor) -> tf.Tensor:
        """What a round may tell of the device of which most has been told."""
        protection = self.protection
        assert protection is not None and protection.epsilon is not None and protection.rounds is not None
        left = tf.maximum(_ROUNDING * mu_of(protection.epsilon, protection.delta) ** 2 - tf.reduce_max(leaked), 0.0)
        rounds = tf.cast(protection.rounds - tf.cast(at, tf.int32), tf.float64)
        return allowed(left, rounds, full, protection.rate, protection.rounds)

    @property
    def plans(self) -> bool:
        """Whether rounds have a target together."""
        return self.protection is not None and self.protection.epsilon is not None

    def check_rounds(self, rounds: int) -> None:
        """Raise ValueError where more rounds are asked for than a target is planned for."""
        planned = self.protection and self.protection.rounds
        if planned and rounds > planned:
            raise ValueError(
                f"protection.rounds: expected at least {rounds}, as many as there are, received {planned}; "
                f"set protection.rounds = {rounds}, or make fewer rounds"
            )

    def epsilon(self, leaked: tf.Tensor) -> float:
        """Of the device, or of the device's samples, that all rounds so far told most of; NaN without a protection."""
        if self.protection is None:
            return math.nan
        return epsilon_of(math.sqrt(float(tf.reduce_max(leaked))), self.protection.delta)

    def words(self, epsilon: float) -> str:
        """What a run of this epsilon guarantees."""
        if self.protection is None:
            return "nothing: no protection, so no clip, and a level that may follow from the data"
        told = f"({rounded_up(epsilon):.4g}, {self.protection.delta:g}) privacy of {self.protection.protects}"
        return told + COUNTED_ON if self.protection.noise or self.protection.fill else told


def _is_none(noise: Share) -> bool:
    """Whether there is never any."""
    return isinstance(noise, float) and noise == 0.0


def _as_sent(share: tf.Tensor) -> tf.Tensor:
    """A share of power as it is sent, in float32, and more than nothing."""
    return tf.cast(tf.maximum(tf.cast(share, tf.float32), LEAST), tf.float64)


def rounded_up(value: float) -> float:
    """The next number of four digits, or the value itself."""
    if value == 0 or not math.isfinite(value):
        return value
    unit = 10.0 ** (math.floor(math.log10(value)) - 3)
    return math.ceil(value / unit) * unit


def check_apart(shares: Sequence[np.ndarray]) -> None:
    """Raise ValueError where a sample is held twice, by one device or by several: its change would count twice."""
    held = np.concatenate([np.zeros(0), *map(np.ravel, shares)])
    different = len(np.unique(held))
    if different < len(held):
        raise ValueError(
            "shares: expected each sample once under protection = sample, as one that is held twice tells more, "
            f"received {len(held)} of {different} samples; take a partition into disjoint shares"
        )


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
        groups = f" in {uplink.groups} groups" if isinstance(uplink, Analog) else ""
        received = type(uplink).__name__.lower() + groups
        raise ValueError(f"uplink: expected analog, of one sum, whose noise is what protects, received {received}")
    if not isinstance(uplink.rule, ExpectedNorm) or uplink.rule.norm == 0:
        raise ValueError(
            "uplink.rule: expected expected_norm with a norm under a protection, received "
            f"{type(uplink.rule).__name__}, whose level follows from the data: then nothing is guaranteed"
        )
    if not isinstance(uplink.codec, Identity) or uplink.feedback:
        owed = f" with feedback {uplink.feedback:g}" if uplink.feedback else ""
        received = type(uplink.codec).__name__ + owed
        raise ValueError(f"uplink.codec: expected identity without feedback under a protection, received {received}")
    if uplink.budget != "round":
        raise ValueError(f"uplink.budget: expected round under a protection, received {uplink.budget}")
