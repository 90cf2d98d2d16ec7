"""Fixed times: a sample takes a device as long in every round, and its power is constant."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from ...costs import Costs
from . import Work, slower


@dataclass(frozen=True)
class Fixed:
    """The same in every round: a sample takes a device as long, and its power is constant.

    For n_k samples of t = ``seconds`` each at W = ``watts``,

        T_k = s_k t n_k        E_k = W T_k

    in seconds and joules, where s_k is uniform from 1 to ``slowdown``, for all rounds. ``of`` counts the seconds of a
    sample by a model's floating-point operations, or measures them.

    >>> import tensorflow as tf
    >>> from overair.learning.federated.hardware.fixed import Fixed
    >>> from overair.phy import keys
    >>> hardware, place = Fixed(seconds=1e-3, watts=2.0), keys.key(0, "place")
    >>> work = hardware.draw(keys.key(0), samples=tf.constant([100, 200]), place=place)
    >>> print(work.seconds.numpy().round(3), work.joules.numpy().round(3))
    [0.1 0.2] [0.2 0.4]
    """

    seconds: Annotated[float, Ge(0), Le(1e6)] = 1e-3
    """Time of training on a sample on the fastest device, in seconds."""
    watts: Annotated[float, Ge(0), Le(1e6)] = 2.0
    """Power of a device that computes, in watts."""
    slowdown: Annotated[float, Ge(1), Le(1e6)] = 1.0
    """How many times slower than the fastest a device may be."""

    @classmethod
    def of(
        cls, model: keras.Model, costs: Costs, time: Literal["flops", "measured"] = "flops", slowdown: float = 1.0
    ) -> "Fixed":
        """Devices that train a model, at the rate and the power of costs."""
        return cls(costs.training(model, time), costs.compute_watts, slowdown)

    def draw(self, key: Key, samples: tf.Tensor, place: Key) -> Work:
        samples = tf.cast(samples, tf.float32)
        seconds = self.seconds * slower(place, tf.size(samples), self.slowdown) * samples
        return Work(seconds, self.watts * seconds)
