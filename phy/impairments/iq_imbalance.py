"""IQ imbalance: the two branches of a mixer differ, and every subcarrier sees a faint image of its mirror."""

import math
from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Le, Lt

from .. import keys
from ..arithmetic import squared
from ..grid import Grid
from ..keys import Key
from ..link import Paths, Span
from ..strict import dataclass
from . import Stage, Steady, each, scaled


@dataclass(frozen=True)
class IqImbalance(Steady):
    """Uniform errors of amplitude and phase, at one of the two sides.

        z becomes mu z + nu z*,

    and so subcarrier k receives a share of what -k sends. With g the ratio of the branches' amplitudes and phi their
    phase error, mu = (1 + g exp(j phi))/2 and nu = (1 - g exp(j phi))/2 at a transmitter, mu = (1 + g exp(-j phi))/2 at
    a receiver; the image rejection ratio is (1 + 2 g cos phi + g^2)/(1 - 2 g cos phi + g^2) (Schenk, RF Imperfections
    in High-rate Wireless Systems, Springer, 2008, chapter 5). Both are divided by sqrt((1 + g^2)/2), so that circular
    signals keep their energy. ``apply`` is mu, the mean effect where mirrors send independent symbols.

    >>> import tensorflow as tf
    >>> from overair.phy import Grid, IqImbalance, Span, keys
    >>> grid, imbalance = Grid(), IqImbalance(amplitude_db=1.0, phase_degrees=5.0)
    >>> wave = tf.ones([1, 3, 64], tf.complex64)  # [batch, devices, samples]
    >>> imbalance.distort(wave, grid, Span(0.0, 64, grid.sample), keys.key(0), tf.range(3)).shape, imbalance.stage
    (TensorShape([1, 3, 64]), 'transmit')
    """

    amplitude_db: Annotated[float, Ge(0), Le(300)] = 0.0
    """Largest imbalance of the amplitudes, in dB."""
    phase_degrees: Annotated[float, Ge(0), Lt(90)] = 0.0
    """Largest error of the phase, in degrees."""
    side: Literal["transmit", "receive"] = "transmit"
    """Who has it: each device, or each antenna of the receiver."""
    seen: bool = False
    """Whether the transmitters' CSI includes it."""
    lasting: bool = True
    """Whether it is drawn once for all rounds."""
    homogeneous: ClassVar[bool] = True

    @property
    def stage(self) -> Stage:
        return self.side

    @property
    def orthogonal(self) -> bool:
        return self.amplitude_db == self.phase_degrees == 0

    @property
    def scales(self) -> bool:
        return self.lasting and self.side == "transmit" and not self.orthogonal

    def delays(self, grid: Grid) -> tuple[float, float]:
        return 0.0, 0.0

    def apply(self, paths: Paths, grid: Grid, span: Span, key: Key) -> Paths:
        if self.orthogonal:
            return paths
        here = paths.a.shape[2 if self.side == "transmit" else 1]
        mu, _ = self._branches(tf.shape(paths.tau)[0], tf.range(here), key)  # [B, K] or [B, A]
        if self.side == "transmit":
            return scaled(paths, mu[:, None, :, None, None], squared(mu)[..., None])
        return scaled(paths, mu[:, :, None, None, None], tf.reduce_mean(squared(mu), axis=1)[:, None, None])

    def distort(self, wave: tf.Tensor, grid: Grid, span: Span, key: Key, devices: tf.Tensor) -> tf.Tensor:
        if self.orthogonal:
            return wave
        mu, nu = self._branches(tf.shape(wave)[0], devices, key)
        return mu[..., None] * wave + nu[..., None] * tf.math.conj(wave)

    def _branches(self, batch: tf.Tensor, places: tf.Tensor, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        """mu and nu of some devices or antennas, complex [B, C]."""

        def within(most: float, name: str) -> tf.Tensor:
            return each(lambda shape: keys.uniform(keys.fold(key, name), shape, -most, most), batch, places)

        ratio = 10.0 ** (within(self.amplitude_db, "amplitude") / 20.0)
        phase = within(self.phase_degrees, "phase") * (math.pi / 180.0)
        mixed = tf.complex(ratio * tf.cos(phase), ratio * tf.sin(phase))
        kept = tf.cast(tf.sqrt(2.0 * (1.0 + tf.square(ratio))), mixed.dtype)
        direct = tf.math.conj(mixed) if self.side == "receive" else mixed
        return (1.0 + direct) / kept, (1.0 - mixed) / kept
