"""Separate estimates: of every device's update, or of the mean of every group's, and the rule that makes one of them.

Uplinks of which ``apart`` holds keep what was decoded of each device, [K, d], where the terms have a rule that asks for
it; else nothing of that size is kept. Reports stay those of the weighted sum: NMSE is the error of the air and not of
the rule.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from .aggregators import AggregationRule
from .terms import Terms, check_kept, remembering


class Separate(NamedTuple):
    """Estimates of updates or of groups' means, and which of them there are."""

    points: tf.Tensor  # [N, d]
    there: tf.Tensor  # bool [N]


def nothing(terms: Terms) -> tf.Tensor:
    """Of nobody yet: [K, d], or [0, d] where the sum is all that is kept."""
    return tf.zeros([terms.air.devices if terms.apart else 0, terms.size])


def separate(rows: tf.Tensor, there: tf.Tensor) -> Separate | None:
    """Rows [K, d] of those that are there, bool [K]; None where none were kept."""
    if rows.shape[0] == 0:
        return None
    there = there[: rows.shape[0]]
    return Separate(tf.where(there[:, None], rows, 0.0), there)


def enough(rule: AggregationRule, estimates: Separate) -> tf.Tensor:
    """Whether there are as many as the rule needs, bool []."""
    return tf.reduce_sum(tf.cast(estimates.there, tf.int32)) >= rule.needs()


def robust(rule: AggregationRule, estimates: Separate) -> tf.Tensor:
    """What the rule makes of estimates, [d]; zeros where they are fewer than it needs."""
    speaks = enough(rule, estimates)
    some = estimates._replace(there=estimates.there | ~speaks)  # a rule of nobody has no value
    combined = rule.combine(*some)
    return tf.where(speaks, combined, tf.zeros_like(combined))


def counted(rule: AggregationRule | None, estimates: Separate | None, weights: tf.Tensor) -> tf.Tensor:
    """Weights [K] of those decoded, as they are in what the server has of them.

    What a rule makes has the scale of a mean, in which they sum to one; with too few of them nobody is in it.
    """
    if rule is None or not rule.apart or estimates is None:
        return weights
    there = tf.where(enough(rule, estimates), weights, 0.0)
    return tf.math.divide_no_nan(there, tf.reduce_sum(there))


def check(uplink: Any, terms: Terms) -> None:
    """Raise ValueError where the rule of the terms has no separate estimates to go by, or too few."""
    rule = terms.aggregator
    if rule is None or not rule.apart:
        return
    name = type(rule).__name__
    if not uplink.apart:
        raise ValueError(
            f"aggregator: expected mean for an uplink of which the server has one sum, received {name}; "
            "set uplink.groups for several, or take an uplink that decodes devices alone"
        )
    devices, needed = terms.air.devices, rule.needs()
    groups = getattr(uplink, "groups", devices)
    senders = min(devices, terms.senders or devices)
    if needed > min(senders, groups):
        of = "groups" if groups < senders else "devices" if senders == devices else "senders in a round"
        raise ValueError(
            f"aggregator: expected at least {needed} {of} for this {name}, received {min(senders, groups)}; "
            "fear fewer attackers, or take more"
        )
    kept = min(devices, groups)
    check_kept("aggregator", "separate estimates", kept * terms.size, f"{kept} x {terms.size} parameters")
    if found := remembering(uplink):
        raise ValueError(f"uplink.{found[0]}: expected one that does without the last sum, under a rule, received one")
    if getattr(uplink, "combine", "weights") != "weights":
        raise ValueError(f"uplink.combine: expected weights under a rule of the server, received {uplink.combine}")
