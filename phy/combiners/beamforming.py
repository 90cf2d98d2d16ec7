"""Aggregation beamforming (MMSE): the combiner that with the best power for it makes the sum's error smallest.

sum_k |v^H h_k b_k - 1|^2 + N0 |v|^2 is made smaller in turn over what devices send and over v:

    b_k = min(sqrt(P), 1/|v^H h_k|) with the phase of (v^H h_k)*,
    v = (sum_k |b_k|^2 h_k h_k^H + N0 I)^-1 sum_k b_k h_k.

Where all is known neither step can make it larger. What beliefs lack is noise as well: h_k is then the best estimate,
and N0 + sum_k |b_k|^2 eps_k stands for N0. There are other minima than the best, so descent starts at maximum ratio and
at zero forcing, with all at full power, and the better end is taken on each resource element; it need not be the best.
Devices are summed up in groups: what is held is one A x A matrix an element, in double precision, over so many symbols
at a time as fit 64 MiB. All symbols count alike and P = 1: what updates really hold is not known when antennas are
combined. Liu, Zang, Li, Vucetic, "Over-the-air computation systems: optimization, analysis and scaling laws", IEEE TWC
2020, and Zhu and Huang, "MIMO over-the-air computation for high-mobility multimodal sensing", IEEE IoT-J 2019, pose
like problems.
"""

from typing import Annotated

import tensorflow as tf
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from ..link import Link
from ..strict import STRICT
from . import Moments, combine, moments, over_symbols, unit


@dataclass(frozen=True, config=STRICT)
class Beamforming:
    """Descent from two starts."""

    iterations: Annotated[int, Gt(0), Le(10**4)] = 10
    """How often the combiner is improved from either start."""

    def weights(self, link: Link, devices: tf.Tensor) -> tf.Tensor:
        if link.antennas == 1:
            return tf.ones([1, 1, 1, 1], tf.complex64)
        return over_symbols(link, lambda part: unit(self.descend(part, devices)[0]))

    def descend(self, link: Link, devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """v [B, A, T, F], not of unit norm, and the error [B, T, F] that it and the best power for it leave."""
        all_alike = moments(link, devices)
        noise = tf.reshape(link.noise, [-1, 1, 1])
        starts = (tf.transpose(all_alike.total, [0, 3, 1, 2]), all_alike.solve(tf.zeros_like(noise)))
        (v, error), (other, others) = (self._descend(link, devices, unit(start), noise) for start in starts)
        better = others < error
        return tf.where(better[:, None], other, v), tf.where(better, others, error)

    def _descend(
        self, link: Link, devices: tf.Tensor, start: tf.Tensor, noise: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        full = moments(link, devices, lambda h: _phase(combine(start, h)))  # all send at full power
        first = full.solve(noise + full.csi_error)

        def improve(step: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            now = moments(link, devices, lambda h: _best(combine(v, h)))
            return step + 1, tf.cast(now.solve(noise + now.csi_error), v.dtype)

        begin = (1, tf.cast(first, start.dtype))
        v = tf.while_loop(lambda step, _: step < self.iterations, improve, begin, maximum_iterations=self.iterations)[1]
        best = moments(link, devices, lambda h: _best(combine(v, h)))
        return v, _error(v, best, tf.cast(tf.size(devices), tf.float64), noise + best.csi_error)


def _phase(arrives: tf.Tensor) -> tf.Tensor:
    return tf.math.divide_no_nan(tf.math.conj(arrives), tf.cast(tf.abs(arrives), arrives.dtype))


def _best(arrives: tf.Tensor) -> tf.Tensor:
    """The best b for each v^H h."""
    size = tf.abs(arrives)
    strength = tf.math.divide_no_nan(tf.ones_like(size), tf.maximum(size, 1.0))
    return tf.cast(strength, arrives.dtype) * _phase(arrives)


def _error(v: tf.Tensor, best: Moments, devices: tf.Tensor, noise: tf.Tensor) -> tf.Tensor:
    """sum_k |v^H h_k b_k - 1|^2 + N0 |v|^2, [B, T, F]."""
    v = tf.cast(tf.transpose(v, [0, 2, 3, 1]), tf.complex128)  # [B, T, F, A]
    through = tf.math.conj(v) * (tf.linalg.matvec(best.covariance, v) - 2 * best.total)
    norm = tf.reduce_sum(tf.math.real(v * tf.math.conj(v)), axis=-1)
    return devices + tf.reduce_sum(tf.math.real(through), axis=-1) + tf.cast(noise, tf.float64) * norm
