"""Power rules: how strongly each device sends on each resource element, and the level at which all arrive.

A device sends x = b z, where z are its weighted symbols and b is complex, one value a resource element; zero is
silence. The receiver divides what it hears by the announced level. A rule is three functions:

* ``cost(gain, share)``: the energy an element costs a device, per unit of symbol energy, to arrive at level 1;
* ``level(spent, budgets, gains, noise, error)``: the common level, from what each device would spend at level 1;
* ``amplitude(scale, gain, energy, budget, share, error)``: one device's b.

The gain is the one behind the receiver's combiner, as the transmitters are told it; ``level`` is the server's work and
is given the gains that the receiver is told. A ``robust`` rule is given best estimates in place of both, and the mean
power that those of the transmitters are known to lack (`link.Belief`), or None where they lack nothing.

Energies are such that a device keeps its budget P_k where sum_n E_{k,n} |b_{k,n}|^2 <= P_k over its N elements; a
device knows its own symbols, so E_{k,n} is what they really hold. Where the channel stands still a gain may stand for
all elements of a subcarrier: E_{k,n} is then their sum, and ``share`` says which share of a device's elements each gain
stands for, [N]; without it all stand for as many.
"""

from typing import ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

import tensorflow as tf

Maybe: TypeAlias = tf.Tensor | None


class Level(NamedTuple):
    """What is announced: the scale the devices use, and the arrival the receiver divides by; [] or [N]."""

    scale: tf.Tensor
    arrival: tf.Tensor


@runtime_checkable
class PowerRule(Protocol):
    """See the module's text.

    ``joint`` says whether the level looks at every device's gain, element by element; ``aligned`` whether all arrive
    with one phase, as the transmitters believe; ``robust`` whether gains are best estimates and ``error`` what they
    lack; ``announced`` whether the level is known to the receiver.
    """

    joint: ClassVar[bool]
    aligned: ClassVar[bool]
    robust: ClassVar[bool]
    announced: ClassVar[bool]

    @property
    def bounded(self) -> bool:
        """Whether the mean cost is finite however deep a channel fades."""
        ...

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        """Energy per element at level 1 for symbols of energy 1: complex [..., N] to real [..., N]."""
        ...

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        """The level, from energies [K] (zero: not sending), budgets [K] and complex gains [K, N] if joint.

        ``error`` is [K or 1, N]. Those that take no part in the round have gains of zero.
        """
        ...

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        """b, complex [..., N], for gains, the symbols' energies and errors [..., N] and budgets [..., 1]."""
        ...


def weakest(spent: tf.Tensor, budgets: tf.Tensor) -> Level:
    """The highest level all can afford: min_k sqrt(P_k / spent_k) over those that send; 1 if nobody does."""
    affordable = tf.where(spent > 0, budgets / tf.where(spent > 0, spent, 1.0), float("inf"))  # [K]
    lowest = tf.reduce_min(affordable)
    level = tf.where(tf.math.is_finite(lowest), tf.sqrt(lowest), 1.0)
    return Level(level, level)


def shares(gain: tf.Tensor, share: Maybe) -> tf.Tensor:
    """The share of elements that each gain [..., N] stands for, [N]."""
    count = gain.shape[-1]
    return tf.fill([count], tf.ones([], gain.dtype.real_dtype) / count) if share is None else share


def inverse(gain: tf.Tensor) -> tf.Tensor:
    """1/gain, and zero where there is no gain."""
    return tf.math.divide_no_nan(tf.ones([], gain.dtype), gain)


def opposite_phase(gain: tf.Tensor) -> tf.Tensor:
    """conj(gain)/|gain|, with which all arrive with one phase; zero where there is no gain."""
    return tf.math.divide_no_nan(tf.math.conj(gain), tf.cast(tf.abs(gain), gain.dtype))


def full_strength(spent: tf.Tensor, budget: tf.Tensor) -> tf.Tensor:
    """The amplitude sqrt(P/E) of who spends the whole budget; of who sends nothing sqrt(P)."""
    return tf.sqrt(budget / tf.where(spent > 0, spent, 1.0))


FAMILY = PowerRule  # what each file of this folder is one of

__all__ = ["Level", "Maybe", "PowerRule", "full_strength", "inverse", "opposite_phase", "shares", "weakest"]
