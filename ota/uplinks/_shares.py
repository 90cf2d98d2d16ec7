"""Who owns which elements of a grant, and what is read of them."""

import numpy as np
import tensorflow as tf

from ...phy import Belief, Detected, detect, squared
from ..round import Round, Terms


def turns(round: Round, devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The places [C] of devices among those that take part, -1 of others, and how many do."""
    taking_part = tf.cast(round.weights > 0, tf.int32)
    places = tf.where(taking_part > 0, tf.cumsum(taking_part, exclusive=True), -1)
    return tf.gather(places, devices), tf.reduce_sum(taking_part)


def owners(terms: Terms, sharers: tf.Tensor) -> tf.Tensor:
    """Whose turn each granted element is, [N].

    Elements are dealt out in turn. After lcm(C, F) of them the same subcarriers would come to the same devices again;
    from there on the deal is shifted by one: everybody sees the whole band, in equal shares.
    """
    subcarriers = terms.air.grid.subcarriers
    repeats = tf.constant(np.lcm(np.arange(1, terms.air.devices + 1, dtype=np.int64), subcarriers), tf.int64)
    element = tf.range(terms.elements, dtype=tf.int64)
    shifted = element + element // repeats[sharers - 1]
    return tf.cast(shifted % tf.cast(sharers, tf.int64), tf.int32)


def read(round: Round, snr: tf.Tensor, devices: tf.Tensor, belief: Belief) -> Detected:
    """What who believes this reads of devices, on the granted elements, [C, N]."""
    found = detect(round.air_link, snr[None, :, :, None], devices, belief)
    return Detected(*(round.on_grant(each[0], round.terms.elements) for each in found))


def _strength(h: tf.Tensor) -> tf.Tensor:
    """|h|^2 added over antennas, [C, N]."""
    return tf.reduce_sum(squared(h), axis=0)


def fit(heard: tf.Tensor, sent: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """The gain that fits what was sent [A, C, N] to what was heard on own elements, and the power left, [C, 1]."""
    own = tf.cast(mask, sent.dtype)
    inner = tf.reduce_sum(own * tf.math.conj(sent) * heard, axis=[0, 2])  # [C]
    norm = tf.reduce_sum(mask * _strength(sent), axis=1)
    gain = tf.math.divide_no_nan(inner, tf.cast(norm, inner.dtype))[:, None]
    left = tf.reduce_sum(mask * _strength(heard - gain * sent), axis=1, keepdims=True)
    elements = tf.maximum(tf.reduce_sum(mask, axis=1, keepdims=True) * heard.shape[0] - 1.0, 1.0)  # one was fitted
    return gain, left / elements
