"""Power rules: how strongly each device sends on each resource element, and the level at which all arrive."""

from typing import ClassVar, NamedTuple, Protocol, TypeAlias, runtime_checkable

import tensorflow as tf

from ..documented import documented

Maybe: TypeAlias = tf.Tensor | None


@documented
class Level(NamedTuple):
    """What is announced: the scale the devices use, and the arrival the receiver divides by; [] or [N].

        estimate = heard / arrival.

    The two differ where devices do not all arrive at what they aim at, as under ``PhaseOnly``.

    >>> import tensorflow as tf
    >>> from overair.phy import EqualPower, Level
    >>> level = EqualPower().level(tf.constant([1.0, 4.0]), tf.ones([2]), None, tf.constant(0.1))
    >>> isinstance(level, Level), float(level.scale), float(level.arrival)
    (True, 0.5, 0.5)
    """

    scale: tf.Tensor  # of what devices send, [] or [N]
    arrival: tf.Tensor  # by which the receiver divides, [] or [N]


@documented
@runtime_checkable
class PowerRule(Protocol):
    """How strongly a device sends on each resource element, and the level at which all arrive.

    A device sends x = b z, where z are its weighted symbols and b is complex, one value a resource element; zero is
    silence. The receiver divides what it hears by the announced level:

        estimate = (sum_k h_k b_k z_k + noise) / arrival.

    A rule is three functions: ``cost``, of which what each device would spend at level 1 follows, ``level`` and
    ``amplitude``. The gain is the one behind the receiver's combiner, as the transmitters are told it; ``level`` is the
    server's work and is given the gains that the receiver is told. A ``robust`` rule is given best estimates in place
    of both, and the mean power that those of the transmitters are known to lack (``Belief``), or None where they lack
    nothing.

    Energies are such that a device keeps its budget P_k where sum_n E_kn |b_kn|^2 <= P_k over its N elements; a device
    knows its own symbols, so E_kn is what they really hold. Where the channel stands still a gain may stand for all
    elements of a subcarrier: E_kn is then their sum, and ``share`` says which share of a device's elements each gain
    stands for, [N]; without it all stand for as many.

    >>> import tensorflow as tf
    >>> from overair.phy import FullInversion, PowerRule
    >>> rule, gains = FullInversion(), tf.constant([[1.0, 0.5], [2.0, 2.0]], tf.complex64)  # [K, N]
    >>> energy, budgets = tf.fill([2, 2], 0.5), tf.ones([2])
    >>> level = rule.level(tf.reduce_sum(energy * rule.cost(gains), axis=1), budgets, None, noise=tf.constant(0.1))
    >>> sent = energy * tf.abs(rule.amplitude(level.scale, gains, energy, budgets[:, None])) ** 2  # [K, N]
    >>> isinstance(rule, PowerRule), sent.numpy().sum(axis=1).round(4).astype(str).tolist()  # the weakest spends all
    (True, ['1.0', '0.1'])
    """

    joint: ClassVar[bool]
    """Whether the level looks at every device's gain, element by element."""
    aligned: ClassVar[bool]
    """Whether all arrive with one phase, as the transmitters believe."""
    robust: ClassVar[bool]
    """Whether gains are best estimates and ``error`` what they lack."""
    announced: ClassVar[bool]
    """Whether the level is known to the receiver."""

    @property
    def bounded(self) -> bool:
        """Whether the mean cost is finite however deep a channel fades."""
        ...

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        """Energy of an element, per unit of symbol energy, to arrive at level 1.

        Of complex64 gains [..., N] it is float32 [..., N].
        """
        ...

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        """The level, from what devices would spend at level 1, float32 [K] in units of P; 0 of those that do not send.

        ``budgets`` are float32 [K] in units of P, ``noise`` is N0 behind the combiner; rules that are ``joint`` are
        given all complex gains [K, N], others None. ``error`` is [K or 1, N], for rules that are ``robust``. Those that
        take no part in the round have gains of zero.
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
        """b, complex64 [..., N], for gains complex64 [..., N] of one device or more.

        ``scale`` is that of the level, [] or [N]; ``energy`` what the symbols hold, float32 [..., N]; ``budget``
        float32 [..., 1] in units of P; ``error`` what best estimates lack, [..., N], for rules that are ``robust``.
        """
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
