"""Gaussian: the update in noise, u + s |u| n / sqrt(d) with n ~ N(0, I): s times as strong as the update."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import STRICT
from . import Others
from ._some import Some


@dataclass(frozen=True, config=STRICT)
class Gaussian(Some):
    """Noise drawn anew by each device in each round."""

    strength: Annotated[float, Ge(0), Le(1e6)] = 10.0
    """Of the attack, s; the noise's norm over the update's."""

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        rms = tf.sqrt(tf.reduce_mean(update**2))
        return update + self.strength * rms * keys.normal(keys.fold(key, "gaussian attack"), update.shape)
