"""Approximate message passing (AMP) with a soft threshold."""

from functools import lru_cache
from typing import Annotated, NamedTuple

import scipy.optimize
import scipy.stats
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.strict import dataclass
from ..projections import Projection
from . import Layers, Noise, in_units, iterate

LARGEST_DELTA = 0.9


class AmpState(NamedTuple):
    """Between two steps."""

    x: tf.Tensor  # [d]
    r: tf.Tensor  # [m]


@dataclass(frozen=True)
class Amp:
    """Soft threshold with the Onsager term.

        x <- eta(x + A' r; alpha tau),   r <- y - A x + r |x|_0 / m,   tau^2 = |r|^2 / m

    with eta(u; t) = sign(u) max(|u| - t, 0). The last term of r (Onsager) is what keeps x + A'r distributed as the true
    x plus Gaussian noise of variance tau^2 for a matrix with entries N(0, 1/m), with tau^2 given by state evolution. It
    needs neither the noise nor the sparsity. Donoho, Maleki, Montanari, "Message-passing algorithms for compressed
    sensing", PNAS 2009.

    Without a told alpha it is the one that recovers the most entries at delta = m/d: the maximiser of

        rho(delta) = max_alpha (1 - (2/delta) q(alpha)) / (1 + alpha^2 - 2 q(alpha))
        q(alpha) = (1 + alpha^2) Phi(-alpha) - alpha phi(alpha)

    which is the phase transition: without noise, fewer than rho m nonzero entries come back exactly. Above delta = 0.9
    the alpha of 0.9 is used, as the maximiser falls to 0, where all noise passes.

    On noise alone the iteration ends at E|x|^2 = d M tau^2, with M = 2 q(alpha) and tau^2 = s2 / (1 - M/delta), above
    the s2 it began with. Where that happens, as with Gaussian measurements of little power, there is nothing for a
    threshold to find. Zeros come back, or, if the noise is told, what a line makes of y: c A'y, c = |x|^2/(|x|^2 + d
    (|x|^2/m + s2)) with |x|^2 = |y|^2 - m s2 where that is positive: most of it noise, but it points the right way,
    which zeros do not. With rows of a Hadamard matrix the residual shrinks instead, and |x_hat|^2 is up to that of the
    noise, m s2, where none of it is signal.

    >>> import tensorflow as tf
    >>> from overair.ota import Amp
    >>> from overair.ota.projections import hadamard
    >>> from overair.phy import keys
    >>> x = tf.concat([keys.normal(keys.key(0, "entries"), [10]), tf.zeros([246])], 0)  # 10 of 256 are not zero
    >>> projection = hadamard(keys.key(0, "rows"), 128, 256)
    >>> bool(tf.norm(Amp().recover(projection.forward(x), projection) - x) < 0.05 * tf.norm(x))
    True
    """

    alpha: Annotated[float, Gt(0)] | None = None
    """Threshold in units of tau; minimax unless given."""
    iterations: Annotated[int, Ge(1), Le(10**5)] = 50
    """Most iterations."""
    tolerance: Annotated[float, Ge(0)] = 1e-4
    """Change of the estimate over |y| at which it stops."""

    def recover(self, y: tf.Tensor, projection: Projection, noise: Noise = None, layers: Layers = ()) -> tf.Tensor:
        def estimate(y: tf.Tensor, noise: tf.Tensor | None, unit: tf.Tensor) -> tf.Tensor:
            found = iterate(
                self.start(y, projection), lambda p: self.step(p, y, projection), self.iterations, self.tolerance
            )
            if noise is None:
                return found
            failed = tf.reduce_all(tf.equal(found, 0))
            return tf.cond(failed, lambda: _line(y, projection, noise), lambda: found)

        return in_units(y, noise, estimate)

    def start(self, y: tf.Tensor, projection: Projection) -> AmpState:
        return AmpState(tf.zeros([projection.size], y.dtype), y)

    def step(self, progress: AmpState, y: tf.Tensor, projection: Projection) -> AmpState:
        x, r = progress
        alpha = self.alpha or minimax(projection.rows / projection.size)
        threshold = tf.sqrt(tf.nn.l2_loss(r) * (2 * alpha**2 / projection.rows))
        u = x + projection.adjoint(r)  # [d]
        x = u - tf.raw_ops.ClipByValue(t=u, clip_value_min=-threshold, clip_value_max=threshold)
        kept = 2 * tf.nn.l2_loss(tf.sign(x))  # |x|_0, in less time than tf.math.count_nonzero takes
        r = y - projection.forward(x) + r * (kept / projection.rows)
        return AmpState(x, r)


def _line(y: tf.Tensor, projection: Projection, noise: tf.Tensor) -> tf.Tensor:
    """The best multiple of A'y, [d]."""
    rows, size = projection.rows, projection.size
    energy = tf.maximum(2 * tf.nn.l2_loss(y) - rows * noise, 0.0)  # of x
    scale = tf.math.divide_no_nan(energy, energy + size * (energy / rows + noise))
    return scale * projection.adjoint(y)


def transition(delta: float) -> float:
    """rho(delta): the share of m up to which nonzero entries come back without noise."""
    return _recovered(minimax(delta), min(delta, LARGEST_DELTA))


@lru_cache
def minimax(delta: float) -> float:
    """The alpha that recovers the most entries at delta = m/d."""
    delta = min(delta, LARGEST_DELTA)
    found = scipy.optimize.minimize_scalar(lambda alpha: -_recovered(alpha, delta), bounds=(0, 10), method="bounded")
    return float(found.x)


def _recovered(alpha: float, delta: float) -> float:
    """The share of m up to which nonzero entries come back with that threshold."""
    normal = scipy.stats.norm
    q = (1 + alpha**2) * normal.cdf(-alpha) - alpha * normal.pdf(alpha)
    return float((1 - 2 * q / delta) / (1 + alpha**2 - 2 * q))
