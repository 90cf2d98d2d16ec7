"""Dropout CNN: three convolutions, dropout and a dense layer; 112,340 parameters on 28 x 28 x 1, ten classes."""

from typing import Annotated

import keras
from annotated_types import Ge, Lt

from ...phy.strict import dataclass
from . import check_image, glorot


@dataclass(frozen=True)
class DropoutCnn:
    """Images of at least 16 x 16: three convolutions, dropout and a dense layer.

    5, 10 and 20 filters of 5 x 5, so kernels of (5, 5, 1, 5), (5, 5, 5, 10) and (5, 5, 10, 20). The first two take no
    padding and are followed by maximum pooling over 2 x 2; the third pads, so that 28 x 28 pixels end as 4 x 4 x 20 =
    320 numbers. Then dropout, and dense layers of 320 and the classes, with ReLU.

    Dhillon, "Role of distributed learning in wireless networks", the last lecture of a short course at Virginia Tech.

    >>> from overair.learning.models.dropout_cnn import DropoutCnn
    >>> DropoutCnn(dropout=0.5).build((28, 28, 1), classes=10, seed=0).count_params()
    112340
    """

    dropout: Annotated[float, Ge(0), Lt(1)] = 0.5
    """Share of the 320 numbers that a training step leaves out."""

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("dropout_cnn", shape, 16)
        kernel = glorot(seed)
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(5, 5, activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Conv2D(10, 5, activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Conv2D(20, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.Flatten(),
                layers.Dropout(self.dropout, seed=0),  # a round's masks come from its keys
                layers.Dense(320, activation="relu", kernel_initializer=next(kernel)),
                layers.Dense(classes, kernel_initializer=next(kernel)),
            ]
        )
