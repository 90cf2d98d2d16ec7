"""Clock offset of each device: its signal arrives late (or early) by delta_k, uniform between two bounds.

On subcarrier k a shift of t samples turns the phase by exp(-j 2 pi k t/N). Inside the prefix that is all it does:
harmless to transmitters that see it in their channel estimates, and destructive on high subcarriers to those that do
not, where the mean gain falls to |sum_t exp(-j 2 pi k t/N)|/(T+1) for offsets uniform on {0..T}.
"""

from typing import ClassVar, Literal

import tensorflow as tf
from pydantic.dataclasses import dataclass

from .. import keys
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span


@dataclass(frozen=True)
class TimingOffset:
    """Bounds in samples; whole samples or not; seen by the transmitters or not; drawn once or every round."""

    low: float = 0.0
    high: float = 0.0
    whole: bool = False
    seen: bool = False
    lasting: bool = False
    stage: ClassVar[Literal["paths", "transmit", "receive"]] = "paths"
    orthogonal: ClassVar[bool] = True
    scales: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"timing_offset.high: expected at least low = {self.low:g}, received {self.high:g}")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(
                f"timing_offset: expected whole samples for low and high, received {self.low:g}, {self.high:g}"
            )

    def delays(self, grid: Grid) -> tuple[float, float]:
        return self.low * grid.sample, self.high * grid.sample

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        shape = tf.shape(paths.tau)[:2]  # [B, K]
        if self.whole:
            unit = tf.random.stateless_uniform(shape, key, int(self.low), int(self.high) + 1, tf.int32)
            samples = tf.cast(unit, paths.tau.dtype)
        else:
            samples = keys.uniform(key, shape, self.low, self.high, paths.tau.dtype)
        return paths._replace(tau=paths.tau + samples[..., None] * grid.sample)
