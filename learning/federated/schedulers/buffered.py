"""Buffered (FedBuff; FedAsync with a buffer of one): the server steps when so many updates have arrived."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....ota.terms import Access
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import these
from ._stale import Stale, Underway

LONGEST = 1e9  # seconds until an update arrives, over a link that carries nothing


@dataclass(frozen=True)
class Buffered(Stale):
    """The first so many to arrive: the server steps when its buffer is full (FedBuff; FedAsync with a buffer of one).

    Every device is always busy: it begins again with the newest model as soon as it has arrived, so that the mean age,
    the steps of the server between beginning and arriving, is (C - 1)/B for C devices and a buffer of B whatever they
    take. An update counts (1 + age)^-a as much as a fresh one, a = ``exponent``, and the sum is divided by B:

        w_k = (C/B) (n_k/n) (1 + age_k)^-a

    A device that would arrive again before the buffer is full keeps its second update for the next. It takes each its
    computing, with ``grant.bits`` a packet on the whole band, else the airtime of the grant, and the broadcast back.
    With ``mixes`` the server mixes models, x <- (1 - w) x + w y, as FedAsync does; else it adds differences. Joules of
    computing are counted when an update arrives. The state says of each device whether it has begun anew (bool [K]),
    the seconds left until it is ready (float64 [K]) and the age of its model (float32 [K]).

    Nguyen, Malik, Zhan, Yousefpour, Rabbat, Malek, Huba, "Federated learning with buffered asynchronous aggregation",
    AISTATS 2022; Xie, Koyejo, Gupta, "Asynchronous federated optimization", 2019.

    >>> import tensorflow as tf
    >>> from overair.learning import Buffered, Sight
    >>> from overair.phy import keys
    >>> def seconds():
    ...     return tf.constant([5.0, 1.0, 2.0], tf.float64)
    >>> sight = Sight(tf.fill([3], 1 / 3), rates=lambda: tf.ones([3]), norms=lambda works: works, ready=seconds)
    >>> scheduler = Buffered(buffer=2)
    >>> plan, state = scheduler.plan(scheduler.init(3, keys.key(0)), sight, keys.key(0))
    >>> plan.works.numpy().tolist(), float(plan.lasts), state.age.numpy().tolist()
    ([False, True, True], 2.0, [1.0, 1.0, 0.0])
    """

    buffer: Annotated[int, Gt(0), Le(10**6)] = 1
    """Updates of a step."""
    mixes: bool = False
    """Whether models are mixed instead of differences added."""
    access: ClassVar[Access] = "turns"
    sees_links: ClassVar[bool] = True

    def check(self, devices: int) -> None:
        if self.buffer > devices:
            raise ValueError(
                f"scheduler.buffer: expected at most all {devices} devices, received {self.buffer}; "
                f"set scheduler.buffer = {devices} or fewer, or take more devices"
            )

    def check_times(self, least: float, besides: float, fixed_bits: bool) -> None:
        pass

    def plan(self, state: Underway, sight: Sight, key: Key) -> tuple[Plan, Underway]:
        left = self.ready(state, sight.ready() + sight.uploads() + sight.besides)
        arrivals, first = tf.math.top_k(-tf.minimum(left, LONGEST), self.buffer)
        lasts = -arrivals[-1]
        sends = these(first, sight.shares)
        newest = sends & (left >= lasts)
        counts = sight.shares * (left.shape[0] / self.buffer) * self.counted(state.age)
        plan = Plan(tf.where(sends, counts, 0.0), sends)
        begun = tf.where(newest, 0.0, 1.0)  # by who arrives when the buffer is full, with the model made of it
        after = Underway(sends, left - lasts, tf.where(sends, begun, state.age + 1.0))
        return plan._replace(ages=state.age, newest=newest, lasts=lasts, mixes=self.mixes), after
