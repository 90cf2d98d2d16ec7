"""5G LDPC codes whose size and length are tensors: a ladder of mother codes, shortened and cut as 5G does.

A code of k bits in a mother code for up to K sends zeros in places k .. K-1, which the receiver knows, and leaves
them out. Of what is left, the first n bits are sent, from the first again where there are fewer: redundancy version 0
of 3GPP TS 38.212, section 5.4.2. For n <= 5 K and a k whose lifting 5G would choose too, this is Sionna's encoder for
(k, n). Base graph 1 serves rates above 2/3 of more than 292 bits, base graph 2 the others, as section 7.2.2 has it up
to 3824 bits. Of 5G's 51 liftings the ladder has thirteen for base graph 2 and six for base graph 1; a k between two of
them is shortened further.
"""

import copy
from collections.abc import Callable
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


class Edges(NamedTuple):
    """The Tanner graph of a code as Sionna's decoder holds it."""

    bits: tf.Tensor  # the bit at each edge, [E]
    to_checks: tf.RaggedTensor  # the edges of each check
    to_bits: tf.RaggedTensor  # the edges of each bit, as numbered by check


class Code(NamedTuple):
    """A mother code."""

    most: int  # information bits
    room: int  # information bits of its graph; those past the most are zero and not sent
    punctured: int  # of the information bits, these first ones are never sent
    length: int  # bits that may be sent
    encoder: Callable[[tf.Tensor], tf.Tensor]  # [1, most] -> [1, length]
    size: int  # bits of its graph
    edges: Edges


@cache
def ladder() -> tuple[Code, ...]:
    """The mother codes: of base graph 2, then of base graph 1, each from the smallest."""
    with tf.init_scope():
        return *(_code(2, z) for z in LIFTINGS_2), *(_code(1, z) for z in LIFTINGS_1)


def choose(size: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """The place on the ladder of the code for so many information bits and bits sent."""
    one, two = ([_most(graph, z) for z in liftings] for graph, liftings in ((1, LIFTINGS_1), (2, LIFTINGS_2)))
    high = (size > SMALL) & (tf.cast(size, tf.float32) > HIGH * tf.cast(length, tf.float32))
    above = [tf.reduce_sum(tf.cast(size > tf.constant(most), tf.int32)) for most in (one, two)]
    return tf.where(high, len(two) + above[0], above[1])


def encode(place: tf.Tensor, info: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """The bits sent, [n], for information bits [k], by the code at a place of the ladder."""

    def by(code: Code) -> tf.Tensor:
        filled = tf.pad(info, [[0, code.most - tf.size(info)]])
        mother = code.encoder(tf.ensure_shape(filled, [code.most])[None])[0]
        return tf.gather(mother, _places(code, tf.size(info), length))

    return _switch(place, by)


def decode(place: tf.Tensor, llr: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """The information bits, [k], from log-likelihood ratios ln P(1)/P(0) of the bits sent, [n].

    Only the graph of a code is picked by its place on the ladder; Sionna's decoder, which takes any, is traced once.
    """
    codes = ladder()
    count, most, room, punctured, length = (
        tf.gather(tf.constant([code[field] for code in codes]), place)
        for field in map(Code._fields.index, ("size", "most", "room", "punctured", "length"))
    )
    turn = tf.range(tf.size(llr)) % (length - (most - size)) + punctured
    heard = tf.math.unsorted_segment_sum(llr, turn + tf.where(turn >= size, room - size, 0), count)
    at = tf.range(count)
    heard = tf.where((at >= size) & (at < room), -CERTAIN, heard)
    bits, *ragged = tf.switch_case(place, [lambda code=code: _flat(code.edges) for code in codes])  # type: ignore[misc]
    decoder = copy.copy(_decoder())
    decoder._num_vns, decoder._vn_idx = count, bits
    decoder._v2c_perm, decoder._c2v_perm = (
        tf.RaggedTensor.from_row_splits(*pair, validate=False) for pair in (ragged[:2], ragged[2:])
    )
    return LDPCBPDecoder.call(decoder, heard[:, None])[:size, 0]


@cache
def _decoder() -> Any:
    """Sionna's decoder of any graph, with a small one."""
    with tf.init_scope():
        return LDPCBPDecoder(np.ones([1, 2]), llr_max=CERTAIN)


def _flat(edges: Edges) -> list[tf.Tensor]:
    parts = [(ragged.values, ragged.row_splits) for ragged in (edges.to_checks, edges.to_bits)]
    return [tf.identity(tensor) for tensor in (edges.bits, *parts[0], *parts[1])]


def _code(graph: int, lifting: int) -> Code:
    most = _most(graph, lifting)
    length = most * 3 // 2 if graph == 1 else 5 * most
    encoder: Any = LDPC5GEncoder(most, length, bg=f"bg{graph}")
    if encoder.z != lifting:
        raise ValueError(f"lifting: expected {lifting} for {most} bits, received {encoder.z}")
    encoder(tf.zeros([1, most]))  # checks its input the first time, which belongs in no graph
    whole = length == 50 * lifting  # of which Sionna's pruning would leave nothing
    decoder = LDPC5GDecoder(encoder, prune_pcm=not whole)
    edges = Edges(tf.constant(decoder._vn_idx), decoder._v2c_perm, decoder._c2v_perm)
    return Code(most, encoder.k_ldpc, 2 * lifting, length, encoder, decoder.num_vns, edges)


def _most(graph: int, lifting: int) -> int:
    """Information bits for which 5G would choose this lifting; 3GPP TS 38.212, section 5.2.2."""
    if graph == 1:
        return 22 * lifting
    columns = 6 if lifting <= 32 else 8 if lifting <= 70 else 10
    return columns * lifting


def _places(code: Code, size: tf.Tensor, length: tf.Tensor) -> tf.Tensor:
    """Which bits of the mother code are sent in turn, [n]."""
    filler = code.most - size
    turn = tf.range(length) % (code.length - filler)
    return turn + tf.where(turn >= size - code.punctured, filler, 0)


def _switch(place: tf.Tensor, by: Callable[[Code], tf.Tensor]) -> tf.Tensor:
    return tf.switch_case(place, [lambda code=code: by(code) for code in ladder()])  # type: ignore[misc]
