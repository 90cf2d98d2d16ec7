"""Groups over the air: G sums, one after another in G shares of the grant, of devices that are dealt anew every round.

A group's sum is a round of its own, with a level of its own: a device puts all its budget, of the whole grant, into its
group's share. Of each sum the receiver has the weighted mean of a group, so a rule can leave out groups that attackers
are in; fewer devices a group are more groups, and less that hides each. Sifaou, Li, "Robust federated learning via
over-the-air computation", 2021. With g = K/G in a group and B attackers, G C(K-B, g) / C(K, g) groups are clean on
average.

Groups take whole slots where there is one for each; groups that share a slot see the channel of its first symbols.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import tensorflow as tf

from ..phy import Link, keys
from .apart import Separate
from .round import Nest, Outcome, Report, Round

Sum = Callable[
    [Nest, Round, tf.Tensor, Nest], tuple[Outcome, Nest]
]  # of some devices, from the state; kept so far, more


def members(round: Round, groups: int) -> tf.Tensor:
    """The group of each device, [K]: those that take part are dealt out evenly, in an order drawn for the round."""
    drawn = keys.uniform(keys.fold(round.key, "groups"), round.weights.shape)
    order = tf.argsort(tf.where(round.weights > 0, drawn, 2.0))
    return tf.math.invert_permutation(order) % groups


def by_groups(
    groups: int, state: Any, round: Round, devices: tf.Tensor, one_sum: Sum, kept: Nest
) -> tuple[Outcome, Nest]:
    """The outcome of all groups, with the mean of each apart, and what is kept of all."""
    group_of, parts = members(round, groups), []
    shared, past = round.terms.share(groups), state.past
    for group in range(groups):  # each of them a round; few, as each takes a share of the grant
        own = group_of == group
        weights = tf.where(own, round.weights, 0.0)
        key = keys.fold(round.key, "group", group)
        part = replace(round, terms=shared, key=key, weights=weights, link=_later(round, group, groups))
        outcome, kept = one_sum(state, part, tf.boolean_mask(devices, tf.gather(own, devices)), kept)
        state = outcome.state._replace(past=past)
        parts.append((outcome, weights))
    estimate = tf.add_n([outcome.estimate for outcome, _ in parts])
    report = _whole([outcome.report for outcome, _ in parts], [weights for _, weights in parts], group_of, round)
    state = state._replace(past=past.after(estimate))
    return Outcome(estimate, state, report, apart=_apart(parts)), kept


def _later(round: Round, group: int, groups: int) -> Link:
    """The round's link from the first slot of a group on."""
    grid, link, slots = round.terms.air.grid, round.air_link, round.terms.slots
    first, steps = group * (slots // groups) * grid.symbols, round.terms.share(groups).slots * grid.symbols
    return link._replace(
        true=link.true.at(first, steps),
        transmitters=link.transmitters.at(first, steps),
        receiver=link.receiver.at(first, steps),
        mean=link.mean.at(first, steps) if link.mean else link.mean,
        start=link.start + first * grid.symbol_seconds,
    )


def _apart(parts: list[tuple[Outcome, tf.Tensor]]) -> Separate:
    """The mean of each group, from its sum and the weights in it."""
    totals = tf.stack([tf.reduce_sum(weights) for _, weights in parts])  # [G]
    there = tf.stack([tf.reduce_any(outcome.report.decoded) for outcome, _ in parts])
    means = tf.math.divide_no_nan(tf.stack([outcome.estimate for outcome, _ in parts]), totals[:, None])
    return Separate(means, there & (totals > 0))


def _whole(reports: list[Report], weights: list[tf.Tensor], group_of: tf.Tensor, round: Round) -> Report:
    """One report of all groups: errors, silence and peaks are means over them, by how many are in each."""
    all_of = Report(*(tf.stack(values) for values in zip(*reports, strict=True)))  # [G, ...]
    sizes = tf.stack([tf.reduce_sum(tf.cast(each > 0, tf.float32)) for each in weights])  # [G]

    def mean(values: tf.Tensor) -> tf.Tensor:
        counted = tf.where(tf.math.is_finite(values), sizes, 0.0)
        total = tf.reduce_sum(counted * tf.where(counted > 0, values, 0.0))
        return total / tf.reduce_sum(counted)

    def of_own(values: tf.Tensor) -> tf.Tensor:
        return tf.gather(tf.transpose(values), group_of, batch_dims=1)  # [K]

    means = {name: mean(getattr(all_of, name)) for name in ("nmse", "nmse_sent", "silent", "unheard", "papr_db")}
    sums = {name: tf.reduce_sum(getattr(all_of, name)) for name in ("bits", "payload", "free_bits")}
    own = {name: of_own(getattr(all_of, name)) for name in ("energy", "decoded")}
    return Report(**means, **sums, **own, pilots=reports[0].pilots, airtime=tf.constant(round.terms.airtime))
