"""Gaussian: the update in noise, u + s |u| n / sqrt(d) with n ~ N(0, I): s times as strong as the update."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Others
from ._some import Some


@dataclass(frozen=True)
class Gaussian(Some):
    """Noise drawn anew by each device in each round: the update u [d] in it, u + s |u| n / sqrt(d).

    With n ~ N(0, I) the noise is s = ``strength`` times as strong as the update.

    >>> import tensorflow as tf
    >>> from overair.learning import Gaussian
    >>> from overair.phy import keys
    >>> update = tf.ones([10_000])
    >>> noise = Gaussian(strength=10.0).forge(update, None, devices=5, key=keys.key(0)) - update
    >>> round(float(tf.norm(noise) / tf.norm(update)), 1)
    10.1
    """

    strength: Annotated[float, Ge(0), Le(1e6)] = 10.0
    """Of the attack, s; the noise's norm over the update's."""

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        rms = tf.sqrt(tf.reduce_mean(update**2))
        return update + self.strength * rms * keys.normal(keys.fold(key, "gaussian attack"), update.shape)
