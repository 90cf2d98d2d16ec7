"""Dithered uniform quantiser: a random shift known to both sides makes the error independent of the input."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known
from ._uniform import sent


@dataclass(frozen=True)
class Dithered:
    """A uniform quantiser behind a dither, of as many coordinates as bits allow, at the depth that suits.

        x_hat = D round((x + u) / D) - u,   u uniform on [-D/2, D/2),   D = 2 max|x| / (2^b - 1).

    The error has variance D^2/12 for every x. The quantiser spans [-max|x|, max|x|] with 2^b levels, so that no input
    overloads; max|x| travels as 32 bits. If not all coordinates fit, k of them are sent, chosen by the shared key and
    scaled by d/k, which keeps the estimate unbiased. The device picks the b with the smallest error for its rate,
    (d/k)(1 + p/(3 (2^b - 1)^2)) - 1 of |x|^2 with k = min(d, rate/b) and p = d max|x|^2/|x|^2. Schuchman 1964; Abdi,
    "Distributed learning and inference in deep models", 2020, appendix A.

    >>> import tensorflow as tf
    >>> from overair.ota import Dithered
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [256])
    >>> decoded, used = Dithered().compress(x, tf.constant(800.0), keys.key(0, "code"))
    >>> decoded.shape, bool(700 < used <= 800)
    (TensorShape([256]), True)
    """

    most_bits: Annotated[int, Ge(1), Le(16)] = 8
    """Largest depth of a coordinate, in bits."""
    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        def rounding(unit: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
            step = 2.0 / (levels - 1.0)
            dither = step * keys.uniform(keys.fold(key, "dither"), unit.shape, -0.5, 0.5)
            level = tf.clip_by_value(tf.round((unit + dither + 1.0) / step), 0.0, levels - 1.0)
            return level * step - 1.0 - dither

        return sent(update, bits, key, self.most_bits, rounding)
