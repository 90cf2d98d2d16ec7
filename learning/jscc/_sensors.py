"""Power control of sensors that share the air, an image of the batch at a time: b = amplitude(level), read / arrival.

The rules are those of over-the-air sums (``phy/power``). A level looks at all sensors of an image and at no other
image, so that what an image costs and how it arrives does not depend on who else is in the batch.
"""

import tensorflow as tf

from ...phy import Grid, Level, Link, PowerRule, behind, squared
from ...phy.link import Belief


def precoded(
    rule: PowerRule, symbols: tf.Tensor, link: Link, weights: tf.Tensor, grid: Grid, budgets: tf.Tensor
) -> tf.Tensor:
    """What sensors send of symbols [B, K, k], and the arrival that the receiver divides by, [B, k]."""
    count = symbols.shape[-1]
    gains = _gains(link, link.transmitters, weights, grid, count)  # [B, K, k]
    energy = squared(symbols) / count
    spent = tf.reduce_sum(energy * rule.cost(gains), axis=-1)  # [B, K]
    known = _gains(link, link.receiver, weights, grid, count) if rule.joint else gains

    def level(image: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> Level:
        spent, known, noise = image
        found = rule.level(spent, budgets, known if rule.joint else None, noise)
        return Level(*(tf.broadcast_to(value, [count]) for value in found))

    scale, arrival = tf.vectorized_map(level, (spent, known, link.noise))  # [B, k]
    amplitude = rule.amplitude(scale[:, None], gains, energy, budgets[:, None])  # [B, K, k]
    return amplitude * symbols, arrival


def _gains(link: Link, belief: Belief, weights: tf.Tensor, grid: Grid, count: int) -> tf.Tensor:
    """Gains behind the combiner as somebody believes them, on the elements used: [B, K, k]."""
    field = behind(weights, link.response(of=belief))  # [B, K, T, F]; T may be 1
    used = [tf.shape(field)[0], field.shape[1], grid.rows(count), grid.subcarriers]
    return grid.collect(tf.broadcast_to(field, used), count)
