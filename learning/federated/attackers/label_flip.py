"""Label flip: a share of the attackers' samples is said to be of class C - 1 - c where it is of class c."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from ....phy.strict import dataclass
from ._some import Some


@dataclass(frozen=True)
class LabelFlip(Some):
    """Honest work on wrong data.

    A share of the attackers' samples is said to be of class C - 1 - c where it is of class c of C.

    >>> import numpy as np
    >>> from overair.learning import LabelFlip
    >>> LabelFlip(strength=1.0).labels(np.array([0, 1, 9]), classes=10, random=np.random.default_rng(0)).tolist()
    [9, 8, 0]
    """

    strength: Annotated[float, Ge(0), Le(1)] = 1.0
    """Share of an attacker's samples that have wrong labels."""

    def labels(self, labels: np.ndarray, classes: int, random: np.random.Generator) -> np.ndarray:
        wrong = random.permutation(len(labels)) < round(self.strength * len(labels))
        return np.where(wrong, classes - 1 - labels, labels).astype(labels.dtype)
