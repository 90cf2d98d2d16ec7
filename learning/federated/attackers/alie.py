"""A little is enough (ALIE): the honest mean less z of their standard deviations, among which it hides.

z = Phi^-1((n - f - s) / (n - f)), s = floor(n/2 + 1) - f, is the largest at which so many honest devices are farther
out that with the f attackers they make a majority. Baruch, Baruch, Goldberg, "A little is enough: circumventing
defenses for distributed learning", NeurIPS 2019. At strength s an attacker sends (1 - s) u + s (mean - z deviation).
"""

from statistics import NormalDist
from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ....phy.keys import Key
from ....phy.strict import STRICT
from . import Others
from ._some import Some


@dataclass(frozen=True, config=STRICT)
class Alie(Some):
    """Knows the honest devices' mean and deviation."""

    strength: Annotated[float, Ge(0), Le(1e6)] = 1.0
    """Of the attack; 1 for all of it."""
    z: Annotated[float, Ge(0), Le(1e6)] | None = None
    """Deviations from the mean; the paper's unless given."""
    sees_others: ClassVar[bool] = True

    def check(self, devices: int) -> None:
        super().check(devices)
        if self.z is None and self.count > 0:
            self.deviations(devices)

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        assert others is not None
        lie = others.mean - self.deviations(devices) * others.deviation
        return update + self.strength * (lie - update)

    def deviations(self, devices: int) -> float:
        """z, for so many devices."""
        if self.z is not None:
            return self.z
        honest = devices - self.count
        share = (honest - (devices // 2 + 1 - self.count)) / honest
        if not 0 < share < 1:
            raise ValueError(
                f"attackers.z: expected a number where {self.count} of {devices} devices attack, a majority of them or "
                "too few, received none; set attackers.z"
            )
        return NormalDist().inv_cdf(share)
