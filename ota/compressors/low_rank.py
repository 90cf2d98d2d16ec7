"""Low-rank updates (PowerSGD): of every weight matrix M only its product with a few shared directions, in b bits."""

import math
from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers
from ..power_iteration import directions, lengthened, numbers, parts, shortened
from . import ALONE, Known
from ._lloyd_max import MOST_BITS, nearest

EXACT = 32  # bits of a float32: of scales, and of what goes whole


@dataclass(frozen=True)
class LowRankFactors:
    """The product of every weight matrix with a few directions that all know, as deep as fits.

        M_hat = M Q Q' in one round, P P' M in the next,

    with Q [m, r] and P [n, r] orthonormal, r the ``rank``.

    A device sends M Q in one round and P'M in the next; the server reads M Q Q' and P P'M. The directions come from the
    last estimate (``ota/power_iteration.py``), so that a round takes one message where PowerSGD as printed takes two
    and a broadcast between them. Every column of a factor is sent as the levels of the Lloyd-Max quantiser of N(0, 1),
    at the largest depth that fits and at most 8 bits, with a float32 scale, the one of least squared error; factors are
    exact where 32 bits fit. Vectors, and matrices that would not get shorter, go whole, as float32. What is left out is
    lost unless the uplink keeps it: ``feedback = 1`` is PowerSGD's. Biased, and never worse than silence. Vogels,
    Karimireddy, Jaggi, "PowerSGD: practical low-rank gradient compression for distributed optimization", NeurIPS 2019.

    >>> import tensorflow as tf
    >>> from overair.ota import LowRankFactors
    >>> from overair.ota.compressors import Known
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [16 * 16])
    >>> decoded, used = LowRankFactors(rank=2).compress(x, tf.constant(500.0), keys.key(1), Known(layers=((16, 16),)))
    >>> int(tf.linalg.matrix_rank(tf.reshape(decoded, [16, 16]), tol=1e-3)), bool(used <= 500)
    (2, True)
    """

    rank: Annotated[int, Gt(0), Le(10**6)] = 2
    """Of what is kept of a weight matrix."""
    unbiased: ClassVar[bool] = False
    remembers: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        filled = known.filled(update.shape[-1])
        layers, past = filled.layers, filled.past
        assert past is not None
        code = directions(layers, self.rank, past, known.beside(key).key)
        peak = tf.reduce_max(tf.abs(update))
        unit = tf.math.divide_no_nan(update, peak)[None]

        def sent(odd: bool) -> tuple[tf.Tensor, tf.Tensor]:
            fixed, each = self.lengths(layers, odd)
            depth = tf.cast(tf.floor(tf.clip_by_value((bits - fixed) / max(each, 1), 0.0, float(EXACT))), tf.int32)
            depth -= tf.cast(fixed + each * tf.cast(depth, bits.dtype) > bits, tf.int32)  # a division may be rounded up
            depth = tf.where(depth < EXACT, tf.minimum(depth, MOST_BITS), depth)
            short = shortened(unit, layers, self.rank, code, odd)
            kept = [
                self._rounded(values, depth) if part.rows else values
                for part, values in zip(parts(layers, self.rank), short, strict=True)
            ]
            whole = lengthened(tf.concat(kept, 1), layers, self.rank, code, odd)[0]
            used = fixed + each * tf.cast(depth, bits.dtype)
            return whole, tf.where((used <= bits) & ((depth > 0) | (each == 0)), used, 0.0)

        decoded, used = tf.cond(code.odd, lambda: sent(True), lambda: sent(False))
        used = tf.where(tf.reduce_any(update != 0), used, 0.0)
        return tf.where(used > 0, peak * decoded, 0.0), used

    def lengths(self, layers: Layers, odd: bool) -> tuple[int, int]:
        """Bits of what goes whole and of scales, and numbers in b bits, in odd or even rounds."""
        every = list(zip(parts(layers, self.rank), layers, strict=True))
        whole = sum(math.prod(layer) for part, layer in every if not part.rows)
        scales = self.rank * sum(part.rows > 0 for part, _ in every)
        return EXACT * (whole + scales), sum(numbers(part, layer, self.rank, odd) for part, layer in every if part.rows)

    def _rounded(self, factor: tf.Tensor, depth: tf.Tensor) -> tf.Tensor:
        """A factor [1, n r] at the levels of so many bits, each of its columns with a scale of its own."""
        columns = tf.reshape(factor, [-1, self.rank])
        deviation = tf.sqrt(tf.reduce_mean(columns**2, axis=0))
        unit = tf.reshape(tf.math.divide_no_nan(columns, deviation), [-1])
        level = tf.reshape(nearest(unit, tf.clip_by_value(depth, 1, MOST_BITS)), columns.shape)
        scale = tf.reduce_sum(columns * level, axis=0) / tf.reduce_sum(level**2, axis=0)
        return tf.where(depth < EXACT, tf.reshape(level * scale, [1, -1]), factor)
