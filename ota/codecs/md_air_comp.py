"""Massive digital over-the-air computation (MD-AirComp): all send codewords at once, and the receiver counts them."""

from typing import Annotated, ClassVar, NamedTuple

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers, size_of
from ..terms import MEMORY_BYTES
from . import Past, Sum, pack, unpack
from ._counts import binomial, counts_of

UNTOLD = 8  # devices that are counted before it is told how many there are


class Codebook(NamedTuple):
    """What devices and server know of a round."""

    directions: tf.Tensor  # of norm 1, [N, L]
    sequences: tf.Tensor  # B, [2 T, N]
    scale: tf.Tensor  # the norm of codewords
    unit: tf.Tensor  # amplitude of all devices
    law: tf.Tensor  # logarithms of the chances of counts, [K + 1]


class Nearest(NamedTuple):
    """Of each vector, the codeword that is nearest in direction."""

    index: tf.Tensor  # int32 [C, S]
    along: tf.Tensor  # how far the vector goes in its direction, [C, S]


@dataclass(frozen=True)
class MdAirComp(Sum):
    """A codebook of vectors, one of sequences, and a receiver that counts.

        y = B x + w,   estimate = sum_c x_c codeword_c,

    with the sequences B [T, N] and x_c how many devices have codeword c.

    An update is cut into vectors of ``vector`` entries. Devices take the nearest codeword of each, scale times one of N
    random directions or nothing at all, and send its sequence of T random QPSK symbols, all of them on the same
    elements and all equally strong; of nothing they send nothing. What arrives of a vector is B x + w, x_c the number
    of devices with codeword c, and the receiver finds the counts by message passing over whole numbers (``_counts``): N
    counts from 2 T real numbers. T is at least log2 N: with fewer symbols codewords share sequences, and are never told
    apart. Sum_c x_c times codeword c is then the sum of what was quantised, with no noise where counts are right. As
    counts have no weights, a device quantises its update times w_k over their mean: the sum of the codewords is that of
    the weighted updates, and a device with more data than others has longer vectors to quantise.

    Directions and sequences are drawn from the round's key, the same for all. The scale is this round's: every device
    reports the one that suits its update best, and the mean is told back; these float32 are among the free bits. The
    authors' codebook is drawn from the first device's update, which the others cannot know. A vector's direction is one
    in N, so most of it is owed. Where channels fade, rules that leave elements out, or phases that are off, break the
    counts: with full_inversion, or truncated_inversion and floor = 1, all arrive alike. Qiao, Gao, Mashhadi, Gunduz,
    "Massive digital over-the-air computation for communication-efficient federated edge learning", IEEE JSAC 2024.

    >>> from overair.ota import MdAirComp
    >>> codec, layers = MdAirComp(vector=4, codewords=16), ((8, 8),)  # 16 vectors of 4 entries
    >>> codec.elements(layers, 128)  # 16 vectors, of 8 symbols each
    128
    """

    vector: Annotated[int, Ge(1), Le(10**6)] = 20
    """Parameters that a codeword stands for."""
    codewords: Annotated[int, Ge(2), Le(2**24)] = 64
    """Codewords beside silence."""
    linear: ClassVar[bool] = False
    feedback: ClassVar[float | None] = 1.0

    def check(self, layers: Layers, devices: int) -> None:
        """Refuse what the receiver could not hold."""
        vectors = self._vectors(layers)
        most = MEMORY_BYTES
        fits = most // (4 * (devices + 1) * vectors)
        if self.codewords > fits:
            raise ValueError(
                f"uplink.codec.codewords: expected at most {fits} for {vectors} vectors "
                f"of {devices} devices, whose counts may take {most / 2**30:g} GiB, received {self.codewords}; "
                "take fewer, or longer vectors"
            )

    def elements(self, layers: Layers, granted: int) -> int:
        vectors = self._vectors(layers)
        return vectors * max(self._least, min(granted // vectors, self.codewords))

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> Codebook:
        length = 2 * (elements // self._vectors(layers))
        directions = keys.normal(keys.fold(key, "directions"), [self.codewords, self._length(layers)])
        sequences = keys.signs(keys.fold(key, "sequences"), [length, self.codewords]) / length**0.5
        law = binomial(tf.constant(UNTOLD), UNTOLD, self._chance)
        return Codebook(tf.math.l2_normalize(directions, axis=1), sequences, tf.ones([]), tf.ones([]), law)

    def ask(self, wanted: tf.Tensor, layers: Layers, code: Codebook) -> tf.Tensor:
        """The scale that suits each of updates [C, d] best, [C].

        Vectors that go a_1 >= a_2 >= .. along their directions err less by sum_i max(0, 2 a_i s - s^2) at a scale s:
        with n of them by (a_1 + .. + a_n)^2/n, at their mean.
        """
        along = tf.nn.relu(self._nearest(self._cut(wanted, layers), code).along)  # [C, S]
        sums = tf.cumsum(tf.sort(along, axis=1, direction="DESCENDING"), axis=1)
        n = tf.range(1, along.shape[1] + 1, dtype=along.dtype)
        return tf.gather(sums / n, tf.argmax(sums / tf.sqrt(n), axis=1), batch_dims=1)

    def told(self, code: Codebook, scales: tf.Tensor, weights: tf.Tensor) -> Codebook:
        """The codebook of a round, from the scales [K] of those that take part and the weights [K] of all."""
        there = tf.reduce_sum(tf.cast(weights > 0, tf.float32))
        law = binomial(there, weights.shape[0], self._chance)
        unit = tf.math.divide_no_nan(tf.reduce_sum(weights), there)
        return code._replace(scale=tf.math.divide_no_nan(tf.reduce_sum(scales), there), unit=unit, law=law)

    def select(self, wanted: tf.Tensor, layers: Layers, code: Codebook) -> tf.Tensor:
        vectors = self._cut(wanted, layers)  # [C, S, L]
        near = self._nearest(vectors, code)
        sends = (near.along > code.scale / 2.0)[..., None]
        codewords = tf.where(sends, code.scale * tf.gather(code.directions, near.index), 0.0) + 0.0 * vectors
        return tf.reshape(codewords, [-1, vectors.shape[1] * vectors.shape[2]])[:, : size_of(layers)]

    def encode(self, sent: tf.Tensor, layers: Layers, code: Codebook) -> tf.Tensor:
        vectors = self._cut(sent, layers)
        near = self._nearest(vectors, code)
        energy = tf.reduce_sum(vectors**2, axis=2, keepdims=True)  # [C, S, 1]
        sequences = tf.gather(code.sequences, near.index, axis=1)  # [2 T, C, S]
        values = tf.where(energy > 0, tf.transpose(sequences, [1, 2, 0]), 0.0 * energy)
        return pack(tf.reshape(values, [-1, vectors.shape[1] * code.sequences.shape[0]]))

    def decode(self, symbols: tf.Tensor, layers: Layers, code: Codebook, noise: tf.Tensor) -> tf.Tensor:
        heard = tf.reshape(unpack(symbols, 2 * symbols.shape[0]), [-1, code.sequences.shape[0]])  # [S, 2 T]
        unit = tf.math.divide_no_nan(1.0, code.unit)
        counts = counts_of(tf.transpose(heard) * unit, code.sequences, noise * unit**2, code.law)  # [N, S]
        counts = tf.where(tf.reduce_any(heard != 0, axis=1), counts, 0.0)  # where nothing at all arrives, nobody sent
        total = tf.matmul(counts, code.directions, transpose_a=True)  # [S, L]
        return code.unit * code.scale * tf.reshape(total, [-1])[: size_of(layers)]

    def delivered(self, sent: tf.Tensor, layers: Layers, code: Codebook, share: tf.Tensor) -> tf.Tensor:
        return sent * tf.minimum(tf.reduce_mean(share, axis=1, keepdims=True), 1.0)

    @property
    def _chance(self) -> tf.Tensor:
        """Of a codeword, before anything is heard."""
        return tf.constant(1.0 / (self.codewords + 1))

    @property
    def _least(self) -> int:
        """Symbols of a sequence: of 4^T sequences, the N (N - 1)/2 pairs of codewords share less than half a one."""
        return (self.codewords - 1).bit_length()

    def _length(self, layers: Layers) -> int:
        return min(self.vector, size_of(layers))

    def _vectors(self, layers: Layers) -> int:
        return -(-size_of(layers) // self._length(layers))

    def _cut(self, updates: tf.Tensor, layers: Layers) -> tf.Tensor:
        """Updates [C, d] as vectors [C, S, L], the last one filled with zeros."""
        vectors, length = self._vectors(layers), self._length(layers)
        return tf.reshape(tf.pad(updates, [[0, 0], [0, vectors * length - updates.shape[1]]]), [-1, vectors, length])

    def _nearest(self, vectors: tf.Tensor, code: Codebook) -> Nearest:
        """Of vectors [C, S, L], one device at a time."""

        def one(own: tf.Tensor) -> Nearest:
            along = tf.matmul(own, code.directions, transpose_b=True)  # [S, N]
            return Nearest(tf.argmax(along, axis=1, output_type=tf.int32), tf.reduce_max(along, axis=1))

        shape = vectors.shape[1:2]
        signature = Nearest(tf.TensorSpec(shape, tf.int32), tf.TensorSpec(shape, tf.float32))
        return tf.map_fn(one, vectors, fn_output_signature=signature)
