"""Dithered quantiser with an entropy coder, whose context is the dither: both sides know it."""

from typing import Annotated, ClassVar, NamedTuple

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import coding
from . import ALONE, Known
from ._fitting import SIDE_BITS as FITTING_BITS
from ._fitting import fitting_in, header
from ._uniform import SIDE_BITS as FIXED_BITS
from ._uniform import deepest
from .dithered import Dithered

RATIOS = 2.0 ** (np.arange(128) / 16)  # of the largest magnitude to D
ATOMS = 1024  # of the histogram from which errors are foretold
COARSE = 8  # ratios that are passed over at first
SIDE_BITS = 32.0 + 8.0 + FITTING_BITS + 2.0  # D, the largest index, how many, which histograms, and which way
FIXED = Dithered()


class Step(NamedTuple):
    """What suits a number of bits."""

    ratio: tf.Tensor  # of the largest magnitude to D
    likely: tf.Tensor  # coordinates that may be expected to fit
    error: tf.Tensor  # that may be expected, of |x|^2
    contexts: tf.Tensor  # how many are worth their histograms: all there are, or one


@dataclass(frozen=True)
class EntropyDithered:
    """A dithered quantiser, entropy coded given the dither, of as many coordinates as there is room for.

        q = round(x / D + u),   x_hat = D (q - u),   u uniform on [-1/2, 1/2).

    It errs by D^2/12 whatever x is. Indices have the law of those of stochastic rounding to multiples of D, which errs
    by up to D^2/4. Given u they have less entropy than alone: for N(0, 1) and D = 2, 1.254 bits instead of 1.415. So
    the range of u is cut into ``contexts`` with a histogram each, or all have one, whichever may be expected to be
    shorter. D is sent as a float32, indices by `ota/coding.py`. Of k coordinates that the shared key chooses, scaled by
    d/k, the error is (d/k)(1 + d D^2/(12 |x|^2)) - 1 of |x|^2; D has the least that may be expected from the histogram
    of x, before the dither is drawn, and k is what the real code has room for (``_fitting``), so that it is unbiased.
    Where ``dithered``, of fixed length, errs less, that is sent. Ziv, "On universal quantization", IEEE Trans. Inf.
    Theory, 1985; Abdi, "Distributed learning and inference in deep models", 2020, lemma 19.

    >>> import tensorflow as tf
    >>> from overair.ota import EntropyDithered
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [1024])
    >>> decoded, used = EntropyDithered(contexts=4).compress(x, tf.constant(2500.0), keys.key(0, "code"))
    >>> decoded.shape, bool(used <= 2500)
    (TensorShape([1024]), True)
    """

    contexts: Annotated[int, Ge(1), Le(32)] = 16
    """Ranges of the dither that have a histogram each; the dither is no context if 1."""
    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        size, peak = update.shape[-1], tf.reduce_max(tf.abs(update))
        unit, room = tf.math.divide_no_nan(update, peak), tf.cast(bits, tf.float64) - SIDE_BITS
        best = self._plan(unit, room)

        def coded() -> tuple[tf.Tensor, tf.Tensor]:
            dither = keys.uniform(keys.fold(key, "dither"), [size], -0.5, 0.5)
            index = tf.round(best.ratio * unit + dither)
            symbol, letters = symbols(tf.cast(index, tf.int32), dither, best.contexts)
            length = lambda counts: code_length(counts, best.contexts, letters)  # noqa: E731
            sent = fitting_in(symbol, best.contexts * letters, length, best.likely, room, key)
            decoded = peak / best.ratio * sent.scale * (index - dither)
            used = tf.where(sent.scale > 0, SIDE_BITS + sent.bits, 0.0)
            return tf.where(sent.chosen, decoded, 0.0), tf.cast(used, update.dtype)

        most = float(update.shape[-1] * FIXED.most_bits)
        fixed = deepest(unit, tf.clip_by_value(bits - 1.0 - FIXED_BITS, 0.0, most), FIXED.most_bits)

        def plain() -> tuple[tf.Tensor, tf.Tensor]:
            decoded, used = FIXED.compress(update, bits - 1.0, key)
            return decoded, tf.where(used > 0, used + 1.0, 0.0)

        return tf.cond((best.error > fixed.error) | (best.likely < 1.0) | (peak <= 0), plain, coded)

    def _plan(self, unit: tf.Tensor, room: tf.Tensor) -> Step:
        """The step with the least error to be expected of an update whose largest magnitude is 1 in so many bits."""
        atoms = min(ATOMS, 4 * unit.shape[-1])
        place = tf.cast(tf.round((unit + 1.0) * (atoms - 1.0) / 2.0), tf.int32)
        weight = tf.math.bincount(place, minlength=atoms, maxlength=atoms, weights=tf.ones_like(unit))  # [atoms]
        total = tf.math.bincount(place, minlength=atoms, maxlength=atoms, weights=unit)
        atom, energy = tf.math.divide_no_nan(total, weight), tf.reduce_sum(unit**2)
        ratios = tf.constant(RATIOS, unit.dtype)
        about = _expected(weight, atom, energy, ratios[::COARSE], room, 1).error
        middle = COARSE * tf.argmin(about, output_type=tf.int32)
        near = tf.clip_by_value(middle + tf.range(1 - COARSE, COARSE), 0, len(RATIOS) - 1)
        found = _expected(weight, atom, energy, tf.gather(ratios, near), room, self.contexts)
        best = tf.argmin(found.error)
        return Step(*(each[best] for each in found))


