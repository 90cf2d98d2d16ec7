"""CNN: two convolutions and a dense layer; 316,426 parameters on 28 x 28 x 1 images of ten classes."""

import keras

from ...phy.strict import dataclass
from . import check_image, glorot


@dataclass(frozen=True)
class Cnn:
    """Images of at least 4 x 4: two convolutions and a dense layer.

    16 and 32 filters of 5 x 5, padded, each followed by maximum pooling over 2 x 2, then dense layers of 192 and the
    classes, with ReLU.

    The network of McMahan et al., "Communication-efficient learning of deep networks from decentralized data", AISTATS
    2017, with half its filters and three eighths of its hidden units.

    >>> from overair.learning.models.cnn import Cnn
    >>> Cnn().build((28, 28, 1), classes=10, seed=0).count_params()
    316426
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("cnn", shape, 4)
        kernel = glorot(seed)
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(16, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Conv2D(32, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(192, activation="relu", kernel_initializer=next(kernel)),
                layers.Dense(classes, kernel_initializer=next(kernel)),
            ]
        )
