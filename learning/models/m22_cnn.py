"""M22 CNN: six convolutions in three blocks with normalisations and dropout; 552,874 numbers on 32 x 32 x 3 images."""

from typing import Annotated

import keras
from annotated_types import Ge, Lt

from ...phy.strict import dataclass
from . import check_image, glorot

BLOCKS = (32, 0.2), (64, 0.3), (128, 0.4)  # filters and dropout


@dataclass(frozen=True)
class M22Cnn:
    """Images of at least 8 x 8: six convolutions in three blocks with normalisations and dropout.

    Each block has two convolutions of 3 x 3, padded, 32, 64 and 128 filters in turn, each followed by ReLU and batch
    normalisation, then maximum pooling over 2 x 2 and dropout of 0.2, 0.3 and 0.4. A dense layer of 128 with ReLU,
    normalisation and dropout of 0.5 comes before that of the classes. Of its numbers on 32 x 32 x 3 images 1,152 are
    moving means and variances, which travel as all others do.

    The CNN of Liu, Rini, Salehkalaibar, Chen, "M22: a communication-efficient algorithm for federated learning inspired
    by rate-distortion", IEEE Trans. Communications, 2023.

    >>> from overair.learning.models.m22_cnn import M22Cnn
    >>> M22Cnn().build((32, 32, 3), classes=10, seed=0).count_params()
    552874
    """

    momentum: Annotated[float, Ge(0), Lt(1)] = 0.99
    """Of the moving means and variances; they lag by 1/(1 - momentum) steps, which fewer steps do not bear."""

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("m22_cnn", shape, 8)
        kernel, layers, parts = glorot(seed), keras.layers, [keras.Input(shape)]
        for filters, dropout in BLOCKS:
            for _ in range(2):
                parts += [
                    layers.Conv2D(filters, 3, padding="same", activation="relu", kernel_initializer=next(kernel)),
                    layers.BatchNormalization(momentum=self.momentum),
                ]
            parts += [layers.MaxPooling2D(), layers.Dropout(dropout, seed=0)]  # a round's masks come from its keys
        parts += [
            layers.Flatten(),
            layers.Dense(128, activation="relu", kernel_initializer=next(kernel)),
            layers.BatchNormalization(momentum=self.momentum),
            layers.Dropout(0.5, seed=0),
            layers.Dense(classes, kernel_initializer=next(kernel)),
        ]
        return keras.Sequential(parts)
