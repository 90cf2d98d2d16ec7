"""Timing offset (STO): each device's signal arrives late (or early), by a uniform and a Gaussian part."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge
from scipy.stats import norm

from .. import keys
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from ..strict import dataclass
from . import Stage

TAIL = 4.0  # deviations at which a Gaussian offset ends


@dataclass(frozen=True)
class TimingOffset:
    """A uniform and a Gaussian part, one offset a device.

        tau_k -> tau_k + (uniform(low, high) + deviation * normal) samples.

    On subcarrier k a shift of t samples turns the phase by exp(-j 2 pi k t/N). Inside the prefix that is all it does:
    harmless to transmitters that see it in their channel estimates, and destructive on high subcarriers to those that
    do not, where the mean gain falls to |sum_t exp(-j 2 pi k t/N)|/(T+1) for offsets uniform on {0..T}, and to
    exp(-s^2/2), s = 2 pi k sigma/N, for Gaussian ones. These end at four deviations, so that a prefix can hold them.

    With a ``step``, a device corrects its offset by the nearest multiple of it, and keeps what is left. In 5G the
    timing advance moves in steps of 16 * 64 Tc/2^mu, Tc = 1/(480 kHz * 4096), which is 0.521 us at 15 kHz (3GPP TS
    38.213, section 4.2). ``clock_drift`` is what happens between two corrections.

    >>> from overair.phy import Awgn, Grid, Size, Span, TimingOffset, keys
    >>> grid, span = Grid(), Span(0.0, 14, 83e-6)
    >>> paths = Awgn().draw(Size(1, 1, 100), span, keys.key(0), keys.key(0, "place"))
    >>> late = TimingOffset(low=0.0, high=3.0, whole=True).apply(paths, grid, span, keys.key(0, "clocks"))
    >>> sorted({round(float(tau)) for tau in late.tau.numpy().ravel() / grid.sample})
    [0, 1, 2, 3]
    """

    low: float = 0.0
    """Least offset, in samples."""
    high: float = 0.0
    """Largest offset, in samples."""
    whole: bool = False
    """Whether offsets are whole samples."""
    seen: bool = False
    """Whether the transmitters' CSI includes it."""
    lasting: bool = False
    """Whether it is drawn once for all rounds."""
    deviation: Annotated[float, Ge(0)] = 0.0
    """Standard deviation of the Gaussian part, in samples."""
    step: Annotated[float, Ge(0)] = 0.0
    """Of the timing advance that corrects it, in seconds; 0 for no correction."""
    stage: ClassVar[Stage] = "paths"
    orthogonal: ClassVar[bool] = True
    scales: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"timing_offset.high: expected at least low = {self.low:g}, received {self.high:g}")
        if self.whole and not (self.low.is_integer() and self.high.is_integer()):
            raise ValueError(
                f"timing_offset: expected whole samples for low and high, received {self.low:g}, {self.high:g}"
            )
        if self.whole and (self.deviation or self.step):
            raise ValueError(
                f"timing_offset.whole: expected neither deviation nor step, "
                f"received {self.deviation:g}, {self.step:g}; take whole = false"
            )

    def delays(self, grid: Grid) -> tuple[float, float]:
        tail, half = TAIL * self.deviation, self.step / 2
        low, high = (self.low - tail) * grid.sample, (self.high + tail) * grid.sample
        corrected = half > 0 and not -half < low <= high < half
        return (-half, half) if corrected else (low, high)

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        shape = tf.shape(paths.tau)[:2]  # [B, K]
        if self.whole:
            unit = keys.whole(key, shape, int(self.low), int(self.high) + 1)
            samples = tf.cast(unit, paths.tau.dtype)
        else:
            samples = keys.uniform(key, shape, self.low, self.high, paths.tau.dtype)
        if self.deviation:
            samples += tf.cast(self.deviation * _truncated_normal(keys.fold(key, "normal"), shape), samples.dtype)
        seconds = samples * grid.sample
        if self.step:
            seconds -= tf.round(seconds / self.step) * self.step
        return paths._replace(tau=paths.tau + seconds[..., None])


def _truncated_normal(key: Key, shape: tf.Tensor) -> tf.Tensor:
    """Standard normal draws that end at the tails, by the inverse of their distribution, in double precision."""
    tail = float(norm.cdf(-TAIL))
    quantile = tf.math.ndtri(keys.uniform(key, shape, tail, 1 - tail, tf.float64))
    return tf.clip_by_value(quantile, -TAIL, TAIL)
