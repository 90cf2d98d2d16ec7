"""QSGD: |x|_2 sign(x) l/s, the whole number l being s|x_i|/|x|_2 rounded up or down at random, so it is unbiased."""

from typing import ClassVar, NamedTuple

import numpy as np
import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import coding
from . import ALONE, Known
from ._fitting import SIDE_BITS as FITTING_BITS
from ._fitting import fitting, header
from ._ternary import SIDE_BITS as TERNARY_BITS
from ._ternary import ternary, trits_that_fit

SCALES = np.unique(np.round(2.0 ** (np.arange(512) / 32)))  # levels s to the norm
LEVELS = 1024  # levels that may occur
ATOMS = 1024  # of the histogram of magnitudes from which errors are foretold
SIDE_BITS = 32.0 + 9.0 + 10.0 + FITTING_BITS + 1.0  # norm, s, the largest level, how many, and which way
COARSE = 12  # scales that are passed over at first


class Setting(NamedTuple):
    """What suits a number of bits."""

    s: tf.Tensor
    likely: tf.Tensor  # coordinates that may be expected to fit
    error: tf.Tensor  # that may be expected, of |x|^2


@dataclass(frozen=True)
class Qsgd:
    """Norms and random levels, of fine or of few coordinates as suits, entropy coded.

        x_hat_i = |x|_2 sign(x_i) l_i / s,   l_i = s|x_i| / |x|_2 rounded up or down at random, so that it is unbiased.

    The error is q = sum_i f_i (1 - f_i)/s^2 of |x|_2^2, f_i the fraction of s|x_i|/|x|_2. Norm, s and the largest level
    are sent as numbers, levels by an entropy coder, and a bit for the sign of each that is not 0. Of k coordinates that
    the shared key chooses, scaled by d/k, the error is (d/k)(1 + q) - 1: where bits are few, some with fine levels err
    by half of what all with coarse ones do. s has the least error to be expected from the histogram of magnitudes,
    before the coins are thrown, as an s that depended on them would make the estimate biased; k is what the real code
    has room for (``_fitting``). Where log2(3) bits a coordinate without a coder err less, s = 1 is sent that way, of a
    random subset with its own norm. Alistarh et al., "QSGD: communication-efficient SGD via gradient quantization and
    encoding", NeurIPS 2017.

    >>> import tensorflow as tf
    >>> from overair.ota import Qsgd
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [1024])
    >>> decoded, used = Qsgd().compress(x, tf.constant(2500.0), keys.key(0, "code"))
    >>> decoded.shape, bool(used <= 2500), Qsgd().unbiased
    (TensorShape([1024]), True, True)
    """

    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size, (unit, norm) = update.shape[-1], _normalised(update)
        room = tf.cast(bits, tf.float64) - SIDE_BITS
        best = plan(unit, room)

        def coded() -> tuple[tf.Tensor, tf.Tensor]:
            level = tf.cast(tf.floor(best.s * unit + keys.uniform(keys.fold(key, "coins"), [size])), tf.int32)
            sent = fitting(level, best.likely, room, key)
            value = norm * sent.scale * tf.cast(level, update.dtype) / best.s
            decoded = tf.where(sent.chosen, tf.where(update < 0, -value, value), 0.0)
            return decoded, tf.cast(tf.where(sent.scale > 0, SIDE_BITS + sent.bits, 0.0), update.dtype)

        trits = tf.cast(trits_that_fit(size, tf.cast(bits, tf.float64) - TERNARY_BITS - 1.0), unit.dtype)
        plain = tf.where(trits > 0, tf.sqrt(size / tf.maximum(trits, 1.0)) * tf.reduce_sum(unit) - 1.0, np.inf)
        few = (best.error > plain) | (best.likely < 1.0)
        return tf.cond(few, lambda: ternary(update, lambda x: _normalised(x)[1], 0.5, bits - 1.0, key), coded)


def plan(unit: tf.Tensor, room: tf.Tensor) -> Setting:
    """The s with the least error to be expected of magnitudes [d] of norm 1 in so many bits."""
    peak = tf.reduce_max(unit)
    place = tf.cast(tf.math.divide_no_nan(unit, peak) * (ATOMS - 1.0), tf.int32)
    weight = tf.math.bincount(place, minlength=ATOMS, maxlength=ATOMS, weights=tf.ones_like(unit))  # [atoms]
    total = tf.math.bincount(place, minlength=ATOMS, maxlength=ATOMS, weights=unit)
    atom = tf.math.divide_no_nan(total, weight)
    scales = tf.constant(SCALES, unit.dtype)
    about = COARSE * tf.argmin(_settings(weight, atom, peak, scales[::COARSE], room).error, output_type=tf.int32)
    near = tf.clip_by_value(about + tf.range(1 - COARSE, COARSE), 0, len(SCALES) - 1)
    found = _settings(weight, atom, peak, tf.gather(scales, near), room)
    best = tf.argmin(found.error)
    return Setting(found.s[best], found.likely[best], found.error[best])


def _settings(weight: tf.Tensor, atom: tf.Tensor, peak: tf.Tensor, s: tf.Tensor, room: tf.Tensor) -> Setting:
    """What may be expected of each of the scales [S], from so many coordinates at each magnitude."""
    exact = tf.minimum(s[:, None] * atom, LEVELS - 2.0)  # [S, atoms]
    low = tf.cast(tf.floor(exact), tf.int32)
    up, cell = exact - tf.floor(exact), low + LEVELS * tf.range(s.shape[0])[:, None]
    counts = tf.math.unsorted_segment_sum(weight * (1.0 - up), cell, LEVELS * s.shape[0])
    counts += tf.math.unsorted_segment_sum(weight * up, cell + 1, LEVELS * s.shape[0])
    counts = tf.reshape(counts, [s.shape[0], LEVELS])
    size, alphabet = tf.reduce_sum(weight), tf.floor(s * peak) + 2.0
    each = tf.cast(coding.information(counts), s.dtype) / size + 1.0 - counts[:, 0] / size + coding.LOSS
    likely = tf.minimum((tf.cast(room, s.dtype) - header(counts, size, alphabet)) / each, size)
    lost = tf.reduce_sum(weight * up * (1.0 - up), axis=1) / s**2
    error = size / tf.maximum(likely, 1.0) * (1.0 + lost) - 1.0
    useful = (likely >= 1.0) & (alphabet < LEVELS)
    return Setting(s, likely, tf.where(useful, error, np.inf))


def _normalised(update: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Magnitudes over the norm, and the norm, whatever the scale."""
    peak = tf.reduce_max(tf.abs(update))
    unit = tf.math.divide_no_nan(tf.abs(update), peak)
    norm = tf.sqrt(tf.reduce_sum(unit**2))
    return tf.math.divide_no_nan(unit, norm), peak * norm
