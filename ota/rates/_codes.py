"""5G LDPC codes whose size and length are tensors: a ladder of mother codes, shortened and cut as 5G does.

A code of k bits in a mother code for up to K sends zeros in places k .. K-1, which the receiver knows, and leaves
them out. Of what is left, the first n bits are sent, from the first again where there are fewer: redundancy version 0
of 3GPP TS 38.212, section 5.4.2. For n <= 5 K and a k whose lifting 5G would choose too, this is Sionna's encoder for
(k, n). Base graph 1 serves rates above 2/3 of more than 292 bits and what is too large for the other, base graph 2 the
rest, as section 7.2.2 has it up to 3824 bits. Of 5G's 51 liftings the ladder has thirteen for base graph 2 and seven
for base graph 1; a k between two of them is shortened further. ``own`` is the code of 5G itself for one k and n, of
any lifting, for those who send words of one size.

Sionna's encoder and decoder are made for one code. Here a code is picked by its place on the ladder while the graph
runs: only its tables are switched, and one encoder and one decoder, which take any, are traced once. A branch for each
code took 20 s to compile instead of 6. The decoder leaves out the zeros, and the checks on bits that were not sent:
they tell nothing.
"""

import copy
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder, LDPCBPDecoder

LEAST, MOST = 40, 3840  # bits of a code word of base graph 2, check bits included
LARGEST = 4224  # of base graph 1
SMALL, HIGH = 292, 2 / 3  # base graph 1 serves more bits than these, at higher rates
LIFTINGS_1 = (16, 24, 40, 64, 104, 176, 192)
LIFTINGS_2 = (8, 12, 16, 24, 32, 36, 48, 64, 72, 104, 160, 240, 384)


class LdpcCode(NamedTuple):
    """A mother code: its sizes, and its tables as Sionna holds them. Bits are numbered as in the base graph."""

    room: tf.Tensor  # information bits of the base graph; those past the code's own are zero and not sent
    punctured: tf.Tensor  # of the information bits, these first ones are never sent
    last: tf.Tensor  # bits past this one are never sent
    encoder: tuple[tf.Tensor, ...]  # which bits add to which parity bits, four tables
    bits: tf.Tensor  # the bit at each edge, edges in the order of bits, [E]
    checks: tf.Tensor  # the check at each edge, edges in the order of checks, [E]
    places: tf.Tensor  # where each edge in the order of bits is in the order of checks, [E]


def choose(size: tf.Tensor, length: tf.Tensor) -> LdpcCode:
    """The code for so many information bits and bits sent."""
    dense = tf.cast(size, tf.float32) > HIGH * tf.cast(length, tf.float32)
    high = (size > MOST) | ((size > SMALL) & dense)
    one, two = (
        tf.reduce_sum(tf.cast(size > tf.constant([_most(graph, z) for z in liftings]), tf.int32))
        for graph, liftings in ((1, LIFTINGS_1), (2, LIFTINGS_2))
    )
    place = tf.where(high, len(LIFTINGS_2) + one, two)
    picked = tf.switch_case(place, [lambda code=code: _same(code) for code in _ladder()])
    return tf.nest.pack_sequence_as(_ladder()[0], picked)


