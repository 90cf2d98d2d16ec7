"""Separate estimates: of every device's update, or of the mean of every group's, and the rule that makes one of them.

Uplinks of which ``apart`` holds keep what was decoded of each device, [K, d], where the terms have a rule that asks for
it; else nothing of that size is kept. Reports stay those of the weighted sum: NMSE is the error of the air and not of
the rule.
"""

from typing import Any, NamedTuple

import tensorflow as tf

from .aggregators import Aggregator
from .terms import MEMORY_BYTES, Terms


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


def robust(rule: Aggregator, estimates: Separate) -> tf.Tensor:
    """What the rule makes of estimates, [d]; zeros where they are fewer than it needs."""
    enough = tf.reduce_sum(tf.cast(estimates.there, tf.int32)) >= rule.needs()
    some = estimates._replace(there=estimates.there | ~enough)  # a rule of nobody has no value
    combined = rule.combine(*some)
    return tf.where(enough, combined, tf.zeros_like(combined))


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
    estimates = min(devices, getattr(uplink, "groups", devices))
    of = "groups" if hasattr(uplink, "groups") else "devices"
    if needed > estimates:
        raise ValueError(
            f"aggregator: expected at least {needed} {of} for this {name}, received {estimates}; "
            "fear fewer attackers, or take more"
        )
    _check_memory(uplink, terms, estimates)
    for part in ("codec", "compressor"):
        if getattr(getattr(uplink, part, None), "remembers", False):
            raise ValueError(f"uplink.{part}: expected one that does without the last sum, under a rule, received one")
    if getattr(uplink, "combine", "weights") != "weights":
        raise ValueError(f"uplink.combine: expected weights under a rule of the server, received {uplink.combine}")


def _check_memory(uplink: Any, terms: Terms, estimates: int) -> None:
    needed = 4 * estimates * terms.size
    if needed > MEMORY_BYTES:
        raise ValueError(
            f"aggregator: expected at most {MEMORY_BYTES / 2**30:g} GiB of separate estimates, received {estimates} x "
            f"{terms.size} parameters, {needed / 2**30:.3g} GiB; take fewer of either"
        )
