"""Packets through a link: random bits and their CRC, 5G LDPC code, QAM, link, demapper, belief propagation, CRC.

Words of one plan are sent and read together, in a graph and outside; all their sizes are tensors, so that one trace
serves every plan. A word sees the whole band: it has every B-th of the elements of a packet of B words. Its bits
and its noise depend on key, device and its number, and not on what goes beside it.

A packet that failed may be sent again. What is heard of its transmissions, each as the symbol plus noise of a known
power, is averaged with weights of one over that power, the best there is for equal symbols (Chase, "Code combining",
IEEE Trans. Communications 1985).
"""

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf
from sionna.phy.fec.crc import CRCDecoder, CRCEncoder

from ...phy import keys
from ...phy.keys import Key
from . import Delivery, Send, Share, _codes, _qam

CRC = 16  # bits of each word's check
FAINT = 1e-20  # an SNR that is as good as none
GROUP = 2**20  # coded bits sent and read at once


class Plan(NamedTuple):
    """What devices send: the place of their modulation in ORDERS, words, bits of each with its CRC, and its symbols."""

    order: tf.Tensor  # [C]
    words: tf.Tensor  # [C]
    size: tf.Tensor  # [C]; 0 where nothing fits
    symbols: tf.Tensor  # [C]


def passes(plan: Plan, share: Share, bits: tf.Tensor, devices: tf.Tensor, key: Key) -> tf.Tensor:
    """Whether all words of devices that send bits [C] are heard over what their share says of the link, bool [C]."""
    own = tf.reduce_sum(share.mine, axis=1)  # [C]
    doubt = tf.reduce_sum(share.mine * share.unknown, axis=1) / tf.maximum(own, 1.0)
    gain = tf.broadcast_to(share.gain, tf.shape(share.mine))
    senders = tf.where((bits > 0) & (plan.size > 0))[:, 0]
    kinds, which = tf.raw_ops.UniqueV2(x=tf.gather(tf.stack(plan, axis=1), senders), axis=[0])  # [M, 4], [S]

    def some(number: tf.Tensor, good: tf.Tensor) -> tf.Tensor:
        rows = tf.boolean_mask(senders, which == number)
        fields = (tf.gather(field, rows) for field in (share.mine, gain, share.strength, doubt, devices))
        found = _pass(Plan(*tf.unstack(kinds[number], num=4)), key, *fields)
        return number + 1, tf.tensor_scatter_nd_update(good, rows[:, None], found)

    start = tf.constant(0), tf.zeros_like(bits, tf.bool)
    return tf.while_loop(lambda number, _: number < tf.shape(kinds)[0], some, start, parallel_iterations=1)[1]


def _pass(
    plan: Plan, key: Key, mine: tf.Tensor, gain: tf.Tensor, strength: tf.Tensor, doubt: tf.Tensor, devices: tf.Tensor
) -> tf.Tensor:
    """Whether all words of devices with one plan are heard, bool [R]."""
    own = tf.argsort(mine, direction="DESCENDING", stable=True)[:, : plan.words * plan.symbols]

    def by_word(field: tf.Tensor) -> tf.Tensor:
        field = tf.reshape(tf.gather(field, own, batch_dims=1), [-1, plan.symbols, plan.words])
        return tf.reshape(tf.transpose(field, [0, 2, 1]), [-1, plan.symbols])  # [R B, L]

    names = tf.repeat(tf.cast(devices, tf.int32), plan.words), tf.tile(tf.range(plan.words), [tf.size(devices)])
    strong = tf.maximum(by_word(strength), FAINT)
    noise = _drawn(keys.complex_normal, "noise", plan.symbols, key, *names) / tf.cast(tf.sqrt(strong), tf.complex64)
    heard = by_word(gain) * send(plan, key, *names) + noise
    power = (1.0 + tf.repeat(doubt, plan.words)[:, None]) / strong
    return tf.reduce_all(tf.reshape(read(plan, heard, power), [-1, plan.words]), axis=1)


def deliver(plan: Plan, elements: int, link: Send, key: Key, repeats: int = 0) -> Delivery:
    """Packets of devices that own all elements over a link, and again where they fail. Not for use inside a graph."""
    kinds, which = np.unique(np.stack(plan, axis=1), axis=0, return_inverse=True)
    x = np.zeros([len(which), elements], np.complex64)
    groups = []
    for number, kind in enumerate(kinds.tolist()):
        one, (_, words, size, symbols) = Plan(*map(tf.constant, kind)), kind
        rows = np.flatnonzero(which == number).repeat(words if size else 0)
        names = np.arange(len(rows)) % max(words, 1)
        at = names[:, None] + words * np.arange(symbols)  # [P, L]
        groups.append((one, rows[:, None], at))
        if size:
            x[rows[:, None], at] = send(one, key, tf.constant(rows, tf.int32), tf.constant(names, tf.int32))
    waits = x != 0  # elements of packets that have not arrived
    total, weight = np.zeros_like(x), np.zeros(x.shape, np.float32)
    uses, sends = np.full(len(x), float(elements)), np.ones(len(x))
    for attempt in range(1 + repeats):
        if not waits.any():
            break
        if attempt:
            uses, sends = uses + waits.sum(axis=1), sends + waits.any(axis=1)
        heard, power = link(tf.constant(x * waits), attempt)
        trust = np.maximum(1.0 / np.broadcast_to(power, x.shape), FAINT)  # [C, N]
        total, weight = total + trust * heard.numpy(), weight + trust
        for one, row, at in groups:
            left = waits[row[:, 0], at[:, 0]]
            row, at = row[left], at[left]
            if len(row):
                good = read(one, total[row, at] / weight[row, at], 1.0 / weight[row, at])
                waits[row, at] = ~good.numpy()[:, None]
    return Delivery(x.any(axis=1) & ~waits.any(axis=1), uses, sends)


