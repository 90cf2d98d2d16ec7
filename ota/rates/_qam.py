"""Square QAM with Gray labels: what it carries at an SNR, and the way of bits through it to log-likelihood ratios.

With bits decoded apart, a symbol carries I = E[i] for i = sum_j log2(2 P(b_j | y)), and the variance of i says how much
short packets differ. Both are the sums of two PAM, one for each dimension. Caire, Taricco and Biglieri,
"Bit-interleaved coded modulation", IEEE Trans. Information Theory 1998.
"""

from functools import cache
from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.mapping import Demapper, Mapper, qam

ORDERS = (2, 4, 6, 8)  # bits a symbol
LOWEST, STEP, COUNT = -30.0, 0.5, 161  # the SNRs of the tables, in dB


def carried(order: int, snr: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Mutual information of a symbol and the variance of its information density, in bits, as ``snr``."""
    value = _between(_table(order), snr)
    return value[..., 0], value[..., 1]


def carried_by_each(snr: tf.Tensor) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """The same of all ORDERS, read at once: information by order, and variances by order."""
    tables = np.stack([_table(order) for order in ORDERS], axis=1)  # [S, M, 2]
    information, variance = (tf.unstack(_between(tables[..., which], snr), axis=-1) for which in range(2))
    return information, variance


def _between(values: np.ndarray, snr: tf.Tensor) -> tf.Tensor:
    """Values [S, V] at the SNRs of the tables, linearly between them in dB, [..., V]."""
    table = tf.constant(values)
    place = (10.0 / np.log(10.0) * tf.math.log(tf.maximum(snr, 1e-30)) - LOWEST) / STEP
    inside = tf.clip_by_value(place, 0.0, COUNT - 1.001)
    below = tf.cast(inside, tf.int32)
    share = (inside - tf.cast(below, tf.float32))[..., None]
    value = (1.0 - share) * tf.gather(table, below) + share * tf.gather(table, below + 1)
    return tf.where(place[..., None] < 0, 0.0, value)  # so little is not worth the sending


def needed_db(order: int, bits: tf.Tensor) -> tf.Tensor:
    """The SNR in dB at which a symbol carries so many bits, as ``bits``; far above where it carries all it can."""
    table = tf.constant(np.maximum.accumulate(_table(order)[:, 0]))  # [S]
    below = tf.searchsorted(table, tf.reshape(bits, [-1]), side="right") - 1
    below = tf.clip_by_value(tf.reshape(below, tf.shape(bits)), 0, COUNT - 2)
    low, high = tf.gather(table, below), tf.gather(table, below + 1)
    share = tf.clip_by_value((bits - low) / tf.maximum(high - low, 1e-9), 0.0, 1.0)
    return LOWEST + STEP * (tf.cast(below, tf.float32) + share)


def modulate(order: tf.Tensor, bits: tf.Tensor) -> tf.Tensor:
    """Symbols [W, n/m] of bits [W, n], interleaved, for the modulation at a place of ORDERS."""
    return tf.switch_case(order, [lambda m=m: symbols_of(m, bits) for m in ORDERS])


def demodulate(order: tf.Tensor, heard: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
    """Log-likelihood ratios [W, n] of the bits of symbols [W, n/m] that are heard in noise of this power."""
    return tf.switch_case(order, [lambda m=m: ratios_of(m, heard, power) for m in ORDERS])


def symbols_of(m: int, bits: tf.Tensor) -> tf.Tensor:
    """Symbols [W, n/m] of bits [W, n], interleaved, for m bits a symbol: BPSK for one, or as ORDERS."""
    apart = tf.reshape(bits, [tf.shape(bits)[0], m, -1])  # [W, m, n/m]
    return _sionna(m)[0](tf.transpose(apart, [0, 2, 1]))[..., 0]


def ratios_of(m: int, heard: tf.Tensor, power: tf.Tensor) -> tf.Tensor:
    """Log-likelihood ratios [W, n] of the bits of symbols [W, n/m], m each, that are heard in noise of this power."""
    return _in_order(m, _sionna(m)[1](heard[..., None], power[..., None]))


def nearest_to(m: int, heard: tf.Tensor) -> tf.Tensor:
    """The bits [W, n], m each, of the symbols that are nearest to what is heard, [W, n/m]."""
    return _in_order(m, _sionna(m)[2](heard[..., None], tf.ones([])))


def _in_order(m: int, of_symbols: tf.Tensor) -> tf.Tensor:
    """What stands for bits [W, n/m m], symbol by symbol, in the order that they had before interleaving, [W, n]."""
    apart = tf.reshape(of_symbols, [tf.shape(of_symbols)[0], -1, m])
    return tf.reshape(tf.transpose(apart, [0, 2, 1]), [tf.shape(of_symbols)[0], -1])


@cache
def _sionna(m: int) -> tuple[Any, Any, Any]:
    """Mapper, demapper, and demapper to hard decisions; Sionna calls BPSK a PAM."""
    kind = "pam" if m == 1 else "qam"
    with tf.init_scope():
        return Mapper(kind, m), Demapper("app", kind, m), Demapper("maxlog", kind, m, hard_out=True)


@cache
def _table(order: int) -> np.ndarray:
    """Mutual information and variance at each SNR, [S, 2], by the trapezoidal rule over the noise."""
    half = order // 2
    number = np.arange(2**half)
    bits = number[:, None] >> np.arange(half)[::-1] & 1  # [P, half]
    labels = (bits * 4 ** np.arange(half)[::-1] * 2).sum(axis=1)  # these in the even places, zeros in the odd ones
    levels = qam(order)[labels].real  # [P]
    deviation = 10 ** (-(LOWEST + STEP * np.arange(COUNT)) / 20) / 2**0.5
    noise = np.linspace(-8, 8, 161)
    weights = np.exp(-(noise**2) / 2)
    weights /= weights.sum() * len(levels)
    table = np.empty([COUNT, 2])
    for place, sigma in enumerate(deviation):
        heard = levels[:, None] + sigma * noise  # [P, T]
        likely = -((heard[..., None] - levels) ** 2 - (sigma * noise[:, None]) ** 2) / (2 * sigma**2)  # [P, T, P]
        likely = np.exp(likely)
        same = bits[:, None] == bits  # [P, P, half]
        right = np.einsum("ptq,pqb->ptb", likely, same) / likely.sum(axis=-1, keepdims=True)
        density = np.log2(2 * right).sum(axis=-1)  # [P, T]
        mean = (weights * density).sum()
        table[place] = 2 * mean, 2 * (weights * (density - mean) ** 2).sum()
    return table.astype(np.float32)
