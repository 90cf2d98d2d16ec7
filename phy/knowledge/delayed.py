"""Delayed CSI (outdated): the channel as it was some slots ago, which matters where it moves; at no cost in elements.

Under Clarke's Doppler spectrum of maximal shift f_d the belief keeps the correlation J0(2 pi f_d n T) with the truth,
for n slots of T seconds; a channel that stands still is known exactly.
"""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from ..grid import Grid
from ..keys import Key
from ..link import Paths
from ..strict import STRICT
from . import Free, Sight


@dataclass(frozen=True, config=STRICT)
class Delayed(Free):
    """By how many slots."""

    slots: Annotated[int, Gt(0), Le(1000)] = 1
    """How old it is, in slots."""
    error: ClassVar[float] = 0.0

    def lead(self, grid: Grid, devices: int) -> int:
        return self.slots * grid.symbols

    def believe(self, sight: Sight, key: Key) -> Paths:
        now, before = sight.now, sight.before
        if now.steps == 1:
            return now
        late = before.steps - self.slots * sight.grid.symbols  # the other side may need a longer lead
        return now._replace(a=tf.concat([before.a, now.a], 4)[..., late : late + now.steps])
