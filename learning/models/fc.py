"""Fully connected network (MLP) with ReLU: 266,610 parameters with hidden layers of 300 and 100 on 28 x 28 images.

Of the sizes that Abdi, "Distributed learning and inference in deep models", 2020, trains on MNIST: 300 and 100 in
chapter 2, and 1,000, 300 and 100 in chapter 3, which makes 1,116,410 (1.16 M are printed).
"""

from typing import Annotated

import keras
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from ...phy.strict import STRICT
from . import glorot


@dataclass(frozen=True, config=STRICT)
class Fc:
    """Inputs of any shape."""

    hidden: tuple[Annotated[int, Gt(0), Le(2**14)], ...] = (300, 100)
    """Units of each hidden layer."""

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        kernel, layers = glorot(seed), keras.layers
        hidden = [layers.Dense(units, activation="relu", kernel_initializer=next(kernel)) for units in self.hidden]
        ends = layers.Flatten(), layers.Dense(classes, kernel_initializer=next(kernel))
        return keras.Sequential([keras.Input(shape), ends[0], *hidden, ends[1]])