_PLAN, _NAMES = Plan(*[tf.TensorSpec([], tf.int32)] * 4), tf.TensorSpec([None], tf.int32)


@tf.function(autograph=False, input_signature=[_PLAN, tf.TensorSpec([2], tf.int64), _NAMES, _NAMES])
def send(plan: Plan, key: Key, devices: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
    """The symbols [P, L] of words of these devices and numbers."""
    length = _length(plan)
    code = _codes.choose(plan.size, length)

    def some(devices: tf.Tensor, numbers: tf.Tensor) -> tf.Tensor:
        payload = tf.cast(_drawn(keys.uniform, "payload", plan.size - CRC, key, devices, numbers) < 0.5, tf.float32)
        return _qam.modulate(plan.order, _codes.encode(code, checked(payload), length))

    return _in_groups(some, length, tf.complex64, devices, numbers)


@tf.function(
    autograph=False,
    input_signature=[_PLAN, tf.TensorSpec([None, None], tf.complex64), tf.TensorSpec([None, None])],
)
def read(plan: Plan, heard: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
    """Whether words heard as symbols [P, L] plus noise of this power pass their checks, bool [P]."""
    length = _length(plan)
    code = _codes.choose(plan.size, length)

    def some(heard: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
        return is_whole(_codes.decode(code, _qam.demodulate(plan.order, heard, power), plan.size))

    return _in_groups(some, length, tf.bool, heard, power)


def _length(plan: Plan) -> tf.Tensor:
    return tf.gather(tf.constant(_qam.ORDERS), plan.order) * plan.symbols


def _in_groups(function: Callable[..., tf.Tensor], length: tf.Tensor, dtype: tf.DType, *fields: tf.Tensor) -> tf.Tensor:
    """A function of words, on groups of equal size; the last word fills the last group up."""
    count = tf.shape(fields[0])[0]
    groups = tf.maximum(-(-count // tf.maximum(GROUP // length, 1)), 1)
    step = -(-count // groups)
    places = tf.reshape(tf.minimum(tf.range(groups * step), count - 1), [groups, step])
    found = tf.map_fn(
        lambda at: function(*(tf.gather(field, at) for field in fields)),
        places,
        fn_output_signature=dtype,
        parallel_iterations=1,
    )
    return tf.reshape(found, tf.concat([[-1], tf.shape(found)[2:]], 0))[:count]


def _drawn(
    draw: Callable[..., tf.Tensor], purpose: str, size: tf.Tensor, key: Key, devices: tf.Tensor, numbers: tf.Tensor
) -> tf.Tensor:
    """Draws of each word, [P, size]."""

    def one(name: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        return draw(keys.fold(key, *name, purpose), [size])

    dtype = tf.complex64 if draw is keys.complex_normal else tf.float32
    return tf.map_fn(one, (devices, numbers), fn_output_signature=dtype)


@cache
def _crc() -> tuple[Any, Any]:
    """Sionna's CRC encoder and decoder for the longest code word; zeros before a shorter one do not change its CRC."""
    with tf.init_scope():  # built here, in no graph
        encoder, decoder = CRCEncoder(f"CRC{CRC}"), CRCDecoder(CRCEncoder(f"CRC{CRC}"))
        decoder(encoder(tf.zeros([1, _codes.LARGEST - CRC])))
    return encoder, decoder


def checked(payload: tf.Tensor) -> tf.Tensor:
    """Payloads and their check bits, [W, k]."""
    room = _codes.LARGEST - CRC
    padded = tf.pad(payload, [[0, 0], [room - tf.shape(payload)[1], 0]])
    return tf.concat([payload, _crc()[0](tf.ensure_shape(padded, [None, room]))[:, room:]], 1)


def is_whole(words: tf.Tensor) -> tf.Tensor:
    """Whether the check bits of words [W, k] are those of their payloads, bool [W]."""
    padded = tf.pad(words, [[0, 0], [_codes.LARGEST - tf.shape(words)[1], 0]])
    return _crc()[1](tf.ensure_shape(padded, [None, _codes.LARGEST]))[1][:, 0]
