"""Nested dithered quantiser (NDQSG): a place within a coarse cell is sent, and side information finds the cell."""

import math
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le, Lt

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import coding, subsets
from . import ALONE, Known
from ._beside_past import beside_past
from ._buckets import Cuts, at_entries, cut, entries, largest, layer_of, parts
from ._cosets import alone, beyond, drawn, place, point, shrunk

FLOAT = 32.0  # bits of a scale or a deviation
COARSE = 8.0  # bits that tell k


class Places(NamedTuple):
    """What is sent of an update."""

    places: tf.Tensor  # 0 to k - 1, [d]
    scale: tf.Tensor  # of each entry's bucket, [d]
    chosen: tf.Tensor  # bool [d]
    coarse: tf.Tensor  # k


@dataclass(frozen=True)
class Nested:
    """A nested dithered quantiser whose receiver has side information, with a guard.

        place = fine point nearest to a x + u, modulo the coarse step,   p = the point of it nearest to a y, less u,
        x_hat = y + a (p - a y).

    Buckets of entries share a scale, their largest magnitude, told as a float32; a fine step D1 is a ``levels``-th part
    of it. With the shared dither u uniform on [-D1/2, D1/2), the point of the fine lattice nearest to a x + u is sent
    modulo a coarse step of k fine ones: log2(k) bits an entry, or what an entropy coder makes of each layer's places.
    The receiver knows some y near x, takes the point p with that place that is nearest to a y, less the dither, and
    decodes y + a (p - a y). With z = x - y that is right where |a z + u'| < k D1/2, u' like u, and then errs by D1^2/12
    for a = 1 whatever x is; elsewhere it is off by coarse steps. ``scaled`` takes the a that errs least, a^2 = 1 -
    D1^2/(24 s^2), with s the deviation of z. The guard takes the smallest odd k at which D1 + 2 |z| exceeds a coarse
    step no more often than wanted, by the law that is fitted to z; from 2 levels + 1 on a place says all, and the
    update is sent plain, decoded without y. No entry exceeds its scale, so y is clipped to that: buckets of zeros
    decode to zeros.

    y is the mean of what was decoded of the ``first`` of those that take part, which send plain. Where ``first`` is 0,
    y is the last estimate, and all of the first round are sent plain. With fewer bits than all entries need, those that
    the shared key chooses are sent; of plain updates they are scaled by d over their number, of others y stands for the
    rest. Zamir, Shamai, Erez, "Nested linear/lattice codes for structured multiterminal binning", 2002; Abdi and Fekri,
    "Nested dithered quantization for communication reduction in distributed training", 2019; Abdi, "Distributed
    learning and inference in deep models", 2020, eq. 2.4 to 2.9 and D.1.

    >>> import tensorflow as tf
    >>> from overair.ota import Nested
    >>> from overair.ota.compressors import Known
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [256])
    >>> known = Known(spread=tf.constant([0.05])).filled(256)  # how far updates are from the side information
    >>> sent, used = Nested(coarse=3).encode(x, tf.constant(1000.0), keys.key(1), known)
    >>> Nested(coarse=3).decode(sent, keys.key(1), known, side=x + 0.01).shape, bool(used <= 1000)
    (TensorShape([256]), True)
    """

    first: Annotated[float, Ge(0), Le(1)] = 0.5
    """Share of those that take part that is sent plain and then known; of the round before if 0."""
    levels: Annotated[int, Ge(1), Le(127)] = 3
    """Fine steps up to the largest magnitude of a bucket."""
    coarse: Annotated[int, Ge(2), Le(255)] | None = None
    """Fine steps in a coarse one; by the guard unless given."""
    target_failures: Annotated[float, Gt(0), Lt(1)] = 0.01
    """Share of entries that the guard lets into a wrong coarse cell, at most."""
    law: Literal["laplace", "normal"] = "laplace"
    """Fitted to the distance from the side information."""
    scaled: bool = False
    """Whether entries shrink before coding to where they err least."""
    coded: bool = True
    """Whether places are entropy coded, layer by layer, where that is shorter."""
    buckets: tuple[Annotated[int, Ge(1), Lt(2**31)], ...] = ()
    """Entries that share a scale, layer after layer and again from the first; layers unless given."""
    unbiased: ClassVar[bool] = False
    contractive: ClassVar[bool] = False  # side information that is unlike the update puts it into wrong cells

    @property
    def remembers(self) -> bool:
        return self.first == 0

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        known = known.filled(update.shape[-1])
        known, side = known._replace(spread=None), tf.zeros_like(update)
        if self.remembers:
            known, side = beside_past(update, known)
        sent, used = self.encode(update, bits, key, known)
        return self.decode(sent, key, known, side), used

    def encode(self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE) -> tuple[Places, tf.Tensor]:
        size, known = update.shape[-1], known.filled(update.shape[-1])
        cuts = cut(known.layers, self.buckets)
        scales = largest(update, cuts)  # [B]
        coarse = self._coarse(scales, known, cuts)
        scale = at_entries(scales, cuts)
        unit = tf.math.divide_no_nan(update, scale) * float(self.levels) * self._shrunk(scale, coarse, known, cuts)
        dither, most = drawn(key, size), float(self.levels)
        inside = tf.clip_by_value(unit + dither, -most, most) - dither  # the outermost point is not taken for the other
        places = place(tf.where(self._says_all(coarse), inside, unit), dither, tf.cast(coarse, update.dtype))
        told = self._told(known, scales.shape[0]) + float(self.coded)
        room = tf.cast(bits, tf.float64) - told
        fits, each = _that_fit(size, coarse, room)
        whole = tf.constant(math.inf, tf.float64)
        if self.coded:
            whole = self._length(places, scale > 0, coarse, cuts)
        codes = (whole <= room) & (whole < size * each)
        kept = tf.where(codes, size, fits) * tf.cast(tf.reduce_any(scales > 0), tf.int32)
        used = told + tf.where(codes, whole, tf.cast(kept, tf.float64) * each)
        chosen = subsets.random(keys.fold(key, "coordinates"), size, kept)
        used = tf.where(kept > 0, used, 0.0)
        return Places(tf.cast(places, tf.int32), scale, chosen, coarse), tf.cast(used, update.dtype)

    def decode(self, sent: Places, key: Key, known: Known, side: tf.Tensor) -> tf.Tensor:
        size, known = side.shape[-1], known.filled(side.shape[-1])
        a = self._shrunk(sent.scale, sent.coarse, known, cut(known.layers, self.buckets))
        near = tf.clip_by_value(side, -sent.scale, sent.scale)
        fine, y = sent.scale / self.levels, self._steps(near, sent.scale)
        nested = near + a * fine * (self._points(sent, key, a * y) - a * y)
        kept = tf.reduce_sum(tf.cast(sent.chosen, side.dtype))
        share = tf.math.divide_no_nan(float(size), kept)
        coarse = tf.cast(sent.coarse, side.dtype)
        plain = fine * alone(tf.cast(sent.places, side.dtype), drawn(key, size), coarse) * share
        says_all = self._says_all(sent.coarse)
        decoded = tf.where(sent.chosen, tf.where(says_all, plain, nested), tf.where(says_all, 0.0, near))
        return tf.where((sent.scale > 0) & (kept > 0), decoded, 0.0)

    def believed(self, sent: Places, key: Key, known: Known, update: tf.Tensor) -> tf.Tensor:
        return tf.where(sent.chosen, self.decode(sent, key, known, update), 0.0)

    def failures(
        self, sent: Places, key: Key, known: Known, side: tf.Tensor, update: tf.Tensor, decoded: tf.Tensor
    ) -> tf.Tensor:
        a = self._shrunk(sent.scale, sent.coarse, known, cut(known.filled(side.shape[-1]).layers, self.buckets))
        near = tf.clip_by_value(side, -sent.scale, sent.scale)
        found, right = (self._points(sent, key, a * self._steps(each, sent.scale)) for each in (near, update))
        counted = sent.chosen & (sent.scale > 0)
        wrong = counted & (tf.abs(found - right) > 0.5) & ~self._says_all(sent.coarse)
        return tf.math.divide_no_nan(*(tf.reduce_sum(tf.cast(each, side.dtype)) for each in (wrong, counted)))

    def _points(self, sent: Places, key: Key, y: tf.Tensor) -> tf.Tensor:
        places, coarse = (tf.cast(each, y.dtype) for each in (sent.places, sent.coarse))
        return point(places, drawn(key, y.shape[-1]), y, coarse)

    def _steps(self, values: tf.Tensor, scale: tf.Tensor) -> tf.Tensor:
        """Values [d] in fine steps."""
        return tf.math.divide_no_nan(values, scale) * float(self.levels)

    def _says_all(self, coarse: tf.Tensor) -> tf.Tensor:
        return coarse >= 2 * self.levels + 1

    def _shrunk(self, scale: tf.Tensor, coarse: tf.Tensor, known: Known, cuts: Cuts) -> tf.Tensor:
        """a of every entry, [d] or []."""
        if not self.scaled or known.spread is None:
            return tf.ones([])
        spread = at_entries(tf.gather(known.spread, layer_of(cuts)), cuts)
        return tf.where(self._says_all(coarse), 1.0, shrunk(scale / self.levels, spread))

    def _coarse(self, scales: tf.Tensor, known: Known, cuts: Cuts) -> tf.Tensor:
        """k, an int32: 2 M + 1 where there is no side information."""
        plain = tf.constant(2 * self.levels + 1)
        if known.spread is None:
            return plain
        if self.coarse is not None:
            wanted = tf.minimum(self.coarse, plain)
        else:
            odd = np.arange(3, 2 * self.levels + 1, 2)
            spread = tf.gather(known.spread, layer_of(cuts))  # [B]
            half = (odd[:, None] - 1.0) / (2.0 * self.levels) * scales  # [k, B]
            away = tf.where(spread > 0, half / spread, float("inf"))
            counted = entries(cuts) * tf.cast(scales > 0, scales.dtype)
            failing = tf.linalg.matvec(beyond(self.law, away), counted)
            enough = failing <= self.target_failures * tf.reduce_sum(counted)
            wanted = tf.reduce_min(tf.where(enough, tf.constant(odd, tf.int32), plain)) if len(odd) else plain
        return tf.where(tf.reduce_all(tf.math.is_finite(known.spread)), wanted, plain)

    def _told(self, known: Known, buckets: int) -> tf.Tensor:
        """Bits that go with the places: scales, k by the guard, and deviations that only the device knows."""
        told = tf.constant(FLOAT * buckets, tf.float64)
        if known.spread is None:
            return told
        beside = COARSE * (self.coarse is None) + FLOAT * len(known.layers) * (self.scaled and self.remembers)
        return told + tf.where(tf.reduce_all(tf.math.is_finite(known.spread)), tf.constant(beside, tf.float64), 0.0)

    def _length(self, places: tf.Tensor, live: tf.Tensor, coarse: tf.Tensor, cuts: Cuts) -> tf.Tensor:
        """Bits that the places of buckets with a scale take in an entropy coder for each layer."""
        most = 2 * self.levels + 1
        told = tf.where(live, tf.cast(places, tf.int32), most)
        counts = [tf.math.bincount(part, minlength=most + 1, maxlength=most + 1)[:most] for part in parts(told, cuts)]
        return tf.reduce_sum(coding.code_length(tf.stack(counts), tf.fill([len(cuts)], coarse)))


def _that_fit(size: int, letters: tf.Tensor, room: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """How many entries at log2(k) bits, an int32, and these bits."""
    each = tf.math.log(tf.cast(letters, tf.float64)) / math.log(2.0)
    count = tf.floor(tf.clip_by_value(room / each, 0.0, float(size)))
    return tf.cast(count - tf.cast(count * each > room, count.dtype), tf.int32), each
