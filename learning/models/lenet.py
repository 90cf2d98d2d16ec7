"""LeNet-5 with ReLU and maximum pooling: 61,706 parameters on 28 x 28 x 1 images of ten classes."""

import keras

from ...phy.strict import dataclass
from . import check_image, glorot


@dataclass(frozen=True)
class Lenet:
    """Images of at least 12 x 12: LeNet-5 with ReLU and maximum pooling.

    Convolutions of 6 and 16 filters of 5 x 5, each followed by pooling over 2 x 2, then dense layers of 120, 84 and the
    classes. The first convolution pads, so images need 12 x 12 pixels.

    LeCun, Bottou, Bengio, Haffner, "Gradient-based learning applied to document recognition", Proceedings of the IEEE,
    1998.

    >>> from overair.learning.models.lenet import Lenet
    >>> Lenet().build((28, 28, 1), classes=10, seed=0).count_params()
    61706
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("lenet", shape, 12)
        kernel = glorot(seed)
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(6, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Conv2D(16, 5, activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(120, activation="relu", kernel_initializer=next(kernel)),
                layers.Dense(84, activation="relu", kernel_initializer=next(kernel)),
                layers.Dense(classes, kernel_initializer=next(kernel)),
            ]
        )
