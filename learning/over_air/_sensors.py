"""Power control of sensors that share the air, an image of the batch at a time: b = amplitude(level), read / arrival.

The rules are those of over-the-air sums (``phy/power``). A level looks at all sensors of an image and at no other
image, so that what an image costs and how it arrives does not depend on who else is in the batch.
"""

import tensorflow as tf

from ...phy import Level, PowerRule, combine, squared
from ...phy.link import Belief
from ...phy.links import Links


def precoded(rule: PowerRule, symbols: tf.Tensor, links: Links) -> tuple[tf.Tensor, tf.Tensor]:
    """What sensors send of symbols [B, K, k], and the arrival that the receiver divides by, [B, k]."""
    count, budgets = symbols.shape[-1], links.air.budgets
    devices, server = links.link.transmitters, links.link.receiver
    gains = _gains(links, devices.best if rule.robust else devices)  # [B, K, k]
    error = None if devices.error is None or not rule.robust else links.on_elements(devices.error)  # [B, K or 1, k]
    energy = squared(symbols) / count
    spent = tf.reduce_sum(energy * rule.cost(gains), axis=-1)  # [B, K]
    known = _gains(links, server.best if rule.robust else server) if rule.joint else gains

    def level(image: tuple[tf.Tensor, ...]) -> Level:
        spent, known, noise, *lacking = image
        found = rule.level(spent, budgets, known if rule.joint else None, noise, *lacking)
        return Level(*(tf.broadcast_to(value, [count]) for value in found))

    images = (spent, known, links.link.noise) if error is None else (spent, known, links.link.noise, error)
    scale, arrival = tf.vectorized_map(level, images)  # [B, k]
    amplitude = rule.amplitude(scale[:, None], gains, energy, budgets[:, None], None, error)  # [B, K, k]
    return amplitude * symbols, arrival


def _gains(links: Links, belief: Belief) -> tf.Tensor:
    """Gains behind the combiner as somebody believes them, on the elements used: [B, K, k]."""
    return links.on_elements(combine(links.weights, links.link.response(of=belief)))
