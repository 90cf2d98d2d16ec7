"""The best linear estimate (LMMSE) for entries of one variance: x_hat = v A' (v A A' + s2 I)^-1 y."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.strict import dataclass
from ..projections import Projection
from . import Layers, Noise, in_units
from ._conjugate_gradients import solve


@dataclass(frozen=True)
class Lmmse:
    """The best linear estimate, by conjugate gradients.

        x_hat = v A' (v A A' + s2 I)^-1 y.

    Without a told variance v of the entries of x, what y holds beyond its noise gives it: |y|^2/m = v d/m + s2. The m x
    m system is solved by conjugate gradients, two products with A an iteration. With no noise (or none known) it is the
    shortest x that explains y.

    >>> import tensorflow as tf
    >>> from overair.ota import Lmmse
    >>> from overair.ota.projections import hadamard
    >>> from overair.phy import keys
    >>> projection = hadamard(keys.key(0, "rows"), 128, 256)
    >>> y = projection.forward(keys.normal(keys.key(0, "update"), [256]))
    >>> bool(tf.norm(projection.forward(Lmmse().recover(y, projection)) - y) < 0.01 * tf.norm(y))  # it explains y
    True
    """

    variance: Annotated[float, Gt(0)] | None = None
    """Of the entries; estimated unless given."""
    iterations: Annotated[int, Ge(1), Le(10**5)] = 50
    """Most iterations."""
    tolerance: Annotated[float, Gt(0)] = 1e-4
    """Change of the estimate over |y| at which it stops."""
    sparse: ClassVar[bool] = False  # zeros mean nothing to it, so it finds no sparse vector exactly

    def recover(self, y: tf.Tensor, projection: Projection, noise: Noise = None, layers: Layers = ()) -> tf.Tensor:
        return in_units(y, noise, lambda y, noise, unit: self._solve(y, projection, noise, unit))

    def _solve(self, y: tf.Tensor, projection: Projection, noise: tf.Tensor | None, unit: tf.Tensor) -> tf.Tensor:
        power = tf.reduce_mean(y**2)
        noise = tf.zeros([], y.dtype) if noise is None else noise
        share = projection.rows / projection.size
        if self.variance is None:
            v = share * tf.maximum(power - noise, 0.0)
        else:
            v = tf.cast(self.variance, y.dtype) / unit / unit

        def covariance(u: tf.Tensor) -> tf.Tensor:
            return v * projection.forward(projection.adjoint(u)) + noise * u

        return v * projection.adjoint(solve(covariance, y, self.iterations, self.tolerance))
