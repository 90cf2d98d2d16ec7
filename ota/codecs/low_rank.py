"""Low-rank aggregation: of every weight matrix M only its product with a few shared directions is sent."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers, size_of
from ..power_iteration import Directions, directions, lengthened, numbers, parts, shortened
from . import LinearSum, Past, pack, unpack


@dataclass(frozen=True)
class LowRank(LinearSum):
    """Products of matrices with a few directions.

        M_hat = M Q Q' in one round, P P' M in the next,

    with Q [m, r] and P [n, r] orthonormal, r the ``rank``.

    Devices send M Q, and the server reads sum_k w_k M_k Q Q'; in the next round P'M, and it reads P P' sum_k w_k M_k.
    The directions come from the last estimate, which everybody has (``ota/power_iteration.py``). What is left out is
    owed. Vogels, Karimireddy, Jaggi, "PowerSGD", NeurIPS 2019.

    >>> from overair.ota import LowRank
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers = LowRank(rank=1), ((16, 4), (4,))  # a matrix, and a vector that goes whole
    >>> elements = codec.elements(layers, 100)
    >>> code = codec.code(layers, elements, keys.key(0), Past.none(layers))
    >>> symbols = codec.encode(keys.normal(keys.key(1), [20, 68]), layers, code)  # of 20 devices
    >>> elements, symbols.shape, codec.decode(symbols[0], layers, code, 0.0).shape
    (10, TensorShape([20, 10]), TensorShape([68]))
    """

    rank: Annotated[int, Gt(0), Le(10**6)] = 2
    """Of what is kept of a weight matrix."""
    feedback: ClassVar[float | None] = 1.0
    remembers: ClassVar[bool] = True
    over_rounds: ClassVar[bool] = True  # directions settle over rounds, so that a single one misses its target

    def elements(self, layers: Layers, granted: int) -> int:
        return -(-max(self._reals(layers, odd) for odd in (False, True)) // 2)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> Directions:
        return directions(layers, self.rank, past, key)

    def encode(self, sent: tf.Tensor, layers: Layers, code: Directions) -> tf.Tensor:
        reals = 2 * self.elements(layers, 0)

        def values(odd: bool) -> tf.Tensor:
            together = tf.concat(shortened(sent, layers, self.rank, code, odd), 1)
            return tf.ensure_shape(tf.pad(together, [[0, 0], [0, reals - together.shape[1]]]), [None, reals])

        return pack(tf.cond(code.odd, lambda: values(True), lambda: values(False)))

    def decode(self, symbols: tf.Tensor, layers: Layers, code: Directions, noise: tf.Tensor) -> tf.Tensor:
        heard = unpack(symbols, 2 * symbols.shape[-1])  # [..., reals]
        flat = tf.reshape(heard, [-1, heard.shape[-1]])

        def whole(odd: bool) -> tf.Tensor:
            return lengthened(flat, layers, self.rank, code, odd)

        made = tf.cond(code.odd, lambda: whole(True), lambda: whole(False))
        made = tf.reshape(made, tf.concat([tf.shape(symbols)[:-1], [size_of(layers)]], 0))
        return tf.ensure_shape(made, symbols.shape[:-1] + [size_of(layers)])

    def _reals(self, layers: Layers, odd: bool) -> int:
        every = zip(parts(layers, self.rank), layers, strict=True)
        return sum(numbers(part, layer, self.rank, odd) for part, layer in every)
