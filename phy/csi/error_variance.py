"""Imperfect CSI of error variance e: the truth is h = sqrt(1-e) h_believed + sqrt(e) w, at no cost in elements."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Lt

from .. import keys
from ..beliefs import CorrelatedPaths
from ..keys import Key
from ..link import Belief
from ..strict import dataclass
from . import Free, Observation


@dataclass(frozen=True)
class ErrorVariance(Free):
    """The share e of the channel's power that is not known.

        h = sqrt(1 - e) h_believed + sqrt(e) w.

    For a Gaussian channel that is the same as h_believed = sqrt(1-e) h + sqrt(e) w', with w' an independent channel of
    the same delay profile and the same mean power; that is what is drawn, path by path, constant over the round. A
    device that inverts h_believed arrives with mean gain sqrt(1-e) and spread E|h/h_believed - 1|^2 = (sqrt(1-e)-1)^2 +
    e exp(g) E1(g) above the threshold g.

    >>> from overair.phy import Air, ErrorVariance, Grid, Rayleigh, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, csit=ErrorVariance(e=0.25))
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1)
    >>> link.transmitters.error.numpy().round(3).ravel().tolist()  # of each device
    [0.25, 0.25, 0.25]
    """

    e: Annotated[float, Ge(0), Lt(1)] = 0.01
    """Share of the channel's mean power that is not known."""

    def believe(self, observed: Observation, key: Key) -> Belief:
        paths = observed.now
        if self.e == 0:
            return paths
        strength = tf.sqrt(paths.power)[:, None, :, :, None]  # [B, 1, K, L, 1]
        unknown = keys.complex_normal(key, tf.shape(paths.a[..., :1]), paths.a.dtype)  # [B, A, K, L, 1]
        unknown = unknown * tf.cast(strength, paths.a.dtype)
        kept = (1 - self.e) ** 0.5
        told = paths._replace(a=kept * paths.a + self.e**0.5 * unknown)
        return CorrelatedPaths(told, tf.constant(kept, tf.complex64, [1, 1, 1, 1]))
