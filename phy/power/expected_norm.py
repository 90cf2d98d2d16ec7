"""A level from expected norms (COTAF): devices invert the channel at a level agreed before they know their energy."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Gt

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, inverse


@dataclass(frozen=True)
class ExpectedNorm:
    """Inversion at a level agreed on beforehand.

        b = c / h where |h|^2 >= g, else 0,   c^2 = g P / (margin E).

    E is the energy that updates are expected to have: ``norm`` where it is announced, else the mean over those that
    send. A device whose update and fades would cost more than its budget sends all of it weaker, by the same factor on
    every element, and so arrives below the level: bias for the loud, where other rules lower the level for all. COTAF:
    Sery, Shlezinger, Cohen, Eldar, "Over-the-air federated learning from heterogeneous data", IEEE TSP 2021, whose
    precoder is p_t = P / max_k E|update_k|^2, and sends h_min/|h| sqrt(p_t) where |h| >= h_min.

    What differs: the paper takes the maximum over devices of expectations over data, found beforehand, and keeps P on
    average; a rule keeps no memory, so the mean over this round's devices times ``margin`` stands for it, and the
    budget is kept in each round. Symbols carry their weights, so E is that of weighted updates, per granted element, in
    units of P.

    >>> import tensorflow as tf
    >>> from overair.phy import ExpectedNorm
    >>> rule, gain = ExpectedNorm(threshold=0.25, norm=1.0), tf.constant([0.1, 0.5, 1.0], tf.complex64)
    >>> level = rule.level(tf.constant([3.0]), tf.ones([1]), None, tf.constant(0.1))
    >>> b = rule.amplitude(level.scale, gain, tf.fill([3], 1 / 3), tf.ones([1]))  # energies [N], budgets [1]
    >>> float(level.arrival), tf.math.real(b).numpy().tolist()
    (0.5, [0.0, 1.0, 0.5])
    """

    threshold: Annotated[float, Gt(0)] = 0.1
    """Least gain |h|^2 at which a device sends; relative to the mean that the SNR is defined for."""
    margin: Annotated[float, Gt(0)] = 1.0
    """Room above the expected energy, as a factor."""
    norm: Annotated[float, Ge(0)] = 0.0
    """Expected energy of an element, in units of P; 0 for the mean over those that send."""
    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    @property
    def beforehand(self) -> bool:
        """Whether the level is known before any device reports what it would spend."""
        return self.norm > 0

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.math.real(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        if self.beforehand:  # whatever anybody would spend, nothing included
            agreed = tf.fill([], tf.cast((self.threshold / (self.margin * self.norm)) ** 0.5, spent.dtype))
            return Level(agreed, agreed)
        senders = tf.reduce_sum(tf.cast(spent > 0, spent.dtype))
        expected = self.margin * tf.math.divide_no_nan(tf.reduce_sum(spent / budgets), senders)
        level = tf.sqrt(tf.where(senders > 0, self.threshold / tf.where(senders > 0, expected, 1.0), 1.0))
        return Level(level, level)

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        used = tf.cast(squared(gain) >= self.threshold, gain.dtype)
        b = tf.cast(scale, gain.dtype) * used * inverse(gain)  # [..., N]
        spent = tf.reduce_sum(energy * squared(b), axis=-1, keepdims=True)
        over = tf.maximum(spent / budget, 1.0)
        return b / tf.cast(tf.sqrt(over), gain.dtype)