def symbols(index: tf.Tensor, dither: tf.Tensor, contexts: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Index and context as a number, [d], and how many indices there may be."""
    top = tf.reduce_max(tf.abs(index))
    context = tf.cast(tf.floor((dither + 0.5) * tf.cast(contexts, dither.dtype)), tf.int32)
    return tf.clip_by_value(context, 0, contexts - 1) * (2 * top + 1) + index + top, 2 * top + 1


def code_length(counts: tf.Tensor, contexts: tf.Tensor, letters: tf.Tensor) -> tf.Tensor:
    """Bits of the codes of all contexts, by histograms [rungs, C A] of their symbols, [rungs]."""
    return tf.reduce_sum(coding.code_length(tf.reshape(counts, [-1, contexts, letters])), axis=1)


def _expected(
    weight: tf.Tensor, atom: tf.Tensor, energy: tf.Tensor, ratio: tf.Tensor, room: tf.Tensor, contexts: int
) -> Step:
    """What may be expected at each of the ratios [S], from so many coordinates at each value."""
    size, room = tf.reduce_sum(weight), tf.cast(room, weight.dtype)
    counts = _counts(weight, atom, ratio, contexts)  # [S, C, A]
    letters = 2.0 * tf.math.ceil(ratio) + 1.0
    alone = _that_fit(tf.reduce_sum(counts, axis=1, keepdims=True), 1, size, letters, room)
    told = _that_fit(counts, contexts, size, letters, room)
    likely = tf.minimum(tf.maximum(alone, told), size)
    inverse = size / tf.maximum(likely, 1.0)
    error = (inverse - 1.0) + inverse * tf.math.divide_no_nan(size, energy) / (12.0 * ratio**2)
    return Step(ratio, likely, tf.where(likely >= 1.0, error, np.inf), tf.where(told > alone, contexts, 1))


def _counts(weight: tf.Tensor, atom: tf.Tensor, ratio: tf.Tensor, contexts: int) -> tf.Tensor:
    """Means of the histograms of all contexts, [S, C, A]: in each, u takes an index or the one above it."""
    settings, highest = ratio.shape[0], tf.cast(tf.math.ceil(tf.reduce_max(ratio)), tf.int32) + 2
    letters = 2 * highest + 1
    first = ratio[:, None, None] * atom + tf.range(contexts, dtype=atom.dtype)[:, None] / contexts  # [S, C, atoms]
    low = tf.floor(first)
    up = tf.nn.relu((first - low) * contexts + 1.0 - contexts)
    cell = tf.cast(low, tf.int32) + highest
    cell += letters * tf.reshape(tf.range(settings * contexts), [settings, contexts, 1])
    most, share = letters * settings * contexts, weight / contexts
    counts = tf.math.unsorted_segment_sum(share * (1.0 - up), cell, most)
    counts += tf.math.unsorted_segment_sum(share * up, cell + 1, most)
    return tf.reshape(counts, [settings, contexts, letters])


def _that_fit(counts: tf.Tensor, contexts: int, size: tf.Tensor, letters: tf.Tensor, room: tf.Tensor) -> tf.Tensor:
    """Coordinates that may be expected to fit, by histograms [S, C, A] of which each has a code of its own, [S]."""
    each = tf.cast(tf.reduce_sum(coding.information(counts), axis=1), counts.dtype) / size + coding.LOSS
    names = tf.repeat(letters, contexts)
    headers = header(tf.reshape(counts, [-1, tf.shape(counts)[2]]), size / contexts, names)
    return (room - tf.reduce_sum(tf.reshape(headers, [-1, contexts]), axis=1)) / each
