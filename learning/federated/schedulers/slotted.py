"""Slotted: whoever is ready at the end of a slot sends, all of them together, and begins again after it."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._stale import Stale, Underway
from ._timed import by_data

ROUNDING = 1e-12  # of a slot


@dataclass(frozen=True)
class Slotted(Stale):
    """Rounds of equal length: whoever is ready at the end of a slot sends, all of them together.

    Who has sent begins again with the model after the slot. Nobody is waited for: an update of a device that needs more
    than a slot has an age, the steps that the server made since it began, and counts (1 + age)^-a as much, a =
    ``exponent``. Weights are shares of the data that those who send have together, times that. A slot holds computing,
    the uplink and the broadcast back. A device ready with probability p in any slot has a mean age of (1 - p)/p. An
    over-the-air sum needs all at one time, which is what slots are for. What computing takes in joules is counted when
    an update arrives. The state is as that of ``Buffered``.

    After arXiv:2305.04066.

    >>> import tensorflow as tf
    >>> from overair.learning import Sight, Slotted
    >>> from overair.phy import keys
    >>> def seconds():
    ...     return tf.constant([0.5, 1.5], tf.float64)
    >>> sight = Sight(tf.fill([2], 0.5), rates=lambda: tf.ones([2]), norms=lambda works: works, ready=seconds)
    >>> scheduler = Slotted(seconds=1.0)
    >>> plan, state = scheduler.plan(scheduler.init(2, keys.key(0)), sight, keys.key(0))
    >>> plan.weights.numpy().tolist(), state.left.numpy().tolist(), state.age.numpy().tolist()
    ([1.0, 0.0], [0.0, 0.5], [0.0, 1.0])
    """

    seconds: Annotated[float, Gt(0), Le(1e9)] = 1.0
    """Length of a slot, in seconds."""
    sees_links: ClassVar[bool] = False

    def check_times(self, least: float, besides: float, fixed_bits: bool) -> None:
        if fixed_bits:
            raise ValueError(
                "scheduler: expected grant.elements with slotted, in whose slots all send together, received grant.bits"
            )
        if not besides < self.seconds:
            raise ValueError(
                f"scheduler.seconds: expected more than {besides:.4g} s, which sending takes, received {self.seconds:g}"
            )

    def plan(self, state: Underway, sight: Sight, key: Key) -> tuple[Plan, Underway]:
        left = self.ready(state, sight.ready())
        sends = left <= (self.seconds - sight.besides) * (1 + ROUNDING)
        plan = by_data(sends, sight.shares)
        weights = plan.weights * self.counted(state.age)
        rest = tf.where(sends, tf.zeros_like(left), left - self.seconds)
        after = Underway(sends, rest, tf.where(sends, 0.0, state.age + 1.0))
        lasts = tf.constant(self.seconds, tf.float64)
        return plan._replace(weights=weights, ages=state.age, newest=sends, lasts=lasts), after
