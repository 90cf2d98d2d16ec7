"""CifarNet: two convolutions and three dense layers on the middle 24 x 24 pixels; 1,068,298 parameters in colour."""

import keras

from ...phy.strict import dataclass
from . import check_image, glorot

SIDE = 24  # pixels


@dataclass(frozen=True)
class Cifarnet:
    """Images of at least 24 x 24, of which it sees the middle: two convolutions and three dense layers.

    64 filters of 5 x 5 twice, padded, each followed by maximum pooling over 3 x 3 with a stride of 2, then dense layers
    of 384, 192 and the classes, with ReLU. The network of TensorFlow's tutorial on CIFAR-10 less its local response
    normalisation and weight decay.

    After Krizhevsky, Sutskever, Hinton, "ImageNet classification with deep convolutional neural networks", NIPS 2012.
    In 32 bits its gradient is the 34.19 Mbit of CifarNet in Abdi, "Distributed learning and inference in deep models",
    2020, ch. 2.

    >>> from overair.learning.models.cifarnet import Cifarnet
    >>> Cifarnet().build((32, 32, 3), classes=10, seed=0).count_params()
    1068298
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("cifarnet", shape, SIDE)
        rows, columns = ((length - SIDE) // 2 for length in shape[:2])
        kernel = glorot(seed)
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Cropping2D(((rows, shape[0] - SIDE - rows), (columns, shape[1] - SIDE - columns))),
                layers.Conv2D(64, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(3, 2, padding="same"),
                layers.Conv2D(64, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(3, 2, padding="same"),
                layers.Flatten(),
                layers.Dense(384, activation="relu", kernel_initializer=next(kernel)),
                layers.Dense(192, activation="relu", kernel_initializer=next(kernel)),
                layers.Dense(classes, kernel_initializer=next(kernel)),
            ]
        )
