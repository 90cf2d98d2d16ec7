"""Combiners: how the antennas are combined before the sum is read.

They work with the best estimate that the receiver's belief allows, and count what it is known to lack as noise.
"""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ..arithmetic import squared
from ..detection import error_power
from ..documented import documented
from ..link import Link

GROUP = 64  # devices whose responses are held at once
MATRICES = 2**26  # bytes of antenna matrices held at once
Scalars = Callable[[tf.Tensor], tf.Tensor]  # from responses [B, A, C, T, F] to what devices send, [B, C, T, F]


@documented
@runtime_checkable
class Combiner(Protocol):
    """From what the receiver can tell of the link to weights over its antennas.

        z(t, f) = v(t, f)^H y(t, f),   |v| = 1.

    Combiners work with the best estimates that the receiver's belief allows, and count what it is known to lack as
    noise.

    >>> from overair.phy import Air, Combiner, Grid, MaximumRatio, Rayleigh, combine, keys
    >>> air = Air(Grid(), Rayleigh(), devices=3, antennas=4)
    >>> link = air.draw(air.init(keys.key(0)), keys.key(0, "round"), time=0.0, slots=1)
    >>> gains = combine(MaximumRatio().weights(link, [0, 1, 2]), link.response())  # [B, K, T, F]
    >>> isinstance(MaximumRatio(), Combiner), gains.shape
    (True, TensorShape([1, 3, 1, 64]))
    """

    def weights(self, link: Link, devices: tf.Tensor) -> tf.Tensor:
        """Weights of unit norm toward the sum of some devices, complex64 [B, A, T, F] (T and F may be 1).

        ``devices`` are numbers, int32 [C].
        """
        ...


class Moments(NamedTuple):
    """What a combiner needs to know of all devices, however many: in double precision."""

    covariance: tf.Tensor  # sum_k |b_k|^2 h_k h_k^H, [B, T, F, A, A]
    total: tf.Tensor  # sum_k b_k h_k, [B, T, F, A]
    csi_error: tf.Tensor  # sum_k |b_k|^2 eps_k, of what beliefs lack, [B, T, F]

    def solve(self, load: tf.Tensor) -> tf.Tensor:
        """(covariance + load I)^-1 total, [B, A, T, F]; load is at least a billionth of what there is."""
        antennas = self.total.shape[-1]
        power = tf.math.real(tf.linalg.trace(self.covariance))  # [B, T, F]
        load = tf.maximum(tf.cast(load, power.dtype), 1e-10 * power + 1e-30)
        matrix = self.covariance + tf.cast(load[..., None, None], tf.complex128) * tf.eye(antennas, dtype=tf.complex128)
        return tf.transpose(tf.linalg.solve(matrix, self.total[..., None])[..., 0], [0, 3, 1, 2])


def moments(link: Link, devices: tf.Tensor, scalars: Scalars | None = None) -> Moments:
    """The moments of some devices as the receiver can best tell, group by group; all send 1 unless told otherwise."""
    belief = link.receiver.best
    shape = [tf.shape(link.true.a)[0], belief.steps, link.frequencies.shape[0], link.antennas]

    def add(so_far: Moments, first: tf.Tensor) -> Moments:
        group = devices[first : first + GROUP]
        h = link.response(group, belief)  # [B, A, C, T, F]
        b = None if scalars is None else scalars(h)  # [B, C, T, F]
        sent = h if b is None else b[:, None] * h
        sent = tf.cast(tf.transpose(sent, [0, 3, 4, 1, 2]), tf.complex128)  # [B, T, F, A, C]
        covariance = tf.matmul(sent, sent, adjoint_b=True)
        lacking = so_far.csi_error + _lacking(link, group, b)
        return Moments(so_far.covariance + covariance, so_far.total + tf.reduce_sum(sent, axis=-1), lacking)

    matrices = tf.zeros([*shape, shape[-1]], tf.complex128)
    nothing = Moments(matrices, tf.zeros(shape, tf.complex128), tf.zeros(shape[:-1]))
    return tf.foldl(add, tf.range(0, tf.size(devices), GROUP), initializer=nothing, parallel_iterations=1)


def _lacking(link: Link, devices: tf.Tensor, b: tf.Tensor | None) -> tf.Tensor:
    """sum_k |b_k|^2 eps_k, [B, T, F] or 1 in any axis; 0 where all is known."""
    if link.receiver.error is None:
        return tf.zeros([])
    error = error_power(link.receiver, devices)  # [B, C, T, F], or 1 in any axis
    strength = tf.ones([1, tf.size(devices), 1, 1]) if b is None else squared(b)
    return tf.reduce_sum(strength * error, axis=1)


def over_symbols(link: Link, combine: Callable[[Link], tf.Tensor], matrices: int = 1) -> tf.Tensor:
    """Weights [B, A, T, F] made for some symbols after others: antenna matrices keep to the memory set aside.

    ``matrices``: how many of them are held for an element.
    """
    batch, steps, width = link.true.a.shape[0], link.receiver.best.steps, link.frequencies.shape[0]
    most = max(1, MATRICES // (16 * matrices * (batch or 1) * width * link.antennas**2))
    block = max(size for size in range(1, min(most, steps) + 1) if steps % size == 0)
    if block == steps:
        return combine(link)

    def of_block(first: tf.Tensor) -> tf.Tensor:
        return combine(link._replace(receiver=link.receiver.at(first, block)))

    signature = tf.TensorSpec([batch, link.antennas, block, width], tf.complex64)
    blocks = tf.map_fn(of_block, tf.range(0, steps, block), fn_output_signature=signature, parallel_iterations=1)
    return tf.reshape(tf.transpose(blocks, [1, 2, 0, 3, 4]), [tf.shape(link.true.a)[0], link.antennas, steps, width])


def unit(weights: tf.Tensor) -> tf.Tensor:
    """Weights [B, A, T, F] of unit norm; zero where there are none."""
    size = tf.reduce_max(tf.abs(weights), axis=1, keepdims=True)
    weights = tf.math.divide_no_nan(weights, tf.cast(size, weights.dtype))  # of a size whose square is a number
    norm = tf.sqrt(tf.maximum(tf.reduce_sum(tf.abs(weights) ** 2, axis=1, keepdims=True), 1.0))
    return tf.cast(weights / tf.cast(norm, weights.dtype), tf.complex64)


def combine(weights: tf.Tensor, field: tf.Tensor) -> tf.Tensor:
    """What the combiner makes of a field over antennas: v^H field; field is [B, A, T, F] or [B, A, K, T, F]."""
    if field.shape[1] == 1:
        return field[:, 0]
    weights = tf.math.conj(weights)
    return tf.reduce_sum((weights if field.shape.rank == 4 else weights[:, :, None]) * field, axis=1)


FAMILY = Combiner  # what each file of this folder is one of

__all__ = ["Moments", "Combiner", "combine", "moments", "over_symbols", "unit"]
