"""What attackers share: how many they are, whether they keep to the power rule, and what is honest of them."""

from typing import Annotated, ClassVar

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Others


@dataclass(frozen=True)
class Some:
    """So many of all devices attack, the same ones in every round and of every seed."""

    count: Annotated[int, Ge(0), Le(10**6)] = 1
    """Devices that attack."""
    obeys: bool = True
    """Whether attackers keep to the power rule; else their budget is all spent."""
    sees_others: ClassVar[bool] = False

    def check(self, devices: int) -> None:
        if self.count >= devices:
            raise ValueError(
                f"attackers.count: expected fewer than all {devices} devices, received {self.count}; "
                f"set attackers.count = {devices - 1} or fewer, or take more devices"
            )

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        return update

    def labels(self, labels: np.ndarray, classes: int, random: np.random.Generator) -> np.ndarray:
        return labels
