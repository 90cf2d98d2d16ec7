"""Lloyd-Max: levels of least squared error for the entries of this very update, and an entropy coder."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import coding, lloyd
from . import ALONE, Known

LEVEL_BITS = 32.0


@dataclass(frozen=True)
class LloydMax:
    """Levels of least squared error for the entries' own, and an entropy coder.

        x_hat_i = c_j for x_i in cell j,   c_j = the mean of cell j.

    The quantiser of so many levels is found by Lloyd's iteration on the entries (`ota/lloyd.py`) and travels with them:
    a float32 a level, then each entry's level, coded by `ota/coding.py`. As each level is the mean of its cell, the
    error is |x|^2 less the sum over cells of n c^2, never more than that of silence. Where that takes more bits than
    are granted nothing is sent, and bits beyond are left. In ``layered`` every layer has levels of its own, which is
    what indirect quantisation is held against: Abdi, "Distributed learning and inference in deep models", 2020, fig.
    3.3. Max, "Quantizing for minimum distortion", IRE Trans. Information Theory 1960; Lloyd, "Least squares
    quantization in PCM", IEEE Trans. Information Theory 1982.

    >>> import tensorflow as tf
    >>> from overair.ota import LloydMax
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [1024])
    >>> decoded, used = LloydMax(levels=4).compress(x, tf.constant(4000.0), keys.key(0, "code"))
    >>> len(set(decoded.numpy().tolist())), bool(used <= 4000)
    (4, True)
    """

    levels: Annotated[int, Ge(2), Le(256)] = 4
    """Levels of an update."""
    unbiased: ClassVar[bool] = False

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        finite, peak = tf.reduce_all(tf.math.is_finite(update)), tf.reduce_max(tf.abs(update))
        unit = tf.where(finite, tf.math.divide_no_nan(update, peak), 0.0)  # no difference overflows
        levels = lloyd.levels_of(unit, self.levels)
        cells = lloyd.cells_of(unit, levels)
        counts = tf.math.bincount(cells, minlength=self.levels, maxlength=self.levels)
        used = LEVEL_BITS * self.levels + coding.code_length(counts)
        sends = (used <= tf.cast(bits, used.dtype)) & tf.reduce_any(update != 0)
        decoded = tf.where(finite, peak * tf.gather(levels, cells), float("nan"))
        return tf.where(sends, decoded, 0.0), tf.cast(tf.where(sends, used, 0.0), update.dtype)
