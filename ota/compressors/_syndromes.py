"""Syndromes of LDPC codes: m sums of n bits, from which Sionna's belief propagation finds the bits it almost knows.

A ladder of codes of m = n k/64 checks, k = 1 to 62; beside them nothing is sent (0), or the bits themselves (63). Of a
code's variables the first min(.9 m, .6 n) are in two checks each, a chain without cycles, a share of min(.16, (1.1 -
m/n)/4) is in twelve and the others in three; all checks are about equally large. That is what linear programs for
extrinsic information give, within 3 % of entropy at m = n/2 and 10 % at m = n/10; regular codes lose 20 to 30 %. Sums
take checks from random orders of all, one after the other, so that none counts a variable twice.

The decoder looks for bits of a coset: a check whose sum is 1 turns the signs of all that it tells (Liveris, Xiong,
Georghiades, "Compression of binary sources with side information at the decoder using LDPC codes", 2002). It stops when
all sums are right. Richardson, Shokrollahi, Urbanke, "Design of capacity-approaching irregular LDPC codes", 2001.
"""

import copy
from functools import cache
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPCBPDecoder

from ._planes import Believed, Law, ratio

RUNGS, RAW = 64, 63  # rungs of the ladder, and that on which bits are sent as they are
FEWEST = 32  # checks of a code
EFFICIENCY, LOSS = 0.95, 4.5  # m checks find .95 m - 4.5 n^(1/3) bits of information half of the time; measured
FLAT, SLOPE = 0.31, 0.5  # and .31 n + .5 m where m is almost n
CERTAIN = 0.05  # bits of information that need no check
STRIDE, STRIDES = 4, 25  # iterations between looks at the sums, and how often at most
MOST = 20.0  # log-likelihood ratio, as Sionna has it


class Codes(NamedTuple):
    """All codes for words of n bits."""

    checks: tf.Tensor  # of all edges of all codes, each in the order of its variables, uint16
    starts: tf.Tensor  # of each code among them, [65]
    twos: tf.Tensor  # variables in two checks, [64]
    twelves: tf.Tensor  # variables in twelve, the last ones, [64]


def sizes(n: int) -> np.ndarray:
    """Bits sent on each rung, [64]."""
    return np.array([round(n * rung / RUNGS) for rung in range(RAW)] + [n])


def carried(n: int) -> np.ndarray:
    """Bits of information that may be found on each rung, [64]; less than nothing where there is no such code."""
    found = np.minimum(EFFICIENCY * sizes(n) - LOSS * n ** (1 / 3), FLAT * n + SLOPE * sizes(n))
    found[sizes(n) < FEWEST] = -1.0
    found[0], found[RAW] = CERTAIN, np.inf
    return found


def syndrome(bits: tf.Tensor, rung: tf.Tensor) -> tf.Tensor:
    """What is sent of bits [n] on a rung, as many as ``sizes`` says and then zeros, int32 [n]."""
    variables, checks = _edges(bits.shape[0], rung)
    return tf.where(rung == RAW, bits, _sums(bits, variables, checks))


