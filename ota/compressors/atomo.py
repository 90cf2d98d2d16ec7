"""Spectral atoms (ATOMO): of a weight matrix s terms of its singular value decomposition, drawn with least variance."""

import math
from typing import ClassVar

import numpy as np
import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers
from . import ALONE, Known
from ._water_filling import filled, probabilities, sample, sizes

VALUE_BITS = 32.0


@dataclass(frozen=True)
class Atomo:
    """Unbiased sparsification of singular values: s terms of each weight matrix, where s is what fits.

        M = sum_i a_i u_i v_i',   M_hat = sum of s terms (a_i / p_i) u_i v_i',   p_i = min(1, a_i / v).

    A kernel of shape (..., m) is a matrix M = sum_i a_i u_i v_i' of m columns. Term i is kept with probability p_i =
    min(1, a_i/v) and sent as a_i/p_i u_i and v_i, float32 numbers. Unbiased; terms are orthogonal, so that the variance
    is sum a_i^2 (1/p_i - 1), with (sum a)^2/s - sum a^2 of a layer where no term is certain. s is the same for all
    layers and the largest that fits; just s terms are sent of each in every draw, where the authors' code throws a coin
    for each term and again if none is kept. Vectors go as they are, and so do matrices that would not get shorter. Wang
    et al., "ATOMO: communication-efficient learning via atomic sparsification", NeurIPS 2018.

    >>> import tensorflow as tf
    >>> from overair.ota import Atomo
    >>> from overair.ota.compressors import Known
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [16 * 16])
    >>> decoded, used = Atomo().compress(x, tf.constant(3000.0), keys.key(0, "code"), Known(layers=((16, 16),)))
    >>> kept = tf.linalg.matrix_rank(tf.reshape(decoded, [16, 16]), tol=1e-3)
    >>> int(kept), float(used)  # terms of 32 numbers of 32 bits
    (2, 2048.0)
    """

    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        layers = known.filled(update.shape[-1]).layers
        lengths = tf.constant(lengths_of(layers), bits.dtype)
        fits = (lengths <= bits) & tf.reduce_any(update != 0)
        terms = tf.reduce_max(tf.where(fits, tf.range(lengths.shape[0]), 0))  # s
        peak, parts = tf.reduce_max(tf.abs(update)), []
        entries = tf.split(tf.math.divide_no_nan(update, peak), [math.prod(layer) for layer in layers])
        for place, (layer, part) in enumerate(zip(layers, entries, strict=True)):
            parts.append(_drawn(layer, part, terms, keys.fold(key, "atoms", place)))
        decoded = tf.where(terms > 0, peak * tf.concat(parts, 0), 0.0)
        return decoded, tf.where(terms > 0, lengths[terms], 0.0)


def lengths_of(layers: Layers) -> np.ndarray:
    """Bits of a message with 0, 1, ... terms of each matrix, up to where all layers go as they are."""
    most = max((whole_from(layer) for layer in layers), default=1)
    return VALUE_BITS * np.array([0, *(sum(_numbers(layer, s) for layer in layers) for s in range(1, most + 1))])


def whole_from(layer: tuple[int, ...]) -> int:
    """The number of terms that are no shorter than the layer itself."""
    rows, columns = math.prod(layer[:-1]), layer[-1] if layer else 1
    return 1 if len(layer) < 2 else max(-(-rows * columns // max(rows + columns, 1)), 1)


def _numbers(layer: tuple[int, ...], terms: int) -> int:
    """Sent of a layer."""
    size = math.prod(layer)
    return size if terms >= whole_from(layer) else terms * (math.prod(layer[:-1]) + layer[-1])


def _drawn(layer: tuple[int, ...], part: tf.Tensor, terms: tf.Tensor, key: Key) -> tf.Tensor:
    """So many terms of a layer, flat."""
    whole = whole_from(layer)
    if whole == 1:
        return part

    def some() -> tf.Tensor:
        values, left, right = tf.linalg.svd(tf.reshape(part, [-1, layer[-1]]))  # [r], [n, r], [m, r]
        chances = probabilities(values, filled(sizes(values), terms).level)
        kept = tf.cast(sample(chances, key), part.dtype)
        scaled = kept * tf.math.divide_no_nan(values, tf.cast(chances, part.dtype))
        return tf.reshape(tf.matmul(left * scaled, right, transpose_b=True), [-1])

    return tf.cond((terms > 0) & (terms < whole), some, lambda: part)
