"""Schedulers: who computes and who sends in a round, and with which weights."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ....ota.round import Nest
from ....phy.keys import Key


class Plan(NamedTuple):
    """Who does what in a round."""

    weights: tf.Tensor  # in the sum of updates, zero of those that are silent, [K]
    works: tf.Tensor  # who computes an update, all that send among them, bool [K]


class Sight(NamedTuple):
    """What a server may look at before it chooses."""

    shares: tf.Tensor  # n_k / n, [K]
    rates: Callable[[], tf.Tensor]  # bits that the grant's elements carry, on average, as the receiver believes, [K]
    norms: Callable[[tf.Tensor], tf.Tensor]  # from who computes, bool [K], to their n_k / n |u_k|, 0 of others, [K]


@runtime_checkable
class Scheduler(Protocol):
    """Links are drawn before the plan and do not depend on it."""

    sees_links: ClassVar[bool]  # whether it asks for rates: rounds then have a link, also of uplinks without air
    sees_updates: ClassVar[bool]  # whether it asks for norms: those asked compute, and report a float32 each
    unbiased: ClassVar[bool]  # whether weights are n_k / n on average, over rounds of the same updates

    @property
    def participation(self) -> float | None:
        """Of each device in each round, by itself and whatever its channel; None where there is no one such chance."""
        ...

    def check(self, devices: int) -> None:
        """Raise ValueError where this is nothing for so many devices."""
        ...

    def init(self, devices: int, key: Key) -> Nest:
        """The state before the first round."""
        ...

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        """The plan of a round, and the state after it; the key is of the round."""
        ...

    def learn(self, state: Nest, decoded: tf.Tensor) -> Nest:
        """The state when it is known who was decoded, bool [K]."""
        ...


FAMILY = Scheduler  # what each file of this folder is one of

__all__ = ["Plan", "Scheduler", "Sight"]
