"""Delayed CSI (outdated): the channel as it was some slots ago, which matters where it moves; it costs no elements."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from ..beliefs import CorrelatedPaths
from ..grid import Grid
from ..keys import Key
from ..link import Belief
from ..strict import dataclass
from . import Free, Observation


@dataclass(frozen=True)
class Delayed(Free):
    """The channel as it was some slots ago.

        h_hat(t) = h(t - n T),   best = rho h_hat,   error = (1 - |rho|^2) E|h|^2.

    What is known in advance is how each path is correlated with itself after n slots of T seconds: under Clarke's
    Doppler spectrum of maximal shift f_d by rho = J0(2 pi f_d n T), and other channels say theirs. The best estimate is
    rho times what was, and lacks 1 - |rho|^2 of the path's power. A channel that stands still is known exactly.

    >>> from overair.phy import Air, Delayed, Grid, Tdl, keys
    >>> air = Air(Grid(subcarriers=8, symbols=2, prefix=2), Tdl(speed=30.0), devices=3, csit=Delayed(slots=1))
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1)
    >>> link.response(of=link.transmitters).shape, link.transmitters.error.shape
    (TensorShape([1, 1, 3, 2, 8]), TensorShape([1, 3, 1, 1]))
    """

    slots: Annotated[int, Gt(0), Le(1000)] = 1
    """How old it is, in slots."""

    def lead(self, grid: Grid, devices: int) -> int:
        return self.slots * grid.symbols

    def believe(self, observed: Observation, key: Key) -> Belief:
        now, before = observed.now, observed.before
        if now.steps == 1:
            return now
        delay = self.slots * observed.grid.symbols
        late = before.steps - delay  # the other side may need a longer lead
        told = now._replace(a=tf.concat([before.a, now.a], 4)[..., late : late + now.steps])
        symbols = np.arange(now.steps)
        return CorrelatedPaths(told, observed.kept(symbols[None] - delay, symbols[None]))