def encode(code: LdpcCode, info: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """The bits sent, [W, n], for information bits [W, k]."""
    encoder, size = copy.copy(_blocks()[0]), tf.shape(info)[1]
    encoder._pcm_a_ind, encoder._pcm_b_inv_ind, encoder._pcm_c1_ind, encoder._pcm_c2_ind = code.encoder
    filled = tf.pad(info, [[0, 0], [0, code.room - size]])
    return tf.gather(encoder._encode_fast(filled)[:, :, 0], _turn(code, size, length), axis=1)


def decode(code: LdpcCode, llr: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """The information bits, [W, k], from log-likelihood ratios ln P(1)/P(0) of the bits sent, [W, n]."""
    length = tf.shape(llr)[1]
    kept = tf.minimum(code.punctured + length + code.room - size, code.last)
    kept = tf.maximum(kept, code.room + 2 * code.punctured)  # the core, whose parity bits are in several checks
    heard = tf.math.unsorted_segment_sum(tf.transpose(llr), _turn(code, size, length), kept)  # [N, W]
    flat = tf.reshape(tf.transpose(heard), [-1, 1])  # the decoder must know its last size
    return tf.reshape(LDPCBPDecoder.call(_decoder(code, size, kept), flat), [-1, kept])[:, :size]


def _decoder(code: LdpcCode, size: tf.Tensor, kept: tf.Tensor) -> LDPCBPDecoder:
    """Sionna's decoder for the first bits of a code, for as many checks as end within them, without known zeros."""
    known = (code.bits >= size) & (code.bits < code.room)
    needed = (tf.gather(code.checks, code.places) < kept - code.room) & ~known  # [E]
    there = tf.gather(needed, tf.math.invert_permutation(code.places))  # [E]
    checks, bits = tf.boolean_mask(code.checks, there), tf.boolean_mask(code.bits, needed)  # [E'] each
    places = tf.gather(tf.cumsum(tf.cast(there, tf.int32), exclusive=True), tf.boolean_mask(code.places, needed))
    decoder = copy.copy(_blocks()[1])
    decoder._num_vns, decoder._vn_idx = kept, bits
    to_checks = tf.math.invert_permutation(places)
    decoder._v2c_perm = tf.RaggedTensor.from_value_rowids(to_checks, checks, kept - code.room, validate=False)
    decoder._c2v_perm = tf.RaggedTensor.from_value_rowids(places, bits, kept, validate=False)
    return decoder


def _turn(code: LdpcCode, size: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Which bits are sent in turn, [n]."""
    filler = code.room - size
    turn = code.punctured + tf.range(length) % (code.last - code.punctured - filler)
    return turn + tf.where(turn >= size, filler, 0)


@cache
def _ladder() -> tuple[LdpcCode, ...]:
    """The mother codes: of base graph 2, then of base graph 1, each from the smallest."""
    with tf.init_scope():  # built here, in no graph
        return *(_code(2, z) for z in LIFTINGS_2), *(_code(1, z) for z in LIFTINGS_1)


def own(size: int, length: int) -> LdpcCode:
    """5G's own mother code for sizes that do not change, whose lifting may lie between those of the ladder."""
    with tf.init_scope():
        encoder = LDPC5GEncoder(size, length)
        return _tables(encoder, encoder.n_ldpc)


def _code(graph: int, lifting: int) -> LdpcCode:
    most = _most(graph, lifting)
    length = most * 3 // 2 if graph == 1 else 5 * most
    encoder = LDPC5GEncoder(most, length, bg=f"bg{graph}")
    return _tables(encoder, length + 2 * lifting + encoder.k_ldpc - most)


def _tables(encoder: LDPC5GEncoder, last: int) -> LdpcCode:
    decoder = LDPC5GDecoder(encoder, prune_pcm=last < encoder.n_ldpc)  # where nothing is cut, pruning leaves nothing
    tables = encoder._pcm_a_ind, encoder._pcm_b_inv_ind, encoder._pcm_c1_ind, encoder._pcm_c2_ind
    return LdpcCode(
        tf.constant(encoder.k_ldpc),
        tf.constant(2 * encoder.z),
        tf.constant(last),
        tables,
        *(
            tf.cast(edges, tf.int32)
            for edges in (decoder._vn_idx, decoder._v2c_perm.value_rowids(), decoder._c2v_perm.values)
        ),
    )


def _most(graph: int, lifting: int) -> int:
    """Information bits for which 5G would choose this lifting; 3GPP TS 38.212, section 5.2.2."""
    if graph == 1:
        return 22 * lifting
    columns = 6 if lifting <= 32 else 8 if lifting <= 70 else 10
    return columns * lifting


@cache
def _blocks() -> tuple[Any, Any]:
    """An encoder and a decoder whose tables are replaced."""
    with tf.init_scope():
        return LDPC5GEncoder(LEAST, 2 * LEAST), LDPCBPDecoder(np.ones([1, 2]))


def _same(code: LdpcCode) -> list[tf.Tensor]:
    return [tf.identity(tensor) for tensor in tf.nest.flatten(code)]
