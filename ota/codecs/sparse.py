"""A-DSGD (compressed sensing): the largest entries of what is owed, in random sums, recovered as a sparse vector."""

from typing import Annotated, ClassVar, Literal, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from .. import subsets
from ..layers import Layers, size_of
from ..projections import MEMORY, Projection, dense, draw, gaussian, of_dense, of_matrix
from ..recovery import Recovery
from ..recovery.amp import Amp
from . import Past, SharedCode, Sum, pack, unpack


class Shared(NamedTuple):
    """A, as it is kept, and 1 in rounds in which the mean goes apart, else 0."""

    matrix: SharedCode  # of rows of a Hadamard matrix; or [m, d]; or a key and [m] where that would be too large
    centred: tf.Tensor


@dataclass(frozen=True)
class Sparse(Sum):
    """Largest entries, random sums, and a recovery.

        y = A sum_k w_k top_k(u_k + r_k) + noise,   r_k <- u_k + r_k - top_k(u_k + r_k).

    A device keeps the k largest entries of z = u + r in magnitude, owes the rest, and sends A z_k, m random sums, two
    to a symbol. Those of all devices add up to A (sum_k w_k z_k), from which the receiver recovers a vector that is
    sparse as far as devices agree on where the large entries are. k = ``kept`` m. For the first ``centred`` rounds the
    mean of A z_k is taken off and sent by itself, on the last real number on the air, which is kept for it; that saves
    a share 1/m of the energy on average, and every sum then has the noise of its own and that of the mean. Amiri,
    Gunduz, "Machine learning at the wireless edge: distributed stochastic gradient descent over-the-air", IEEE Trans.
    Signal Processing, 2020; over fading it is the CA-DSGD of the same authors' "Federated learning over wireless fading
    channels", IEEE Trans. Wireless Communications, 2020.

    A has rows of a Hadamard matrix with random signs, whose products take d log d operations, or entries N(0, 1/m) as
    in the papers; of one that is large a tile is held at a time. Every round has an A of its own.

    >>> import tensorflow as tf
    >>> from overair.ota import Sparse
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers = Sparse(kept=0.25, centred=0), ((64, 4),)  # d = 256, m = 128
    >>> code = codec.code(layers, 64, keys.key(0), Past.none(layers))
    >>> sent = codec.select(keys.normal(keys.key(1), [20, 256]), layers, code)  # of 20 devices
    >>> codec.encode(sent, layers, code).shape, int(tf.math.count_nonzero(sent[0]))
    (TensorShape([20, 64]), 32)
    """

    kept: Annotated[float, Gt(0), Le(1)] = 0.5
    """Entries kept for each random sum, k/m."""
    projection: Literal["hadamard", "gaussian"] = "hadamard"
    """The random matrix."""
    recovery: Recovery = Amp()
    """How the receiver finds the sparse vector."""
    centred: Annotated[int, Ge(0), Le(10**9)] = 20
    """Rounds in which means are sent apart."""
    linear: ClassVar[bool] = True
    feedback: ClassVar[float | None] = 1.0

    def elements(self, layers: Layers, granted: int) -> int:
        return max(1, min(granted, size_of(layers) // 2 + 1))

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> Shared:
        size = size_of(layers)
        rows = min(2 * elements - 1, size)
        matrix: SharedCode = key, tf.range(rows)
        if self.projection == "hadamard":
            matrix = draw(key, rows, size, 1 << (size - 1).bit_length())
        elif 4 * rows * size <= MEMORY:
            matrix = dense(key, rows, size)
        return Shared(matrix, tf.cast(past.rounds < self.centred, tf.float32))

    def select(self, wanted: tf.Tensor, layers: Layers, code: Shared) -> tf.Tensor:
        count = max(1, round(self.kept * self._projection(layers, code).rows))
        order = subsets.order(tf.abs(wanted))  # [C, d]
        chosen = tf.map_fn(
            lambda one: subsets.largest(one, tf.constant(count)),
            order,
            fn_output_signature=tf.TensorSpec([size_of(layers)], tf.bool),
        )
        return tf.where(chosen, wanted, 0.0)

    def encode(self, sent: tf.Tensor, layers: Layers, code: Shared) -> tf.Tensor:
        projected = self._projection(layers, code).forward(sent)  # [C, m]
        mean = code.centred * tf.reduce_mean(projected, axis=1, keepdims=True)
        filling = tf.zeros_like(projected[:, : 1 - projected.shape[1] % 2])
        return pack(tf.concat([projected - mean, filling, mean], axis=1))

    def decode(self, symbols: tf.Tensor, layers: Layers, code: Shared, noise: tf.Tensor) -> tf.Tensor:
        projection = self._projection(layers, code)
        heard = unpack(symbols, 2 * symbols.shape[-1])
        sums = heard[: projection.rows] + code.centred * heard[-1]
        return self.recovery.recover(sums, projection, noise * (1.0 + code.centred), layers)

    def delivered(self, sent: tf.Tensor, layers: Layers, code: Shared, share: tf.Tensor) -> tf.Tensor:
        return sent * tf.minimum(tf.reduce_mean(share, axis=1, keepdims=True), 1.0)

    def _projection(self, layers: Layers, code: Shared) -> Projection:
        size = size_of(layers)
        if self.projection == "hadamard":
            return of_matrix(code.matrix, size)
        if isinstance(code.matrix, tuple):
            key, rows = code.matrix
            return gaussian(key, rows.shape[0], size, MEMORY)
        return of_dense(code.matrix)
