"""LDPC: the packet is really sent: CRC, 5G LDPC code, QAM, the device's own elements, belief propagation, CRC check.
"""

from functools import cache
from typing import Annotated, Any, NamedTuple

import tensorflow as tf
from annotated_types import Gt, Lt
from pydantic.dataclasses import dataclass
from sionna.phy.fec.crc import CRCDecoder, CRCEncoder

from ...phy import keys
from ...phy.keys import Key
from ...phy.strict import STRICT
from . import Share, _codes, _qam

CRC = 16  # bits of each code word's check
HIGHEST = 0.92  # code rate
GAP_DB = 0.5  # between the code and the normal approximation


class Plan(NamedTuple):
    """What devices send: the place of their modulation in ORDERS, code words, bits of each, and its symbols."""

    order: tf.Tensor  # [C]
    words: tf.Tensor  # [C]
    size: tf.Tensor  # [C]; 0 where nothing fits
    symbols: tf.Tensor  # [C]


@dataclass(frozen=True, config=STRICT)
class Ldpc:
    """The share of packets that may be lost at the first transmission where belief is right."""

    target: Annotated[float, Gt(0), Lt(1)] = 0.1

    def bits(self, share: Share) -> tf.Tensor:
        plan = self._plan(share)
        return tf.cast(plan.words * tf.maximum(plan.size - CRC, 0), tf.float32)

    def arrives(self, share: Share, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
        plan = self._plan(share)
        doubt = tf.reduce_sum(share.mine * share.unknown, axis=1) / tf.maximum(tf.reduce_sum(share.mine, axis=1), 1.0)
        gain = tf.broadcast_to(share.gain, tf.shape(share.mine))
        sends = (bits > 0) & (plan.size > 0)

        def one(item: tuple[tf.Tensor, ...]) -> tf.Tensor:
            device, sends, mine, gain, strength, doubt, *rest = item
            own = tf.where(mine > 0)[:, 0]
            return tf.cond(
                sends,
                lambda: _packet(
                    Plan(*rest), tf.gather(gain, own), tf.gather(strength, own), doubt, keys.fold(key, device)
                ),
                lambda: tf.constant(False),
            )

        items = (devices, sends, share.mine, gain, share.strength, doubt, *plan)
        return tf.map_fn(one, items, fn_output_signature=tf.bool, parallel_iterations=1)

    def _plan(self, share: Share) -> Plan:
        own = tf.reduce_sum(share.mine, axis=1)  # [C]
        plans = []
        for place, order in enumerate(_qam.ORDERS):
            mean, variance = (
                tf.reduce_sum(share.mine * each, axis=1)
                for each in _qam.carried(order, share.believed * 10 ** (-GAP_DB / 10))
            )
            words = tf.maximum(tf.math.ceil(mean / _codes.MOST), 1.0)
            symbols = tf.floor(own / words)
            room = mean / words + tf.sqrt(variance / words) * tf.math.ndtri(self.target / words)
            size = tf.floor(tf.minimum(room, HIGHEST * order * symbols))
            size = tf.where(size < _codes.LEAST, 0.0, size)
            plans.append(tf.stack([tf.fill(tf.shape(own), float(place)), words, size, symbols]))
        every = tf.stack(plans)  # [M, 4, C]
        best = tf.argmax(every[:, 1] * (every[:, 2] - CRC), axis=0)  # [C]
        chosen = tf.gather(tf.transpose(every, [2, 0, 1]), best, batch_dims=1)  # [C, 4]
        return Plan(*tf.unstack(tf.cast(chosen, tf.int32), axis=1))


@tf.function(autograph=False, reduce_retracing=True)
def _packet(plan: Plan, gain: tf.Tensor, strength: tf.Tensor, doubt: tf.Tensor, key: Key) -> tf.Tensor:
    """Whether all code words pass their check."""
    def word(number: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        at = number + plan.words * tf.range(plan.symbols)
        scale = tf.maximum(tf.gather(strength, at), 1e-20)
        fresh = keys.fold(key, number)
        noise = keys.complex_normal(keys.fold(fresh, "noise"), [plan.symbols]) / tf.cast(tf.sqrt(scale), tf.complex64)
        payload = tf.cast(keys.uniform(keys.fold(fresh, "payload"), [plan.size - CRC]) < 0.5, tf.float32)
        bits = tf.gather(tf.constant(_qam.ORDERS), plan.order) * plan.symbols
        code = _codes.choose(plan.size, bits)
        sent = _codes.encode(code, _checked(payload), bits)
        llr = _qam.through(plan.order, sent, tf.gather(gain, at), noise, (1.0 + doubt) / scale)
        return number + 1, _passes(_codes.decode(code, llr, plan.size))

    start = tf.constant(0), tf.constant(True)
    return tf.while_loop(lambda number, good: good & (number < plan.words), word, start, parallel_iterations=1)[1]


@cache
def _crc() -> tuple[Any, Any]:
    """Sionna's CRC encoder and decoder for the longest code word; zeros before a shorter one do not change its CRC."""
    with tf.init_scope():  # built here, in no graph
        encoder, decoder = CRCEncoder(f"CRC{CRC}"), CRCDecoder(CRCEncoder(f"CRC{CRC}"))
        decoder(encoder(tf.zeros([_codes.MOST - CRC])))
    return encoder, decoder


def _checked(payload: tf.Tensor) -> tf.Tensor:
    """The payload and its check bits, [k]."""
    room = _codes.MOST - CRC
    padded = tf.pad(payload, [[room - tf.size(payload), 0]])
    return tf.concat([payload, _crc()[0](tf.ensure_shape(padded, [room]))[room:]], 0)


def _passes(word: tf.Tensor) -> tf.Tensor:
    """Whether the check bits of a word [k] are those of its payload."""
    padded = tf.pad(word, [[_codes.MOST - tf.size(word), 0]])
    return _crc()[1](tf.ensure_shape(padded, [_codes.MOST]))[1][0]
