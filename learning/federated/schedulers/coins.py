"""Coins: each device takes part with a chance of its own, decided by itself; weights n_k/n over that chance."""

from typing import Annotated, ClassVar

import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from ....ota.round import Nest
from ....ota.terms import Access
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import by_chance


@dataclass(frozen=True)
class Coins:
    """One chance for all, or several: each device takes part with a chance of its own, decided by itself.

    Weights are n_k/n over that chance pi_k. Unbiased; the sum of the updates u_k has variance

        sum_k (1/pi_k - 1) |n_k/n u_k|^2.

    ``Federation(participation=0.5)`` is that of ``Coins(0.5)``.

    Abdi, "Distributed learning and inference in deep models", 2020, ch. 5.

    >>> import tensorflow as tf
    >>> from overair.learning import Coins, Sight
    >>> from overair.phy import keys
    >>> sight = Sight(tf.fill([4], 0.25), rates=lambda: tf.ones([4]), norms=lambda works: works)
    >>> plan, _ = Coins(chance=0.5).plan((), sight, keys.key(0))
    >>> set(plan.weights.numpy().tolist()) <= {0.0, 0.5}
    True
    """

    chance: Annotated[float, Gt(0), Le(1)] = 1.0
    """Chance to take part in a round."""
    chances: tuple[Annotated[float, Gt(0), Le(1)], ...] = ()
    """Those of single devices instead; for devices 0, 1 and so on, and again from the first."""
    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = False
    sees_times: ClassVar[bool] = False
    delivers: ClassVar[bool] = False
    access: ClassVar[Access] = "equal"
    stale: ClassVar[bool] = False
    unbiased: ClassVar[bool] = True

    @property
    def participation(self) -> float | None:
        return None if self.chances else self.chance

    def check(self, devices: int) -> None:
        if len(self.chances) > devices:
            raise ValueError(
                f"scheduler.chances: expected one for each of {devices} devices or fewer to repeat, "
                f"received {len(self.chances)}; leave out the last {len(self.chances) - devices}"
            )

    def init(self, devices: int, key: Key) -> Nest:
        return ()

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        shares = sight.shares
        if self.participation == 1.0:
            return Plan(shares, shares > 0), state
        chance: tf.Tensor | float = self.chance
        if self.chances:
            chance = tf.constant(np.resize(self.chances, shares.shape[0]), tf.float32)
        return by_chance(keys.uniform(key, tf.shape(shares)) < chance, shares, chance), state

    def learn(self, state: Nest, decoded: tf.Tensor) -> Nest:
        return state
