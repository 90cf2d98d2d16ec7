"""Count-sketch over the air: cells add up, as every device adds its entries to the same cells with the same signs."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers, size_of
from ..sketches import Hashes, draw, read, sketch
from . import LinearSum, Past, SharedCode, pack, unpack


@dataclass(frozen=True)
class CountSketchSum(LinearSum):
    """Hashes and signs that all devices share, fresh every round.

        cell(r, c) = sum_i s_r(i) x_i / sqrt(R) over entries i with h_r(i) = c,
        x_hat_i = sum_r s_r(i) cell(r, h_r(i)) / sqrt(R) over R rows.

    An entry goes, with a random sign over sqrt(r), to one of w cells in each of r rows. The receiver's estimate is the
    mean over rows of cells times signs, times sqrt(r): over hashes that is unbiased, and with n = r w and real noise of
    variance s2 a cell its error is (d - 1)/n |g|^2 + d s2, whatever r is. Rows of a Hadamard matrix (``random_linear``)
    have d/n - 1 in place of (d - 1)/n, as their combinations are orthogonal. Charikar, Chen, Farach-Colton, "Finding
    frequent items in data streams", 2002.

    >>> from overair.ota import CountSketchSum
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers = CountSketchSum(rows=2), ((16, 4),)  # d = 64
    >>> code = codec.code(layers, 8, keys.key(0), Past.none(layers))
    >>> symbols = codec.encode(keys.normal(keys.key(1), [20, 64]), layers, code)  # of 20 devices
    >>> symbols.shape, codec.decode(symbols[0] + symbols[1], layers, code, 0.0).shape
    (TensorShape([20, 8]), TensorShape([64]))
    """

    rows: Annotated[int, Ge(1), Le(31)] = 1
    """Cells an entry is added to."""

    def elements(self, layers: Layers, granted: int) -> int:
        width = max(1, min(2 * granted, size_of(layers)) // self.rows)
        return -(-self.rows * width // 2)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        return draw(key, self.rows, 2 * elements // self.rows, size_of(layers))

    def encode(self, sent: tf.Tensor, layers: Layers, code: Hashes) -> tf.Tensor:
        cells = sketch(sent, code) / self.rows**0.5  # [C, r, w]
        return pack(tf.reshape(cells, [-1, self.rows * cells.shape[2]]))

    def decode(self, symbols: tf.Tensor, layers: Layers, code: Hashes, noise: tf.Tensor) -> tf.Tensor:
        heard = unpack(symbols, self.rows * code.width)
        estimates = read(tf.reshape(heard, [-1, self.rows, code.width]), code)  # [C, d] each
        mean = tf.add_n(estimates) / self.rows**0.5
        return tf.reshape(mean, tf.concat([tf.shape(symbols)[:-1], [size_of(layers)]], 0))
