"""Codecs whose devices all send equally strong, so that the receiver can count: weights are in what they send."""

import tensorflow as tf

from ...phy import PowerRule
from ..codecs import Codec, Counting, SharedCode
from ..round import Probe, Question, Round, Terms

REPORT_BITS = 32.0  # what a device tells the server so that the level can be set
SCALE_BITS = 64.0  # what a device reports of its update, and what it is told


def counts(codec: Codec) -> bool:
    return isinstance(codec, Counting)


def reported(rule: PowerRule, codec: Codec) -> float:
    """Bits that each device tells, and is told, beside its symbols: nothing for a level that none has a say in."""
    asked = rule.announced and not getattr(rule, "beforehand", False)
    return (REPORT_BITS if asked else 0.0) + (SCALE_BITS if counts(codec) else 0.0)


def check_counts(codec: Codec, terms: Terms) -> None:
    """Raise ValueError where there is too much to count."""
    if isinstance(codec, Counting):
        codec.check(terms.layers, terms.air.devices)


def amplitudes(codec: Codec, round: Round) -> tf.Tensor:
    """What the symbols of each device are weighted with, [K]: its weight, or what all have alike."""
    if not isinstance(codec, Counting):
        return round.weights
    there = tf.cast(round.weights > 0, round.weights.dtype)
    return there * tf.math.divide_no_nan(tf.reduce_sum(round.weights), tf.reduce_sum(there))


def stretch(codec: Codec, round: Round, devices: tf.Tensor, updates: tf.Tensor, back: bool = False) -> tf.Tensor:
    """Updates [C, d] times what is left of weights for them to hold, or that taken off again."""
    if not isinstance(codec, Counting):
        return updates
    own, all = (tf.gather(weights, devices)[:, None] for weights in (round.weights, amplitudes(codec, round)))
    return updates * (tf.math.divide_no_nan(all, own) if back else tf.math.divide_no_nan(own, all))


def told(codec: Codec, code: SharedCode, round: Round, probe: Probe, wanted: Question) -> SharedCode:
    """What devices and server know after all were asked for what they have of their updates."""
    if not isinstance(codec, Counting):
        return code
    ask = codec.ask

    def answer(devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        return ask(stretch(codec, round, devices, wanted(devices, updates)), round.terms.layers, code)

    return codec.told(code, probe(answer), round.weights)
