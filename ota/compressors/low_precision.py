"""Low precision floats (FP8, FP4): every layer in a unit of its own, rounded to numbers of 8 or 4 bits."""

from typing import ClassVar, Literal

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from . import ALONE, Known
from ._by_layer import parts, spread
from ._fitted_scale import by_polynomial, deviation, least_error, units
from ._minifloat import FP4, FP8
from ._positions import most_that_fit, position_bits
from ._sparse_code import largest_that_fit

FORMATS = {"fp8": FP8, "fp4": FP4}
SCALES = {("fp8", "best"): deviation, ("fp4", "best"): least_error, ("fp4", "polynomial"): by_polynomial}
UNIT_BITS = 32.0


@dataclass(frozen=True)
class LowPrecision:
    """Floats of few bits, in units that suit each layer.

        x_hat = fp(x s) / s,   fp the nearest number of the format, s a factor of the layer.

    FP8 has a sign, 5 bits of exponent and 2 of mantissa, bias 15: 247 numbers from 2^-16 to 57,344. FP4 has 1, 2 and 1,
    bias 1: 0, .5, 1, 1.5, 2, 3 and their negatives. Of FP8 every s that neither over- nor underflows errs alike: s =
    1/sigma. Of FP4 s follows from the law of the layer (``_fitted_scale``), as CO3 has it, whose feedback is that of a
    digital uplink with ``memory = "decayed"``. A layer's unit 1/s costs 32 bits, unless it is that of the last
    estimate, which is known; where that is zero it is sent after all. Estimates of many devices are smaller than each
    update, which is then cut off at the largest number: feedback brings the rest later.

    With the entropy coder all entries are sent in real bytes. Where they do not fit the largest do; packed, each at 4
    or 8 bits and the positions in log2 C(d, k). Rounding is to the nearest, 0 among them, so no entry errs by more than
    silence would. A layer of equal entries keeps them (with ``best``); one with NaN decodes to NaN. Chen, Hernandez,
    Huang, Rini, "How to attain communication-efficient DNN training? Convert, compress, correct", 2022.

    >>> import tensorflow as tf
    >>> from overair.ota import LowPrecision
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [1024])
    >>> decoded, used = LowPrecision("fp4", coder="packed").compress(x, tf.constant(5000.0), keys.key(0, "code"))
    >>> len(set(decoded.numpy().round(6).tolist())) <= 11, bool(used <= 5000)  # 0, five numbers and their negatives
    (True, True)
    """

    format: Literal["fp8", "fp4"] = "fp8"
    """Which floats."""
    scale: Literal["best", "polynomial", "none"] = "best"
    """How entries are scaled; by what errs least, by CO3's polynomial (fp4), or not at all."""
    fit: Literal["sent", "past"] = "sent"
    """Whether scales are those of the update and sent, or those of the last estimate."""
    coder: Literal["entropy", "packed"] = "entropy"
    """Whether an entropy coder shortens what is sent."""
    unbiased: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if self.scale != "none" and (self.format, self.scale) not in SCALES:
            raise ValueError("low_precision.scale: expected best or none for fp8, received polynomial; it is for fp4")

    @property
    def remembers(self) -> bool:
        return self.scale != "none" and self.fit == "past"

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        form, (units, side) = FORMATS[self.format], self._units(update, known.filled(update.shape[-1]))
        symbol, room = form.encode(tf.math.divide_no_nan(update, units)), tf.cast(bits, tf.float64) - side
        chosen, payload = self._chosen(tf.abs(update), symbol, room)
        decoded = tf.where(chosen, form.decode(symbol) * units, 0.0)
        return decoded, tf.cast(tf.where(payload > 0, side + payload, 0.0), update.dtype)

    def _chosen(self, size: tf.Tensor, symbol: tf.Tensor, room: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Which of so large entries [d] are sent, bool [d], and the bits of their symbols and positions."""
        form, order = FORMATS[self.format], subsets.order(size)
        if self.coder == "entropy":
            return largest_that_fit(order, symbol, form.symbols, room)
        count, each = size.shape[-1], float(form.value_bits)
        kept = most_that_fit(count, room, each, count)
        bits = position_bits(count, kept) + each * tf.cast(kept, tf.float64)
        return subsets.largest(order, kept), tf.where(tf.reduce_any(symbol > 0), bits, 0.0)

    def _units(self, update: tf.Tensor, known: Known) -> tuple[tf.Tensor, tf.Tensor]:
        """1/s at every entry [d], and the bits that say so."""
        if self.scale == "none":
            return tf.ones_like(update), tf.zeros([], tf.float64)
        rule = SCALES[self.format, self.scale]
        own = units(parts(update, known.layers), rule)  # [L]
        told = tf.ones_like(own, tf.bool)
        if self.fit == "past" and known.past is not None:
            before = units(parts(known.past.estimate, known.layers), rule)
            told = before == 0
            own = tf.where(told, own, before)
        return spread(own, known.layers), UNIT_BITS * tf.reduce_sum(tf.cast(told, tf.float64))
