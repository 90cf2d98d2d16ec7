"""Greedy choice of elements: b = c (m/m_i) / h on the m_i strongest of m elements, as many as a device can pay for."""

from typing import ClassVar

import tensorflow as tf

from ..arithmetic import squared
from ..strict import dataclass
from . import Level, Maybe, inverse, shares

SHORT = 0.01  # of its budget: what a device may lack and send weaker for


@dataclass(frozen=True)
class GreedySelection:
    """As many of the strongest elements as the budget pays for.

        b = c (m/m_i) / h on the m_i strongest of m elements, else 0.

    At a level c device i takes the largest m_i with c^2 (m/m_i)^2 sum_{l <= m_i} E_{i,l}/|h_{i,l}|^2 <= P_i, strongest
    first (Abdi, "Distributed learning and inference in deep models", 2020, section 5.4.1, eq. 5.7 and 5.8). The left
    side may fall as m_i grows, so every m_i is tried. E_{i,l} is what the symbols really hold, while the level knows
    their mean only; a device that is short of a hundredth of what it needs sends that much weaker, and none exceeds its
    budget.

    The level makes the bound of eq. 5.9 smallest: with a_i^2 the mean symbol energy, (sum_i a_i) (sum_i a_i m/m_i) +
    N0/c^2, up to what does not depend on c. The bound steps up where somebody loses an element, at max_{m' >= m}
    c_i(m') where c_i(m) is what i can afford on m elements, and falls between steps. So one of these K m values is the
    best c, and all are tried; at each somebody is heard. A silent device, for which the bound has no value, is charged
    as half an element would be, m/m_i = 2 m: it is given up only where keeping it would cost all others more. Without
    ``unbiased`` nobody scales by m/m_i, and the bound is (sum_i a_i sqrt(1 - m_i/m))^2 + N0/c^2: the triangle
    inequality over devices of what they leave out.

    Where all elements of a device are alike more of them never cost more. It uses all or none, c is what the weakest
    that is worth keeping affords, and the rule is full inversion with the hopeless left out. Where the channel moves, a
    level is found slot by slot from that slot's gains; devices choose among all elements of the round, cheapest first.

    >>> import tensorflow as tf
    >>> from overair.phy import GreedySelection
    >>> rule, gain = GreedySelection(), tf.constant([0.1, 1.0, 2.0, 1.0], tf.complex64)
    >>> b = rule.amplitude(tf.constant(0.5), gain, tf.fill([4], 0.25), tf.ones([1]))  # c = 0.5
    >>> tf.math.real(b).numpy().round(2).astype(str).tolist()  # c m/m_i = 2/3 on the three strongest
    ['0.0', '0.67', '0.33', '0.67']
    """

    unbiased: bool = True
    """Whether those that are sent are scaled by m/m_i."""
    joint: ClassVar[bool] = True
    aligned: ClassVar[bool] = True
    robust: ClassVar[bool] = False
    announced: ClassVar[bool] = True
    bounded: ClassVar[bool] = True

    def cost(self, gain: tf.Tensor, share: Maybe = None) -> tf.Tensor:
        return tf.ones_like(tf.math.real(gain))

    def level(self, spent: tf.Tensor, budgets: tf.Tensor, gains: Maybe, noise: tf.Tensor, error: Maybe = None) -> Level:
        sends, energy = spent[:, None] > 0, tf.cast(spent, tf.float64)[:, None]  # [K, 1]
        power = tf.cast(squared(gains), tf.float64)  # [K, N]
        price = tf.sort(tf.where(power > 0, 1 / tf.where(power > 0, power, 1.0), float("inf")), axis=1)
        count = tf.cast(tf.shape(gains)[1], tf.float64)
        part = tf.range(1, tf.shape(gains)[1] + 1) / tf.shape(gains)[1]  # m_i/m, [N]
        total = self._scaled(tf.cumsum(price, axis=1), part) * energy / count
        affordable = tf.where(sends, tf.sqrt(tf.cast(budgets, tf.float64)[:, None] / tf.where(sends, total, 1.0)), 0.0)
        steps = tf.reshape(_best_from_here(affordable), [-1])  # c_i(m), [K N]

        order = tf.argsort(steps, direction="DESCENDING")
        charges = tf.sqrt(energy) * self._charges(count, part)  # [K, N + 1], of 0, 1, ... N elements
        changes = tf.reshape(charges[:, 1:] - charges[:, :-1], [-1])
        bound = tf.reduce_sum(charges[:, 0]) + tf.cumsum(tf.gather(changes, order))  # [K N]
        bound *= tf.reduce_sum(tf.sqrt(energy)) if self.unbiased else bound
        c = tf.gather(steps, order)
        bound += tf.where(c > 0, tf.cast(noise, tf.float64) / tf.where(c > 0, c, 1.0) ** 2, float("inf"))
        best = tf.gather(c, tf.argmin(bound))
        level = tf.cast(tf.where(best > 0, best, 1.0), spent.dtype)
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
        rank, ease = gain.shape.rank - 1, squared(gain) / scale**2  # [..., N]
        ordered, order = tf.math.top_k(ease, gain.shape[-1])
        price = tf.gather(energy, order, batch_dims=rank) / tf.where(ordered > 0, ordered, 1.0)
        price = tf.where(ordered > 0, price, float("inf"))
        part = tf.cumsum(tf.cast(tf.gather(shares(gain, share), order), tf.float64), axis=-1)  # m_i/m, [..., N]
        total = self._scaled(tf.cumsum(tf.cast(price, tf.float64), axis=-1), part) / tf.cast(budget, tf.float64)
        number = tf.range(1, gain.shape[-1] + 1)
        number = tf.reduce_max(tf.where(total <= 1 + SHORT, number, 0), axis=-1, keepdims=True)  # [..., 1]

        least = tf.maximum(number - 1, 0)
        last, total, part = (tf.gather(each, least, batch_dims=rank) for each in (ordered, total, part))
        above, level = ease > last, ease == last  # of equal elements the first are used
        room = number - tf.reduce_sum(tf.cast(above, tf.int32), axis=-1, keepdims=True)
        chosen = above | (level & (tf.cumsum(tf.cast(level, tf.int32), axis=-1) <= room))
        factor = 1 / tf.sqrt(tf.maximum(total, 1.0))
        factor = tf.cast(factor / part if self.unbiased else factor, scale.dtype)
        strength = tf.cast(chosen & (number > 0), scale.dtype) * scale * factor
        return tf.cast(strength, gain.dtype) * inverse(gain)

    def _scaled(self, total: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """Sums over the strongest elements, which are this part of all, times (m/m_i)^2."""
        return total / part**2 if self.unbiased else total

    def _charges(self, count: tf.Tensor, part: tf.Tensor) -> tf.Tensor:
        """What a device that uses 0, 1, ... m elements adds to the bound, [m + 1]."""
        if self.unbiased:
            return tf.concat([2 * count[None], 1 / part], 0)
        return tf.sqrt(tf.concat([tf.ones_like(part[:1]), 1 - part], 0))


def _best_from_here(values: tf.Tensor) -> tf.Tensor:
    """max_{m' >= m} of values [K, N] that are not negative: in steps of 1, 2, 4, ..."""
    count = tf.shape(values)[1]

    def reach(step: tf.Tensor, best: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return 2 * step, tf.maximum(best, tf.pad(best[:, step:], [[0, 0], [0, step]]))

    return tf.while_loop(
        lambda step, _: step < count,
        reach,
        (1, values),
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([None, None])),
    )[1]
