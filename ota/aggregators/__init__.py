"""Aggregators: what the server makes of separate estimates of the updates, where some devices may be Byzantine."""

from typing import ClassVar, Protocol, runtime_checkable

import tensorflow as tf

from ...phy.documented import documented


@documented
@runtime_checkable
class AggregationRule(Protocol):
    """One vector of several estimates, whatever their order; of all but the mean the shares of data do not count.

        estimate = combine(x_1, ..., x_N) in place of sum_k w_k u_k.

    Estimates that all moved by a vector have their aggregate moved by it, and of estimates that agree it is theirs.

    >>> import tensorflow as tf
    >>> from overair.ota import AggregationRule, Median
    >>> rule, points = Median(), tf.constant([[0.0, 1.0], [1.0, 2.0], [1e6, -1e6]])  # [N, d]; the last one attacks
    >>> isinstance(rule, AggregationRule), rule.bears(3), rule.combine(points, tf.fill([3], True)).numpy().tolist()
    (True, 1, [1.0, 1.0])
    """

    apart: ClassVar[bool]  # whether single estimates are needed; else only their weighted sum is kept

    def needs(self) -> int:
        """Estimates without which it says nothing: in a round of fewer the server makes no step."""
        ...

    def bears(self, estimates: int) -> int:
        """How many of so many estimates may be anything at all, and leave the aggregate near the others."""
        ...

    def combine(self, points: tf.Tensor, there: tf.Tensor) -> tf.Tensor:
        """One vector float32 [d] of the points float32 [N, d] that are there, bool [N], as many as it needs or more."""
        ...


FAMILY = AggregationRule  # what each file of this folder is one of

__all__ = ["AggregationRule"]
