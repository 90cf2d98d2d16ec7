"""Recovery: a sparse update from fewer random sums than it has entries, y = A x + w.

A is a ``Projection`` with columns of norm 1 on average, w real noise. Schemes work on y in units of its largest entry,
so an update's scale does not matter. |r|^2/m of message passing estimates s2 + |x_hat - x|^2/m; where it ends above
the |y|^2/m that zeros leave, zeros come back: the iteration diverged or there is nothing but noise.

A scheme that uses where an entry sits is told the layers: those of 4 axes are convolutions (H, W, D, F); all others
are entries without neighbours.
"""

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias, TypeVar, runtime_checkable

import tensorflow as tf

from ...phy.documented import documented
from ..layers import Layers, check_layers
from ..projections import Projection
from ._oracle import least_squares_on

Noise: TypeAlias = float | tf.Tensor | None
AnyState = TypeVar("AnyState", bound=Any)  # a named tuple


@documented
@runtime_checkable
class Recovery(Protocol):
    """A sparse update from fewer random sums than it has entries, one vector at a time.

        y = A x + w.

    A is a ``Projection`` with columns of norm 1 on average, w real noise. Schemes work on y in units of its largest
    entry, so an update's scale does not matter. The ``|r|^2/m`` of message passing estimates ``s2 + |x_hat - x|^2/m``;
    where it ends above the ``|y|^2/m`` that zeros leave, zeros come back: the iteration diverged or there is nothing
    but noise.

    A scheme that uses where an entry sits is told the layers: those of 4 axes are convolutions (H, W, D, F); all others
    are entries without neighbours.

    >>> from overair.ota import Lmmse, Recovery
    >>> from overair.ota.projections import hadamard
    >>> from overair.phy import keys
    >>> projection = hadamard(keys.key(0, "rows"), 128, 256)
    >>> y = projection.forward(keys.normal(keys.key(0, "update"), [256]))
    >>> isinstance(Lmmse(), Recovery), Lmmse().recover(y, projection, noise=0.1).shape
    (True, TensorShape([256]))
    """

    def recover(self, y: tf.Tensor, projection: Projection, noise: Noise = None, layers: Layers = ()) -> tf.Tensor:
        """The estimate of x [d] from y [m], real numbers, with noise of that variance an entry, if it is known."""
        ...


def recover_complex(
    scheme: Recovery, y: tf.Tensor, projection: Projection, noise: Noise = None, layers: Layers = ()
) -> tf.Tensor:
    """A complex x [d] from complex y [m] and noise of that variance: as A is real, its parts one after the other.

    Stacked into one vector of twice the length they would not do: message passing needs every row to see every entry.
    """
    half = None if noise is None else noise / 2
    return tf.complex(*(scheme.recover(part(y), projection, half, layers) for part in (tf.math.real, tf.math.imag)))


def in_units(
    y: tf.Tensor, noise: Noise, estimate: Callable[[tf.Tensor, tf.Tensor | None, tf.Tensor], tf.Tensor]
) -> tf.Tensor:
    """An estimate made from y / max|y|, the noise's variance in the same units, and the unit; zeros from zeros."""
    unit = tf.reduce_max(tf.abs(y))
    safe = tf.where(tf.equal(unit, 0), tf.ones_like(unit), unit)
    if noise is not None:
        noise = tf.minimum(tf.cast(noise, y.dtype) / safe / safe, 1.0)  # the largest entry holds more, but for a jest
    return unit * estimate(y / safe, noise, safe)


def iterate(start: AnyState, step: Callable[[AnyState], AnyState], most: int, tolerance: float) -> tf.Tensor:
    """The state's ``x`` after its steps, at most so many, until x moves by less than that share of |y|.

    Zeros if the residual ``r`` ends larger than it began.
    """

    enough = tolerance**2 * tf.nn.l2_loss(start.r)

    def goes_on(count: tf.Tensor, state: AnyState, moved: tf.Tensor) -> tf.Tensor:
        return (count < most) & moved

    def go(count: tf.Tensor, state: AnyState, moved: tf.Tensor) -> tuple[tf.Tensor, AnyState, tf.Tensor]:
        after = step(state)
        return count + 1, after, tf.nn.l2_loss(after.x - state.x) > enough

    _, end, _ = tf.while_loop(goes_on, go, (0, start, True), parallel_iterations=1)
    return tf.where(tf.nn.l2_loss(end.r) <= tf.nn.l2_loss(start.r), end.x, tf.zeros_like(end.x))


FAMILY = Recovery  # what each file of this folder is one of

__all__ = ["Layers", "Noise", "Recovery", "check_layers", "in_units", "iterate", "least_squares_on", "recover_complex"]
