"""Truncated channel inversion (TCI): b = c / h where |h|^2 >= g, silence elsewhere."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, inverse, shares, weakest


@dataclass(frozen=True)
class TruncatedInversion:
    """Inversion of what is strong enough.

    A device multiplies its symbols by

        b = c / h where |h|^2 >= g, and 0 elsewhere,

    with h the gain that it is told, g the ``threshold``, and c the highest level that all can afford.

    In Rayleigh fading a share 1 - exp(-g) of the elements is silent and the level reached on average is c^2 = P /
    E1(g). With ``unbiased`` a device that uses m_i of its m elements scales by m/m_i (Abdi, "Distributed learning and
    inference in deep models", 2020, eq. 5.7), which keeps a random linear code unbiased and costs energy. A device with
    m_i = 0 is silent and counts as not heard.

    ``floor`` is fairness: that share of its elements, the strongest, a device uses however weak they are, so nobody
    with any gain is silent; what the weakest then spends lowers the level for all. At 1 the rule is full inversion.

    >>> import tensorflow as tf
    >>> from overair.phy import TruncatedInversion
    >>> gain = tf.constant([0.1, 0.4, 1.0, 2.0], tf.complex64)  # of one device on four elements
    >>> TruncatedInversion(threshold=0.2, unbiased=False).cost(gain).numpy().tolist()
    [0.0, 0.0, 1.0, 0.25]
    >>> TruncatedInversion(threshold=0.2).cost(gain).numpy().tolist()  # two of four elements send twice as strong
    [0.0, 0.0, 4.0, 1.0]
    """

    threshold: Annotated[float, Ge(0)] = 0.1
    """Least gain |h|^2 at which a device sends; relative to the mean that the SNR is defined for."""
    unbiased: bool = True
    """Whether a device that sends m_i of its m elements scales them by m/m_i."""
    floor: Annotated[float, Ge(0), Le(1)] = 0.0
    """Share of its elements that a device uses however weak they are."""
    joint: ClassVar[bool] = False
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True

    @property
    def bounded(self) -> bool:
        return self.threshold > 0 and self.floor == 0

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return squared(self._inverse(gain, share))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        return weakest(spent, budgets)

    def amplitude(
        self,
        scale: tf.Tensor,
        gain: tf.Tensor,
        energy: tf.Tensor,
        budget: tf.Tensor,
        share: Maybe = None,
        error: Maybe = None,
    ) -> tf.Tensor:
        return tf.cast(scale, gain.dtype) * self._inverse(gain, share)

    def _inverse(self, gain: tf.Tensor, share: Maybe) -> tf.Tensor:
        power, share = squared(gain), shares(gain, share)
        least = tf.minimum(self.threshold, self._weakest_kept(power, share)) if self.floor else self.threshold
        used = tf.cast((power >= least) & (power > 0), power.dtype)  # [..., N]
        if self.unbiased:
            used = tf.math.divide_no_nan(used, tf.reduce_sum(share * used, axis=-1, keepdims=True))
        return tf.cast(used, gain.dtype) * inverse(gain)

    def _weakest_kept(self, power: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
        """|h|^2 of the last of the strongest that make up the floor, [..., 1]."""
        ordered, order = tf.math.top_k(power, power.shape[-1])
        before = tf.cumsum(tf.gather(share, order), axis=-1, exclusive=True)  # [..., N]
        return tf.reduce_min(tf.where(before < self.floor - 1e-6, ordered, float("inf")), axis=-1, keepdims=True)
