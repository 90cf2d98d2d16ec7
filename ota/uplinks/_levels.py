"""The level of a round for rules that look at everybody, and what a rule costs on average."""

import math

import tensorflow as tf

from ...phy import Level, Place, PowerRule, keys
from ..round import Round, Terms, at_devices

SAMPLES = 4096  # rounds over which the expected cost of a device is measured; devices that are alike share them
APART = 1.7  # seconds between these rounds


def whole_grant(level: Level, elements: int) -> Level:
    return Level(*(tf.broadcast_to(value, [elements]) for value in level))


def joint_level(
    rule: PowerRule, round: Round, spent: tf.Tensor, budgets: tf.Tensor, noise: tf.Tensor, elements: int
) -> Level:
    """The level [M] of a rule that looks at all devices: one slot after another, so that only a slot is ever dense."""
    grid, link = round.terms.air.grid, round.air_link
    still = link.receiver.steps == round.antenna_weights.shape[2] == 1
    slots, width = (1, grid.subcarriers) if still else (round.terms.slots, grid.elements)
    used = min(width, elements) if slots == 1 else width

    def of_slot(slot: tf.Tensor) -> Level:
        gains = tf.reshape(round.slot_gains(slot), [link.devices, width])
        gains *= tf.cast(round.weights > 0, gains.dtype)[:, None]
        level = whole_grant(rule.level(spent, budgets, gains[:, :used], noise), used)
        level = Level(*(tf.pad(value, [[0, width - used]], constant_values=1.0) for value in level))
        times = [grid.symbols, grid.subcarriers]
        return Level(*(tf.broadcast_to(tf.reshape(value, [-1, grid.subcarriers]), times) for value in level))

    signature = Level(*[tf.TensorSpec([grid.symbols, grid.subcarriers])] * 2)
    levels = tf.map_fn(of_slot, tf.range(slots), fn_output_signature=signature, parallel_iterations=1)
    whole = [tf.broadcast_to(value, [round.terms.slots, grid.symbols, grid.subcarriers]) for value in levels]
    return Level(*(tf.reshape(value, [-1])[:elements] for value in whole))


@tf.function(autograph=False)
def expected_cost(rule: PowerRule, terms: Terms, elements: int, place: Place) -> tf.Tensor:
    """The rule's cost of an element, averaged over fading while taking part, [K]; over devices too if alike."""
    air, devices = terms.air, terms.air.devices
    alike = not (air.channel.scales or air.channel.lasting or any(impairment.scales for impairment in air.impairments))
    draws = math.ceil(SAMPLES / terms.participation / (devices if alike else 1))
    if air.channel.static:  # one symbol shows what the others repeat
        elements = min(elements, air.grid.subcarriers)
    sample = Terms(air, terms.size, elements)

    def one(totals: tuple[tf.Tensor, tf.Tensor], index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        key = keys.fold(place.key, "expected cost", index)
        present = keys.uniform(keys.fold(key, "present"), [devices]) < terms.participation
        time = APART * tf.cast(index, tf.float64)  # fading that goes on over rounds is another by then
        link = air.draw(place, key, time, sample.slots)
        round = Round(sample, key, tf.cast(present, tf.float32), link)
        taking_part = tf.where(present)[:, 0]
        cost = tf.reduce_mean(rule.cost(round.gains(taking_part, sample.elements)), axis=1)
        return totals[0] + at_devices(taking_part, cost, round.weights), totals[1] + round.weights

    zeros = tf.zeros([devices])
    cost, count = tf.foldl(one, tf.range(draws), (zeros, zeros), parallel_iterations=1)
    if alike:
        return tf.fill([devices], tf.reduce_sum(cost) / tf.reduce_sum(count))
    return cost / tf.maximum(count, 1.0)
