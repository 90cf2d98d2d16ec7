"""Random: a given number of devices drawn without replacement; weights n_k/n over their chance N/K.

Unbiased; the sum of w_k u_k has variance K (K - N) / (N (K - 1)) sum_k |w_k u_k - s/K|^2, with s that of all.
"""

from typing import ClassVar

from pydantic.dataclasses import dataclass

from ....ota.round import Nest
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import STRICT
from . import Plan, Sight
from ._some import Some, by_chance, these


@dataclass(frozen=True, config=STRICT)
class Random(Some):
    """All devices are as likely as any other."""

    sees_links: ClassVar[bool] = False
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = True

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        devices = sight.shares.shape[0]
        chosen = these(keys.permutation(key, devices)[: self.senders], sight.shares)
        return by_chance(chosen, sight.shares, self.senders / devices), state
