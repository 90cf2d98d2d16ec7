"""A little is enough (ALIE): the honest mean less z of their standard deviations, among which it hides."""

from statistics import NormalDist
from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Others
from ._some import Some


@dataclass(frozen=True)
class Alie(Some):
    """Knows the honest devices' mean and deviation, and hides among them: a little is enough.

    At strength s an attacker sends, in place of its update u [d],

        (1 - s) u + s (mean - z deviation),        z = Phi^-1((n - f - t) / (n - f)),  t = floor(n/2 + 1) - f

    for f = ``count`` attackers of n devices; that z is the largest at which so many honest devices are farther out that
    with the f attackers they make a majority.

    Baruch, Baruch, Goldberg, "A little is enough: circumventing defenses for distributed learning", NeurIPS 2019.

    >>> import tensorflow as tf
    >>> from overair.learning import Alie, Others
    >>> others = Others(mean=tf.constant([1.0, 2.0]), deviation=tf.constant([0.5, 1.0]))
    >>> attack = Alie(count=3)
    >>> round(attack.deviations(devices=10), 3)
    0.18
    >>> print(attack.forge(tf.zeros([2]), others, devices=10, key=None).numpy().round(2))
    [0.91 1.82]
    """

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
