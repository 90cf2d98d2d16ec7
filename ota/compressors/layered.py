"""Layered: every layer of an update compressed by itself, with the bits that suit its size and its variance."""

import math
from typing import Literal

import tensorflow as tf

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from ..past import Past
from . import ALONE, Compressor, Known, _plans
from ._plans import EXACT_BITS, SMALL
from .dithered import Dithered

PLANS: dict[str, _plans.Plan] = {
    "entries": _plans.entries,
    "water_filling": _plans.filled,
    "exact": _plans.exact,
    "greedy": _plans.greedy,
    "l_greco": _plans.l_greco,
}
STATISTIC_BITS = 8
SILENCE_BITS = 1  # of a layer
FINEST = 2**STATISTIC_BITS - 1  # quarters of an octave below the largest; there, a layer counts as zero


@dataclass(frozen=True)
class Layered:
    """Any compressor, layer by layer, with a plan of the bits that each layer gets.

    The plan (``_plans``) is made from mean squares of the layers that both sides know: of the update itself, to the
    next quarter of an octave below the largest and 8 bits each, or of the last estimate, at no bits; a layer that was
    zero there counts as an average one. Plans are ``entries``, the same for every entry; ``water_filling``, reverse
    water-filling of Gaussian layers; ``exact`` and ``greedy``, whole bits by dynamic programming and by steps down the
    layers' convex hulls; ``l_greco``, the fewest whole bits at the error of the same bits for all.

    A bit for each layer says whether it is silent, as the receiver could not tell a layer of zeros from one that used
    its bits: what the others get hangs on that. An update of a single layer needs none.

    Layers are coded from the smallest to the largest, and what one leaves, or a plan has not given away, goes to those
    that follow in proportion to theirs, so that bits granted are bits used. A layer of at most 200 entries whose bits
    suffice is sent as it is, in float32. For errors to be as small as possible that is so of single entries, and else
    only where bits abound: the same bits lower the error of other layers more. A layer that gets nothing is zero, which
    is a bias.

    >>> import tensorflow as tf
    >>> from overair.ota import Layered, Sign
    >>> from overair.ota.compressors import Known
    >>> from overair.phy import keys
    >>> x = tf.concat([keys.normal(keys.key(0), [256]), 100.0 * keys.normal(keys.key(1), [256])], 0)  # two layers
    >>> decoded, used = Layered(Sign()).compress(x, tf.constant(700.0), keys.key(2), Known(layers=((256,), (256,))))
    >>> decoded.shape, bool(used <= 700)
    (TensorShape([512]), True)
    """

    compressor: Compressor = Dithered()
    """How a layer becomes bits."""
    allocation: Literal["entries", "water_filling", "exact", "greedy", "l_greco"] = "water_filling"
    """How bits are shared among layers."""
    statistics: Literal["own", "last"] = "own"
    """Variances that plans are made from; the update's own, at 8 bits a layer, or those of the last estimate."""

    @property
    def unbiased(self) -> bool:
        """Layers that get nothing are zero."""
        return False

    @property
    def contractive(self) -> bool:
        return not self.compressor.unbiased and getattr(self.compressor, "contractive", True)

    @property
    def remembers(self) -> bool:
        told = self.statistics == "last" and self.allocation != "entries"
        return told or getattr(self.compressor, "remembers", False)

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        known = known.filled(update.shape[-1])
        layers, past = known.layers, known.past or Past.none(known.layers)
        layers = tuple(shape for shape in layers if math.prod(shape))  # what is empty holds no entries
        sizes = [math.prod(shape) for shape in layers]
        parts, pasts = tf.split(update, sizes), tf.split(past.estimate, sizes)
        grants, side = self._grants(parts, pasts, bits)
        decoded, left = list(parts), tf.maximum(tf.cast(bits, tf.float64) - side, 0.0)
        used, order = tf.zeros([], tf.float64), sorted(range(len(sizes)), key=lambda at: sizes[at])
        for turn, at in enumerate(order):
            offered = left * _share(grants, sizes, order[turn:])
            own, beside = keys.fold(key, f"layer {at}"), known.together
            beside = beside and beside._replace(key=keys.fold(beside.key, f"layer {at}"))
            fresh = Known((layers[at],), Past(past.rounds, pasts[at]), together=beside)
            decoded[at], spent = self._one(parts[at], offered, own, fresh)
            left, used = left - spent, used + spent
        told = tf.minimum(tf.cast(tf.where(used > 0, used + side, 0.0), bits.dtype), bits)
        return tf.concat(decoded, axis=0), tf.cast(told, update.dtype)

    def _grants(self, parts: list[tf.Tensor], pasts: list[tf.Tensor], bits: tf.Tensor) -> tuple[tf.Tensor, float]:
        """The plan, float64 [L], and the bits that tell it."""
        sizes = tuple(part.shape[-1] for part in parts)
        if len(sizes) == 1:
            return tf.ones([1], tf.float64), 0.0
        told = self.statistics == "own" and self.allocation != "entries"
        variances, each = (_rounded(parts), STATISTIC_BITS) if told else (_known(pasts), 0)
        side = float((each + SILENCE_BITS) * len(sizes))
        return PLANS[self.allocation](sizes, variances, tf.maximum(tf.cast(bits, tf.float64) - side, 0.0)), side

    def _one(self, part: tf.Tensor, offered: tf.Tensor, key: Key, known: Known) -> tuple[tf.Tensor, tf.Tensor]:
        """What is decoded of a layer, and the bits used, a float64."""
        offer = tf.cast(offered, tf.float32)
        offer = tf.where(tf.cast(offer, tf.float64) > offered, tf.math.nextafter(offer, 0.0), offer)

        def coded() -> tuple[tf.Tensor, tf.Tensor]:
            decoded, used = self.compressor.compress(part, offer, key, known)
            return decoded, tf.cast(used, tf.float64)

        size = part.shape[-1]
        if size > SMALL:
            return coded()
        cost = tf.constant(float(EXACT_BITS * size), tf.float64)
        return tf.cond(offered >= cost, lambda: (part, tf.where(tf.reduce_any(part != 0), cost, 0.0)), coded)


