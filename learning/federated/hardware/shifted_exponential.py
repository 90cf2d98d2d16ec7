"""Shifted exponential times: a sample takes at least so long, and a random time more without memory (stragglers)."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Work, slower


@dataclass(frozen=True)
class ShiftedExponential:
    """A least time and a random one that has no memory: stragglers.

    For n_k samples, with a = ``shift`` and b = ``mean`` seconds and W = ``watts``,

        T_k = s_k n_k (a + b X)        E_k = W T_k

    in seconds and joules, X exponential of mean 1 and new in every round, s_k uniform from 1 to ``slowdown`` for all
    rounds. The fastest m of K alike are done after a + b (H_K - H_{K-m}) on average, times n, H_k the harmonic number.

    Lee, Lam, Pedarsani, Papailiopoulos, Ramchandran, "Speeding up distributed machine learning using codes", IEEE TIT
    2018.

    >>> import tensorflow as tf
    >>> from overair.learning.federated.hardware.shifted_exponential import ShiftedExponential
    >>> from overair.phy import keys
    >>> hardware, place = ShiftedExponential(shift=1e-3, mean=1e-3), keys.key(0, "place")
    >>> work = hardware.draw(keys.key(0), samples=tf.fill([1000], 100), place=place)
    >>> float(tf.reduce_min(work.seconds)) >= 0.1, round(float(tf.reduce_mean(work.seconds)), 1)
    (True, 0.2)
    """

    shift: Annotated[float, Ge(0), Le(1e6)] = 1e-3
    """Least time of a sample, in seconds."""
    mean: Annotated[float, Ge(0), Le(1e6)] = 1e-3
    """Mean of the random time of a sample beyond the least one, in seconds."""
    watts: Annotated[float, Ge(0), Le(1e6)] = 2.0
    """Power of a device that computes, in watts."""
    slowdown: Annotated[float, Ge(1), Le(1e6)] = 1.0
    """How many times slower than the fastest a device may be."""

    def draw(self, key: Key, samples: tf.Tensor, place: Key) -> Work:
        samples = tf.cast(samples, tf.float32)
        devices = tf.size(samples)
        random = -tf.math.log1p(-keys.uniform(keys.fold(key, "exponential"), [devices]))  # [K]
        seconds = (self.shift + self.mean * random) * slower(place, devices, self.slowdown) * samples
        return Work(seconds, self.watts * seconds)
