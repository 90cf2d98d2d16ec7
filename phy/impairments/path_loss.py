"""Path loss: devices scattered over a ring around the receiver are near and far, (r/reference)^(-exponent)."""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Le

from .. import keys
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from ..strict import dataclass

GAINS = 1e-30, 1e30


@dataclass(frozen=True)
class PathLoss:
    """Devices at random in a ring, and an exponent.

        |h_k|^2 = (r_k / reference)^(-exponent),   r_k^2 uniform from nearest^2 to farthest^2.

    Distances are uniform over the ring's area and last for all rounds. The SNR of a scenario is the one at the
    reference distance. No gain is normalised away: near and far stay near and far.

    >>> from overair.phy import Awgn, Grid, PathLoss, Size, Span, keys
    >>> span, ring = Span(0.0, 14, 83e-6), PathLoss(exponent=2.0, nearest=50.0, farthest=200.0, reference=100.0)
    >>> paths = Awgn().draw(Size(1, 1, 100), span, keys.key(0), keys.key(0, "place"))
    >>> gain = ring.apply(paths, Grid(), span, keys.key(0, "positions")).power.numpy()  # [B, K, L]
    >>> bool(((0.25 <= gain) & (gain <= 4.0)).all())
    True
    """

    exponent: Annotated[float, Ge(0), Le(10)] = 3.0
    """Of the loss over distance."""
    nearest: Annotated[float, Ge(1e-3), Le(1e7)] = 50.0
    """Least distance, in metres."""
    farthest: Annotated[float, Ge(1e-3), Le(1e7)] = 150.0
    """Largest distance, in metres."""
    reference: Annotated[float, Ge(1e-3), Le(1e7)] = 100.0
    """Distance at which the SNR is defined, in metres."""
    seen: ClassVar[bool] = True
    lasting: ClassVar[bool] = True
    stage: ClassVar[Literal["paths", "transmit", "receive"]] = "paths"
    orthogonal: ClassVar[bool] = True
    scales: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.nearest > self.farthest:
            raise ValueError(
                f"path_loss.farthest: expected at least nearest = {self.nearest:g} m, received {self.farthest:g}"
            )
        for name in ("nearest", "farthest"):
            gain = (getattr(self, name) / self.reference) ** -self.exponent
            if not GAINS[0] <= gain <= GAINS[1]:
                raise ValueError(
                    f"path_loss.exponent: expected gains between {GAINS[0]:g} and {GAINS[1]:g}, which float32 holds, "
                    f"received {gain:.3g} at {name} = {getattr(self, name):g} m; change exponent or reference"
                )

    def delays(self, grid: Grid) -> tuple[float, float]:
        return 0.0, 0.0

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        square = keys.uniform(key, tf.shape(paths.tau)[:2], self.nearest**2, self.farthest**2)  # [B, K]
        gain = (square / self.reference**2) ** (-self.exponent / 2)  # of the power, [B, K]
        amplitude = tf.cast(tf.sqrt(gain)[:, None, :, None, None], paths.a.dtype)
        return Paths(paths.a * amplitude, paths.tau, paths.power * gain[..., None])
