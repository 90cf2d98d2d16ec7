"""What devices send, decoded alone or with side information: the mean of those that are decoded first."""

from typing import NamedTuple

import tensorflow as tf

from ...phy import keys
from ..compressors import Compressor, Known, Sided, Together
from ..layers import Layers, size_of
from ..rates import Rate, Subchannel
from ..round import Round, weighted_sum
from ..squares import mean_squares
from ._payload import packets
from ._shares import turns

FLOAT = 32.0  # bits


class Sent(NamedTuple):
    """What became of the updates of devices."""

    decoded: tf.Tensor  # [C, d]
    believed: tf.Tensor  # what devices believe to be decoded, [C, d]
    bits: tf.Tensor  # [C]
    arrives: tf.Tensor  # whether anything does, bool [C]
    wrong: tf.Tensor  # share of what was sent that side information does not find, or finds wrongly, [C]
    room: tf.Tensor  # bits that their elements carry, [C]


class Side(NamedTuple):
    """What the receiver decodes with, and what it tells of that; nothing where compressors do without."""

    estimate: tf.Tensor  # [d], or [0]
    spread: tf.Tensor  # [L], or [0]


class First(NamedTuple):
    """Sums over those that are decoded first, by their weights."""

    total: tf.Tensor  # sum_k w_k u_k, [d]
    squares: tf.Tensor  # sum_k w_k |u_k|^2 over the entries of each layer, float64 [L]
    weights: tf.Tensor  # sum_k w_k
    weights_squared: tf.Tensor  # sum_k w_k^2


def no_side(compressor: Compressor, layers: Layers) -> Side:
    """Before anybody is decoded."""
    if not is_sided(compressor):
        return Side(tf.zeros([0]), tf.zeros([0]))
    return Side(tf.zeros([size_of(layers)]), tf.fill([len(layers)], float("inf")))


def is_sided(compressor: Compressor) -> bool:
    """Whether some devices are decoded first, for the others."""
    return isinstance(compressor, Sided) and 0 < compressor.first < 1


def are_first(compressor: Compressor, round: Round, devices: tf.Tensor) -> tf.Tensor:
    """Which of the devices are decoded first, bool [C]."""
    assert isinstance(compressor, Sided)
    turn, count = turns(round, devices)
    many = tf.cast(tf.math.ceil(compressor.first * tf.cast(count, tf.float64) - 1e-6), tf.int32)
    return (turn >= 0) & (turn < many)


def only_first(
    compressor: Compressor, round: Round, devices: tf.Tensor, updates: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor]:
    """Those of the devices and their updates."""
    first = are_first(compressor, round, devices)
    return tf.boolean_mask(devices, first), tf.boolean_mask(updates, first)


def nobody(layers: Layers) -> First:
    return First(tf.zeros([size_of(layers)]), tf.zeros([len(layers)], tf.float64), tf.zeros([]), tf.zeros([]))


def add_up(weights: tf.Tensor, decoded: tf.Tensor, layers: Layers) -> First:
    """Of devices with these weights [C], 0 where nothing arrived, and what was decoded of them, [C, d]."""
    squares = weighted_sum(tf.cast(weights, tf.float64), mean_squares(decoded, layers))
    return First(weighted_sum(weights, decoded), squares, tf.reduce_sum(weights), tf.reduce_sum(weights**2))


def side_of(first: First, layers: Layers) -> Side:
    """Their mean y, and how far others may be expected to be from it.

    With shares p_k of the weight, an unbiased estimate of the variance of what is decoded is (sum p |u|^2 - |y|^2)/(1 -
    sum p^2), and another update is that and sum p^2 of it away from y: a little less, as its own error in decoding is
    none of it. One alone shows no variance, and twice its mean square stands for it; where there is nobody it is
    infinite.
    """
    mean = tf.math.divide_no_nan(first.total, first.weights)
    weights, weights_squared = (tf.cast(each, tf.float64) for each in (first.weights, first.weights_squared))
    square = tf.math.divide_no_nan(first.squares, weights)
    shared = tf.math.divide_no_nan(weights_squared, weights**2)
    within = tf.maximum(square - mean_squares(mean, layers), 0.0)
    away = tf.where(shared < 0.999, tf.math.divide_no_nan(within, 1.0 - shared) * (1.0 + shared), 2.0 * square)
    return Side(mean, tf.cast(tf.sqrt(tf.where(weights > 0, away, float("inf"))), mean.dtype))


def told(side: Side, sent: tf.Tensor, round: Round, compressor: Compressor) -> tf.Tensor:
    """Bits that take no elements: the deviations, told to all that send [K] and are not first."""
    if not is_sided(compressor):
        return tf.zeros([])
    others = sent & ~are_first(compressor, round, tf.range(tf.size(sent)))
    return FLOAT * side.spread.shape[0] * tf.reduce_sum(tf.cast(others, tf.float32))


def send(
    compressor: Compressor,
    rate: Rate,
    round: Round,
    known: Known,
    side: Side,
    devices: tf.Tensor,
    updates: tf.Tensor,
    share: Subchannel,
) -> Sent:
    """Updates [C, d] of devices on their elements; those that are not first are decoded with side information."""
    key, arrived = keys.fold(round.key, "compressor"), keys.fold(round.key, "packets")
    (turn, count), vector, number = turns(round, devices), tf.TensorSpec(updates.shape[1:]), tf.TensorSpec([])
    room = rate.bits(share)
    each = updates, packets(round.terms, room), devices, turn

    def known_at(place: tf.Tensor) -> Known:
        return known._replace(together=Together(keys.fold(key, "together"), place, count))

    def filled(bits: tf.Tensor) -> tf.Tensor:
        return bits if round.terms.payload is None else room

    def alone(item: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, ...]:
        update, room, device, place = item
        return compressor.compress(update, room, keys.fold(key, device), known_at(place))

    def beside(item: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, ...]:
        update, room, device, place = item
        assert isinstance(compressor, Sided)
        own, told = keys.fold(key, device), known_at(place)._replace(spread=side.spread)
        sent, used = compressor.encode(update, room, own, told)
        decoded = compressor.decode(sent, own, told, side.estimate)
        failures = compressor.failures(sent, own, told, side.estimate, update, decoded)
        return decoded, used, compressor.believed(sent, own, told, update), failures

    def either(item: tuple[tf.Tensor, ...]) -> tuple[tf.Tensor, ...]:
        def leads() -> tuple[tf.Tensor, ...]:
            decoded, used = alone(item[:-1])
            return decoded, used, decoded, tf.zeros([])

        return tf.cond(item[-1], leads, lambda: beside(item[:-1]))

    if not is_sided(compressor):
        decoded, bits = tf.map_fn(alone, each, fn_output_signature=(vector, number), parallel_iterations=1)
        arrives = rate.crc_ok(share, filled(bits), devices, arrived)
        decoded = tf.where(arrives[:, None], decoded, 0.0)
        return Sent(decoded, decoded, bits, arrives & (bits > 0), tf.zeros_like(bits), room)
    items, signature = (*each, are_first(compressor, round, devices)), (vector, number, vector, number)
    decoded, bits, believed, wrong = tf.map_fn(either, items, fn_output_signature=signature, parallel_iterations=1)
    arrives = rate.crc_ok(share, filled(bits), devices, arrived)
    decoded, believed = (tf.where(arrives[:, None], value, 0.0) for value in (decoded, believed))
    return Sent(decoded, believed, bits, arrives & (bits > 0), wrong, room)
