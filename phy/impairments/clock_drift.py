"""Clock drift: each device's clock runs fast or slow, and its signal arrives later and later until it is set again."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from .. import keys
from ..arithmetic import precise
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from ..strict import dataclass
from . import Stage


@dataclass(frozen=True)
class ClockDrift:
    """Clocks that run off between two synchronisations.

        tau_k(t) = rho_k (t mod resync).

    Device k's clock loses rho_k seconds a second, uniform within +-``ppm`` millionths and lasting. All clocks are set
    right every ``resync`` seconds, so at time t the offset is rho_k (t mod resync). Over a round it stands still; a
    clock that is felt within a round is ``sampling_offset``. Add ``timing_offset`` for what setting the clocks leaves
    over.

    >>> from overair.phy import Awgn, ClockDrift, Grid, Size, Span, keys
    >>> paths = Awgn().draw(Size(1, 1, 5), Span(0.0, 14, 83e-6), keys.key(0), keys.key(0, "place"))
    >>> drift, later = ClockDrift(ppm=2.0, resync=60.0), Span(start=30.0, steps=14, seconds=83e-6)
    >>> tau = drift.apply(paths, Grid(), later, keys.key(0, "clocks")).tau.numpy()  # [B, K, L], after 30 seconds
    >>> tau.shape, bool((abs(tau) <= 30 * 2e-6).all())
    ((1, 5, 1), True)
    """

    ppm: Annotated[float, Ge(0), Le(1e5)] = 0.0
    """Largest drift, in parts per million."""
    resync: Annotated[float, Gt(0), Le(1e9)] = 1.0
    """Time between two synchronisations, in seconds."""
    seen: bool = False
    """Whether the transmitters' CSI includes it."""
    lasting: ClassVar[bool] = True
    stage: ClassVar[Stage] = "paths"
    orthogonal: ClassVar[bool] = True
    scales: ClassVar[bool] = False

    def delays(self, grid: Grid) -> tuple[float, float]:
        most = self.ppm * 1e-6 * self.resync
        return -most, most

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        rate = keys.uniform(key, tf.shape(paths.tau)[:2], -self.ppm * 1e-6, self.ppm * 1e-6, paths.tau.dtype)  # [B, K]
        since = tf.cast(tf.math.floormod(precise(span.start), self.resync), paths.tau.dtype)
        return paths._replace(tau=paths.tau + (rate * since)[..., None])
