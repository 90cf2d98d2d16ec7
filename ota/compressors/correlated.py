"""Correlated quantisation: devices round with offsets that together are spread evenly, so that their errors cancel."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known, Together
from ._uniform import sent


@dataclass(frozen=True)
class Correlated:
    """Dithered rounding whose offsets over all devices are spread evenly, of as many coordinates as bits allow.

        q_k = floor(y_k + w_k),   w_k = ((p_k + s) mod n + g_k) / n for device k of n.

    Entries are rounded to 2^b levels between -max|x| and max|x|: an entry at y steps goes to floor(y + w). Of n devices
    each has an offset w = ((p + s) mod n + g)/n for every entry: turns p are dealt at random, the shift s of the entry
    is shared, g is a device's own. Each w is uniform, so that every device alone is unbiased, and any two lie in
    different nths, as likely in one pair as in another. Where all have the same y the mean of what is decoded errs by f
    (1 - f)/n^2 squared steps, f = frac(n y), and not by y (1 - y)/n. A ``subtractive`` receiver takes w - 1/2 off
    again: that leaves (f (1 - f)(1 - 1/n) + 1/(12 n))/n^2, and 1/12 of a device alone, as of ``dithered``, whose depths
    these are. Suresh, Sun, Ro, Yu, "Correlated quantization for distributed mean estimation and optimization", ICML
    2022.

    >>> import tensorflow as tf
    >>> from overair.ota import Correlated
    >>> from overair.ota.compressors import Known, Together
    >>> from overair.phy import keys
    >>> x = keys.uniform(keys.key(0, "update"), [1000])  # alike on 8 devices
    >>> beside = [Known(together=Together(keys.key(1), tf.constant(k), tf.constant(8))) for k in range(8)]
    >>> heard = [Correlated().compress(x, tf.constant(1100.0), keys.key(2, k), beside[k])[0] for k in range(8)]
    >>> alone = tf.reduce_mean((heard[0] - x) ** 2)
    >>> bool(tf.reduce_mean((tf.add_n(heard) / 8 - x) ** 2) < alone / 16)  # without correlation it were an eighth
    True
    """

    subtractive: bool = False
    """Whether the receiver takes the offsets off again."""
    most_bits: Annotated[int, Ge(1), Le(16)] = 8
    """Largest depth of a coordinate, in bits."""
    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        def rounding(unit: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
            steps, offset = levels - 1.0, offsets(unit.shape[-1], known.beside(key), key)
            level = tf.clip_by_value(tf.floor((unit + 1.0) * (steps / 2.0) + offset), 0.0, steps)
            level -= offset - 0.5 if self.subtractive else tf.zeros_like(offset)
            return level * (2.0 / steps) - 1.0

        return sent(update, bits, key, self.most_bits, rounding)


def offsets(size: int, together: Together, key: Key) -> tf.Tensor:
    """Of a device for every entry, uniform on [0, 1), [d]."""
    shared, count = keys.fold(together.key, "correlated"), tf.cast(together.devices, tf.float32)
    dealt = keys.permutation(keys.fold(shared, "turns"), together.devices)[together.turn]
    shift = tf.floor(keys.uniform(keys.fold(shared, "shifts"), [size]) * count)
    within = keys.uniform(keys.fold(key, "within"), [size])
    return (tf.math.floormod(tf.cast(dealt, tf.float32) + shift, count) + within) / count
