"""Packets of one size, sent many at once: random bits, Sionna's 5G LDPC code and QAM, belief propagation, sent again.

A code is built once for its size, outside of any graph. What is heard of a packet's transmissions, each as the symbol
plus noise of a known power, is averaged with weights of one over that power: the best there is for equal symbols.
"""

from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import Demapper, Mapper

from ...phy import keys
from ...phy.keys import Key

ITERATIONS = 20
FAINT = 1e20  # a noise power at which nothing is heard
GROUP = 2**21  # coded bits decoded at once


class Batch:
    """The packets of devices that share a mode: what was sent, what was heard, and which have failed so far."""

    def __init__(
        self, order: int, size: int, symbols: int, packets: int, rows: np.ndarray, key: Key, interleaved: bool = True
    ) -> None:
        self.rows, self._symbols, self._order = rows, symbols, order
        encode, self._decode = _blocks(order, size, symbols, interleaved)
        count = len(rows) * packets
        self._bits = tf.cast(keys.uniform(key, [count, size]) < 0.5, tf.float32)
        self._sent = encode(self._bits).numpy().reshape(len(rows), packets * symbols)
        self._sum = np.zeros([count, symbols], np.complex64)
        self._weight = np.zeros([count, symbols], np.float32)
        self.pending = np.ones([len(rows), packets], bool)

    def place(self, x: np.ndarray) -> None:
        """Put the symbols where they are sent, [B, N]."""
        x[self.rows, : self._sent.shape[1]] = self._sent

    def silence(self, x: np.ndarray) -> None:
        """Take those of packets that arrived away."""
        x[self.rows, : self._sent.shape[1]] = self._sent * np.repeat(self.pending, self._symbols, axis=1)

    def count(self, uses: np.ndarray) -> None:
        """Add the elements on which failed packets are sent again."""
        uses[self.rows] += self._symbols * self.pending.sum(axis=1)

    def hear(self, heard: np.ndarray, power: np.ndarray) -> None:
        """Add what was heard [B, N], with noise of this power, and try again to decode what has failed so far."""
        used = self._sent.shape[1]
        at = np.flatnonzero(self.pending)
        trust = (1.0 / np.minimum(power[self.rows, :used], FAINT)).reshape(-1, self._symbols)[at].astype(np.float32)
        self._sum[at] += trust * heard[self.rows, :used].reshape(-1, self._symbols)[at]
        self._weight[at] += trust
        whole = self.pending.reshape(-1)  # a view
        step = max(1, GROUP // (self._symbols * self._order))
        for some in np.split(at, range(step, len(at), step)):
            weight = self._weight[some]
            told = self._decode(self._sum[some] / weight, 1.0 / weight)
            whole[some] = np.any(told.numpy() != self._bits.numpy()[some], axis=1)


@cache
def _blocks(order: int, size: int, symbols: int, interleaved: bool) -> tuple[Any, Any]:
    """From information bits to symbols, and from what is heard and the power of its noise to information bits."""
    with tf.init_scope():
        encoder = LDPC5GEncoder(size, symbols * order, num_bits_per_symbol=order if interleaved else None)
        decoder = LDPC5GDecoder(encoder, num_iter=ITERATIONS)
        mapper, demapper = Mapper("qam", order), Demapper("app", "qam", order)
        encoder(tf.zeros([1, size]))

    def decode(heard: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
        return decoder(demapper(heard, power))

    heard = [tf.TensorSpec([None, symbols], dtype) for dtype in (tf.complex64, tf.float32)]
    return lambda bits: mapper(encoder(bits)), tf.function(decode, input_signature=heard, autograph=False)