def _share(grants: tf.Tensor, sizes: list[int], ahead: list[int]) -> tf.Tensor:
    """What the first of those ahead gets of all that is left: by the plan, or by entries where it gave them nothing."""
    planned = tf.reduce_sum(tf.gather(grants, ahead))
    by_entries = sizes[ahead[0]] / sum(sizes[at] for at in ahead)
    return tf.where(planned > 0, tf.math.divide_no_nan(grants[ahead[0]], planned), by_entries)


def _mean_squares(parts: list[tf.Tensor]) -> tf.Tensor:
    """Of layers, over the largest of them, float64 [L]."""
    peak = tf.reduce_max(tf.stack([tf.reduce_max(tf.abs(part)) for part in parts]))
    means = tf.stack([tf.reduce_mean(tf.math.divide_no_nan(part, peak) ** 2) for part in parts])
    return tf.math.divide_no_nan(tf.cast(means, tf.float64), tf.cast(tf.reduce_max(means), tf.float64))


def _rounded(parts: list[tf.Tensor]) -> tf.Tensor:
    """Mean squares as they are told."""
    means = _mean_squares(parts)
    below = tf.round(-4.0 * tf.math.log(tf.where(means > 0, means, 1.0)) / math.log(2.0))
    below = tf.where(means > 0, tf.minimum(below, float(FINEST)), float(FINEST))
    return tf.where(below < FINEST, 2.0 ** (-below / 4.0), 0.0)


def _known(pasts: list[tf.Tensor]) -> tf.Tensor:
    """Mean squares of the last estimate, the average of all where a layer was zero, 1 where all were."""
    means = _mean_squares(pasts)
    heard = tf.cast(means > 0, tf.float64)
    average = tf.math.divide_no_nan(tf.reduce_sum(means), tf.reduce_sum(heard))
    return tf.where(means > 0, means, tf.where(average > 0, average, 1.0))
