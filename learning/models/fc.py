"""Fully connected network with ReLU: 266,610 parameters on 28 x 28 images of ten classes, layers of 300 and 100."""

from typing import Annotated

import keras
from annotated_types import Ge, Le

from ...phy.strict import dataclass
from . import glorot


@dataclass(frozen=True)
class Fc:
    """Inputs of any shape: a fully connected network with ReLU.

    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proceedings of the IEEE,
    1998; "FC300-100" of Abdi, "Distributed learning and inference in deep models", 2020, ch. 2 and 3.

    >>> from overair.learning.models.fc import Fc
    >>> Fc().build((28, 28, 1), classes=10, seed=0).count_params()
    266610
    >>> Fc(hidden=(1000, 300, 100)).build((28, 28, 1), classes=10, seed=0).count_params()
    1116410
    """

    hidden: tuple[Annotated[int, Ge(1), Le(65536)], ...] = (300, 100)
    """Units of the hidden layers, from the first to the last."""

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        kernel = glorot(seed)
        dense = keras.layers.Dense
        return keras.Sequential(
            [
                keras.Input(shape),
                keras.layers.Flatten(),
                *(dense(units, activation="relu", kernel_initializer=next(kernel)) for units in self.hidden),
                dense(classes, kernel_initializer=next(kernel)),
            ]
        )
