"""5G LDPC codes whose size and length are tensors: a ladder of mother codes, shortened and cut as 5G does.

A code of k bits in a mother code for up to K sends zeros in places k .. K-1, which the receiver knows, and leaves
them out. Of what is left, the first n bits are sent, from the first again where there are fewer: redundancy version 0
of 3GPP TS 38.212, section 5.4.2. For n <= 5 K and a k whose lifting 5G would choose too, this is Sionna's encoder for
(k, n). Base graph 1 serves rates above 2/3 of more than 292 bits, base graph 2 the others, as section 7.2.2 has it up
to 3824 bits. Of 5G's 51 liftings the ladder has thirteen for base graph 2 and six for base graph 1; a k between two of
them is shortened further.

Sionna's encoder and decoder are made for one code. Here a code is picked by its place on the ladder while the graph
runs: only its tables are switched, and one encoder and one decoder, which take any, are traced once. A branch for each
code took 20 s to compile instead of 6.
"""

import copy
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder, LDPCBPDecoder

LEAST, MOST = 40, 3840  # bits of a code word, check bits included
SMALL, HIGH = 292, 2 / 3  # base graph 1 serves more bits than these, at higher rates
LIFTINGS_1 = (16, 24, 40, 64, 104, 176)
LIFTINGS_2 = (8, 12, 16, 24, 32, 36, 48, 64, 72, 104, 160, 240, 384)
CERTAIN = 20.0  # the log-likelihood ratio of what is known, as large as the decoder takes them


class Code(NamedTuple):
    """A mother code: its sizes, and its tables as Sionna holds them. Bits are numbered as in the base graph."""

    most: tf.Tensor  # information bits
    room: tf.Tensor  # information bits of the base graph; those past the most are zero and not sent
    punctured: tf.Tensor  # of the information bits, these first ones are never sent
    last: tf.Tensor  # bits past this one are never sent
    size: tf.Tensor  # bits that the decoder has
    encoder: tuple[tf.Tensor, ...]  # which bits add to which parity bits, four tables
    bits: tf.Tensor  # the bit at each edge, [E]
    checks: tuple[tf.Tensor, ...]  # the edges of each check: values, row splits
    edges: tuple[tf.Tensor, ...]  # the edges of each bit, as numbered by check: values, row splits


def choose(size: tf.Tensor, length: tf.Tensor) -> Code:
    """The code for so many information bits and bits sent."""
    high = (size > SMALL) & (tf.cast(size, tf.float32) > HIGH * tf.cast(length, tf.float32))
    one, two = (
        tf.reduce_sum(tf.cast(size > tf.constant([_most(graph, z) for z in liftings]), tf.int32))
        for graph, liftings in ((1, LIFTINGS_1), (2, LIFTINGS_2))
    )
    place = tf.where(high, len(LIFTINGS_2) + one, two)
    picked = tf.switch_case(place, [lambda code=code: _same(code) for code in _ladder()])
    return tf.nest.pack_sequence_as(_ladder()[0], picked)


def encode(code: Code, info: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """The bits sent, [n], for information bits [k]."""
    encoder = copy.copy(_blocks()[0])
    encoder._pcm_a_ind, encoder._pcm_b_inv_ind, encoder._pcm_c1_ind, encoder._pcm_c2_ind = code.encoder
    filled = tf.pad(info, [[0, code.room - tf.size(info)]])
    return tf.gather(encoder._encode_fast(filled[None])[0, :, 0], _places(code, tf.size(info), length))


def decode(code: Code, llr: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """The information bits, [k], from log-likelihood ratios ln P(1)/P(0) of the bits sent, [n]."""
    heard = tf.math.unsorted_segment_sum(llr, _places(code, size, tf.size(llr)), code.size)
    at = tf.range(code.size)
    heard = tf.where((at >= size) & (at < code.room), -CERTAIN, heard)
    decoder = copy.copy(_blocks()[1])
    decoder._num_vns, decoder._vn_idx = code.size, code.bits
    decoder._v2c_perm, decoder._c2v_perm = (
        tf.RaggedTensor.from_row_splits(*table, validate=False) for table in (code.checks, code.edges)
    )
    return LDPCBPDecoder.call(decoder, heard[:, None])[:size, 0]


def _places(code: Code, size: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Which bits are sent in turn, [n]."""
    filler = code.room - size
    turn = code.punctured + tf.range(length) % (code.last - code.punctured - filler)
    return turn + tf.where(turn >= size, filler, 0)


@cache
def _ladder() -> tuple[Code, ...]:
    """The mother codes: of base graph 2, then of base graph 1, each from the smallest."""
    with tf.init_scope():  # built here, in no graph
        return *(_code(2, z) for z in LIFTINGS_2), *(_code(1, z) for z in LIFTINGS_1)


def _code(graph: int, lifting: int) -> Code:
    most = _most(graph, lifting)
    length = most * 3 // 2 if graph == 1 else 5 * most
    encoder = LDPC5GEncoder(most, length, bg=f"bg{graph}")
    last = length + 2 * lifting + encoder.k_ldpc - most
    decoder = LDPC5GDecoder(encoder, prune_pcm=last < encoder.n_ldpc)  # where nothing is cut, pruning leaves nothing
    tables = encoder._pcm_a_ind, encoder._pcm_b_inv_ind, encoder._pcm_c1_ind, encoder._pcm_c2_ind
    checks, edges = ((table.values, table.row_splits) for table in (decoder._v2c_perm, decoder._c2v_perm))
    return Code(
        tf.constant(most),
        tf.constant(encoder.k_ldpc),
        tf.constant(2 * lifting),
        tf.constant(last),
        tf.constant(decoder.num_vns),
        tables,
        tf.constant(decoder._vn_idx),
        checks,
        edges,
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
        return LDPC5GEncoder(LEAST, 2 * LEAST), LDPCBPDecoder(np.ones([1, 2]), llr_max=CERTAIN)


def _same(code: Code) -> list[tf.Tensor]:
    return [tf.identity(tensor) for tensor in tf.nest.flatten(code)]
