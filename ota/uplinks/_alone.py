"""Devices that send at once, taken apart by as many antennas: zero forcing, whatever combiner a scheme itself uses.

The receiver knows what it believes of the channels H, and what each device multiplies its symbols by, b. Of
y = H B s + n it makes s_k with noise of power N0 [(H^H H)^-1]_kk / |b_k|^2 an element. Channels are loaded with a
trillionth of their power, so that those which are alike give noise and no error.
"""

from typing import Any

import tensorflow as tf

from ...phy import keys, squared
from ..round import Nest, Round
from ._counting import amplitudes

LOAD = 1e-12


def alone(uplink: Any, acc: Nest, round: Round, devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
    """The updates [C, d] of devices that have all sent, each as zero forcing has it; of as many antennas or more."""
    symbols, b = uplink.sends(acc, round, devices, updates)
    after = uplink.announced(acc, round)
    if not uplink.probes(round.terms):  # all have sent at level 1
        b *= tf.cast(after.level.scale, b.dtype)
    b *= tf.cast(tf.gather(amplitudes(uplink.codec, round), devices), b.dtype)[:, None]
    found, noise = _apart(after.y, round, devices, b, symbols.shape[1])
    found = found if uplink.rule.announced else found[:, :-1]

    def decode(one: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        return uplink.codec.decode(one[0], round.terms.layers, acc.code, one[1])

    return tf.map_fn(decode, (found, noise), fn_output_signature=tf.float32, parallel_iterations=1)


def _apart(y: tf.Tensor, round: Round, devices: tf.Tensor, b: tf.Tensor, elements: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Symbols [C, M] of devices that sent b [C, N] times these, and the noise of a real number of each, [C]."""
    link, grid = round.air_link, round.terms.air.grid
    rows = grid.rows(elements)
    received = round.terms.air.receive(y, link, keys.fold(round.key, "noise"))[0, :, :rows]  # [A, T, F]
    h = link.response(devices, link.receiver.best, rows)[0]  # [A, C, T, F], where T may be 1
    sent, noise = _zero_forced(tf.transpose(h, [2, 3, 0, 1]), received)
    field = grid.fill(b) if b.shape[1] == elements else b[:, None]  # [C, T, F], where T may be 1
    noise = tf.math.divide_no_nan(noise * link.noise / 2.0, squared(field) + 0.0 * noise)
    return grid.collect(tf.math.divide_no_nan(sent, field + 0.0 * sent), elements), tf.reduce_mean(noise, axis=[1, 2])


def _zero_forced(h: tf.Tensor, y: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What devices sent [C, T, F] by responses [T, F, A, C], where T may be 1, and the gain of noise in it."""
    h = tf.cast(h, tf.complex128)
    still = h.shape[0] == 1
    y = tf.cast(tf.transpose(y, [2, 0, 1])[None] if still else tf.transpose(y, [1, 2, 0])[..., None], h.dtype)
    gram = tf.matmul(h, h, adjoint_a=True)  # [T, F, C, C]
    unit = tf.eye(tf.shape(h)[-1], dtype=h.dtype)
    inverse = tf.linalg.inv(gram + (LOAD * tf.linalg.trace(gram) + 1e-30)[..., None, None] * unit)
    sent = tf.matmul(inverse, tf.matmul(h, y, adjoint_a=True))  # [1, F, C, T] or [T, F, C, 1]
    sent = tf.transpose(sent[0], [1, 2, 0]) if still else tf.transpose(sent[..., 0], [2, 0, 1])
    noise = tf.transpose(tf.math.real(tf.linalg.diag_part(inverse)), [2, 0, 1])
    return tf.cast(sent, tf.complex64), tf.cast(noise, tf.float32)
