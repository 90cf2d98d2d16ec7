"""Random linear coding (RLC): m random combinations of the d parameters, for all devices alike, fresh every round."""

import math
from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers, size_of
from ..projections import Matrix, adjoint, draw, forward
from . import LinearSum, Past, SharedCode, pack, unpack


@dataclass(frozen=True)
class RandomLinear(LinearSum):
    """Rows of a Hadamard matrix with random signs.

    m random combinations of the d parameters, two of them on a symbol, for all devices alike and fresh every round:

        y = A sum_k w_k z_k + noise,   A = H R / sqrt(m),   g_hat = A' y.

    R holds random signs, H is m rows of a Hadamard matrix drawn without repetition. The estimate is unbiased, E[A'A] =
    I. With rows of a size-d matrix and real noise of variance s2 an entry, E|g_hat - g|^2 = (d/m - 1)|g|^2 + d s2; with
    d of n columns, (d-1)(n-m)/(m(n-1))|g|^2 + d s2.

    Where d is no power of two, H is block diagonal with equal blocks, the largest that pad d by no more than an eighth;
    n is the padded length and the m rows are drawn from all n. The error is then exactly (n/m - 1)/(n - 1) (sum_b (n
    d_b/n_b) |g_b|^2 - |g|^2) over blocks b of n_b columns, d_b of them used: the second formula where all blocks are
    equally full, and at most an eighth above it.

    With error feedback of weight b a device decodes its own part and owes what the code left out, r <- (1 - b) r + z -
    A'(s A z); s is the share of the level at which each of its elements arrives, below 1 where its power is capped.
    Then the code need not be unbiased (eq. 5.11). r stays bounded for b < 2 m/d and is smallest near b = m/d (eq.
    4.17). Abdi, "Distributed learning and inference in deep models", 2020, ch. 5.

    >>> from overair.ota import RandomLinear
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers = RandomLinear(), ((15, 4), (4,))  # d = 64
    >>> code = codec.code(layers, 16, keys.key(0), Past.none(layers))
    >>> symbols = codec.encode(keys.normal(keys.key(1), [20, 64]), layers, code)  # of 20 devices
    >>> symbols.shape, codec.decode(symbols[0] + symbols[1], layers, code, 0.0).shape
    (TensorShape([20, 16]), TensorShape([64]))
    """

    compression: Annotated[float, Ge(1), Le(1e9)] | None = None
    """Parameters for each real number sent, d/m; whatever fills the grant unless given."""
    block: Annotated[int, Ge(1), Le(2**30)] | None = None
    """Columns of a block of the Hadamard matrix; chosen unless given."""

    def __post_init__(self) -> None:
        if self.block is not None and self.block & (self.block - 1):
            raise ValueError(f"random_linear.block: expected a power of two, received {self.block}")

    def elements(self, layers: Layers, granted: int) -> int:
        size = size_of(layers)
        if self.compression is not None:
            return -(-self._rows(size) // 2)
        return max(1, min(granted, -(-size // 2)))

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        size = size_of(layers)
        return draw(key, min(self._rows(size), 2 * elements), size, self.block)

    def encode(self, sent: tf.Tensor, layers: Layers, code: Matrix) -> tf.Tensor:
        return pack(forward(code, sent))  # [C, M]

    def decode(self, symbols: tf.Tensor, layers: Layers, code: Matrix, noise: tf.Tensor) -> tf.Tensor:
        return adjoint(code, unpack(symbols, code.rows.shape[0]), size_of(layers))

    def _rows(self, size: int) -> int:
        return max(1, math.ceil(size / (self.compression or 1.0)))
