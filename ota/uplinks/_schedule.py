"""Who is scheduled: those with the best channel of all that take part.

The best is who would be received with most power at its whole budget: P_k times the mean of |h_k|^2 over the granted
elements, added over antennas, as the receiver believes it. Of those that are equal, lots decide. Amiri, Gunduz,
Kulkarni and Poor, "Convergence of update aware device scheduling for federated learning at the wireless edge", IEEE
Trans. Wireless Communications 2021, have this rule as BC.
"""

from dataclasses import replace

import numpy as np
import tensorflow as tf
from scipy.stats import binom

from ...phy import keys, squared
from ..quality import over_grant
from ..round import Round, Terms

SLACK = 1e-6  # of a device, by which a share of all may be rounded


def chosen(round: Round, share: float) -> Round:
    """The round with weight zero for whoever is not among the best share, rounded up, of those that take part."""
    if share == 1:
        return round
    there = round.weights > 0
    lots = tf.argsort(keys.uniform(keys.fold(round.key, "lots"), tf.shape(round.weights)))
    power = tf.where(there, round.terms.budgets * _gains(round), -1.0)
    count = tf.math.ceil(share * tf.reduce_sum(tf.cast(there, tf.float64)) - SLACK)
    best = tf.gather(lots, tf.math.top_k(tf.gather(power, lots), tf.cast(count, tf.int32)).indices)
    among = tf.scatter_nd(best[:, None], tf.ones_like(best), tf.shape(there)) > 0
    return replace(round, weights=tf.where(among, round.weights, 0.0))


def chance_if_alike(terms: Terms, share: float) -> float:
    """That a device takes part and is scheduled, of devices that are alike."""
    devices = terms.air.devices
    if share == 1 or terms.chance == 1:
        return terms.chance if share == 1 else float(np.ceil(share * devices - SLACK)) / devices
    taking_part = np.arange(devices + 1)
    scheduled = np.ceil(share * taking_part - SLACK)
    return float(scheduled @ binom.pmf(taking_part, devices, terms.chance)) / devices


def _gains(round: Round) -> tf.Tensor:
    """Mean power of the responses over the grant as the receiver believes them, added over antennas, [K]."""
    link = round.air_link

    def strength(devices: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(squared(link.response(devices, link.receiver.best)[0]), axis=0)  # [C, T, F]

    return over_grant(round, strength)
