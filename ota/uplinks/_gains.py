"""Gains that elements share: where the channel stands still, one serves all elements of its subcarrier."""

import tensorflow as tf

from ...phy import Grid, PowerRule
from ..round import Round
from ._rebels import boosted


def known_gains(rule: PowerRule, round: Round, devices: tf.Tensor, elements: int) -> tuple[tf.Tensor, tf.Tensor | None]:
    """Gains [C, N] as devices were told; for a robust rule their best estimates, and the mean power these lack."""
    error = round.air_link.transmitters.of(devices).error if rule.robust else None
    lacking = None if error is None else round.on_grant(error[0], elements)  # [C or 1, N]
    return round.gains(devices, elements, rule.robust), lacking


def factors(
    rule: PowerRule, round: Round, devices: tf.Tensor, power: tf.Tensor, scale: tf.Tensor, elements: int
) -> tuple[tf.Tensor, tf.Tensor]:
    """What devices multiply symbols of such power [C, N] by, and the gains that they know, [C, N] each."""
    share, budgets = share_of_each(round, elements), tf.gather(round.terms.budgets, devices)[:, None]
    gains, error = known_gains(rule, round, devices, power.shape[1])
    scale = scale if scale.shape.rank == 0 else scale[: power.shape[1]]
    b = rule.amplitude(scale, gains, power, budgets, share, error)
    return boosted(b, power, round, devices), gains


def repeats(round: Round, elements: int) -> bool:
    """Whether one symbol shows the gains that the others repeat."""
    link = round.air_link
    return link.transmitters.steps == link.receiver.best.steps == 1 and elements > round.terms.air.grid.subcarriers


def over_gains(values: tf.Tensor, round: Round) -> tf.Tensor:
    """Values of elements [..., M] added up over those that share a gain, [..., N]."""
    if not repeats(round, values.shape[-1]):
        return values
    return tf.reduce_sum(round.terms.air.grid.fill(values), axis=-2)


def share_of_each(round: Round, elements: int) -> tf.Tensor | None:
    """The share of elements that each gain stands for, [N], if not as many each."""
    if not repeats(round, elements) or elements % round.terms.air.grid.subcarriers == 0:
        return None
    return over_gains(tf.fill([elements], 1 / elements), round)


def share_arrived(rule: PowerRule, arrives: tf.Tensor, level: tf.Tensor) -> tf.Tensor:
    """What devices believe to arrive of each symbol in units of the level, [C, N], for b h as they believe it."""
    share = tf.math.real(arrives) / (level if level.shape.rank == 0 else level[: arrives.shape[1]])
    if not rule.announced:
        share = tf.cast(share > 0, share.dtype)
    return share if rule.aligned else tf.ones_like(share)  # who knows no channel takes it that all arrives


def times(b: tf.Tensor, symbols: tf.Tensor, grid: Grid) -> tf.Tensor:
    """b [C, N] times symbols [C, M] on the OFDM symbols they need, [C, T, F]."""
    if b.shape[1] == symbols.shape[1]:
        return grid.fill(b * symbols)
    return b[:, None] * grid.fill(symbols)