def index(law: Law, levels: int, believed: Believed, words: tf.Tensor, rungs: tf.Tensor) -> tf.Tensor:
    """Indices [n] of a block, from -M to M, by the words [P, n] of its planes: each is found with those above it."""
    planes, n = words.shape

    def step(plane: tf.Tensor, low: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        half = tf.bitwise.left_shift(1, planes - 1 - plane)
        llr = ratio(law, levels, believed, low, half)
        return plane + 1, low + half * find(llr, words[plane], rungs[plane])

    start = tf.constant(0), tf.zeros([n], tf.int32)
    return tf.while_loop(lambda plane, _: plane < planes, step, start, parallel_iterations=1)[1] - levels


def find(llr: tf.Tensor, word: tf.Tensor, rung: tf.Tensor) -> tf.Tensor:
    """The bits [n] with this syndrome [n], from log-likelihood ratios ln P(1)/P(0); of what is not found a guess."""
    return tf.cond(rung == RAW, lambda: word, lambda: _search(llr, word, *_edges(llr.shape[0], rung)))


def _search(llr: tf.Tensor, word: tf.Tensor, variables: tf.Tensor, checks: tf.Tensor) -> tf.Tensor:
    n, llr = llr.shape[0], tf.clip_by_value(llr, -MOST, MOST)
    decoder = _decoder(n, word, variables, checks)

    def is_open(turn: tf.Tensor, bits: tf.Tensor, _: tf.Tensor) -> tf.Tensor:
        return (turn < STRIDES) & tf.reduce_any(_sums(bits, variables, checks) != word)

    def step(turn: tf.Tensor, _: tf.Tensor, messages: tf.Tensor) -> tuple[tf.Tensor, ...]:
        bits, messages = decoder.call(llr[None], num_iter=STRIDE, msg_v2c=messages)
        return turn + 1, tf.cast(bits[0], tf.int32), messages

    start = tf.constant(0), tf.cast(llr > 0, tf.int32), tf.gather(llr, variables)[:, None]
    shapes = tf.TensorShape([]), tf.TensorShape([n]), tf.TensorShape([None, 1])
    return tf.while_loop(is_open, step, start, shape_invariants=shapes, parallel_iterations=1)[1]


def _decoder(n: int, word: tf.Tensor, variables: tf.Tensor, checks: tf.Tensor) -> LDPCBPDecoder:
    """Sionna's decoder for one code and one coset of it."""
    decoder = copy.copy(_any())
    order = tf.argsort(checks, stable=True)
    back, sorted_checks = tf.math.invert_permutation(order), tf.gather(checks, order)
    signs = 1.0 - 2.0 * tf.cast(tf.gather(word, sorted_checks), tf.float32)[:, None]
    decoder._num_vns, decoder._vn_idx = n, variables
    decoder._v2c_perm = tf.RaggedTensor.from_value_rowids(order, sorted_checks, n, validate=False)
    decoder._c2v_perm = tf.RaggedTensor.from_value_rowids(back, variables, n, validate=False)
    decoder._c2v_callbacks = [lambda told, _: told.with_flat_values(told.flat_values * signs)]
    return decoder


def _sums(bits: tf.Tensor, variables: tf.Tensor, checks: tf.Tensor) -> tf.Tensor:
    return tf.math.unsorted_segment_sum(tf.gather(bits, variables), checks, bits.shape[0]) % 2


def _edges(n: int, rung: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The variable and the check of every edge of a code, [E] each."""
    codes, place = _codes(n), tf.range(n)
    checks = tf.cast(codes.checks[codes.starts[rung] : codes.starts[rung + 1]], tf.int32)
    degree = tf.where(place < codes.twos[rung], 2, tf.where(place >= n - codes.twelves[rung], 12, 3))
    return tf.repeat(place, tf.where(tf.size(checks) > 0, degree, 0)), checks


@cache
def _codes(n: int) -> Codes:
    rungs = np.where((sizes(n) >= FEWEST) & (np.arange(RUNGS) < RAW), sizes(n), 0)
    twos = np.minimum(0.9 * rungs, 0.6 * n).astype(np.int32)
    twelves = (np.minimum(0.16, (1.1 - rungs / n) / 4) * n).astype(np.int32)
    made = [_checks(n, *each) for each in zip(rungs, twos, twelves, strict=True)]
    starts = np.cumsum([0, *map(len, made)], dtype=np.int32)
    with tf.init_scope():  # in no graph
        return Codes(*(tf.constant(each) for each in (np.concatenate(made).astype(np.uint16), starts, twos, twelves)))


def _checks(n: int, m: int, twos: int, twelves: int) -> np.ndarray:
    """Of all edges of a code, in the order of its variables."""
    if m == 0:
        return np.zeros(0, np.int64)
    rng, edges = np.random.default_rng([n, m]), 3 * (n - twos - twelves) + 12 * twelves
    orders = rng.permuted(np.tile(np.arange(m), [-(-edges // m), 1]), axis=1)
    for before, after in zip(orders[:-1], orders[1:], strict=True):  # a variable may begin in one and end in the next
        taken = np.isin(after, before[-12:])
        (here,), (free,) = np.nonzero(taken[:12]), np.nonzero(~taken[12:])
        there = 12 + rng.choice(free, len(here), replace=False)
        after[here], after[there] = after[there], after[here]
    chain = np.stack([np.arange(twos), np.arange(1, twos + 1)], axis=1)
    return np.concatenate([chain.ravel(), orders.ravel()[:edges]])


@cache
def _any() -> LDPCBPDecoder:
    """A decoder whose tables are replaced."""
    with tf.init_scope():
        return LDPCBPDecoder(np.ones([1, 2]), return_state=True)
