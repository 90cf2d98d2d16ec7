"""LeNet as TensorFlow's tutorials had it: 1,663,370 parameters on 28 x 28 x 1 images of ten classes."""

import keras

from ...phy.strict import dataclass
from . import check_image, glorot


@dataclass(frozen=True)
class LenetTf:
    """Images of at least 4 x 4: LeNet as TensorFlow's tutorials had it.

    Convolutions of 32 and 64 filters of 5 x 5, padded, each followed by maximum pooling over 2 x 2, then dense layers
    of 512 and the classes, with ReLU; without dropout.

    In 32 bits its gradient is the 53.23 Mbit of Lenet in Abdi, "Distributed learning and inference in deep models",
    2020, ch. 2.

    >>> from overair.learning.models.lenet_tf import LenetTf
    >>> LenetTf().build((28, 28, 1), classes=10, seed=0).count_params()
    1663370
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("lenet_tf", shape, 4)
        kernel = glorot(seed)
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Conv2D(32, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Conv2D(64, 5, padding="same", activation="relu", kernel_initializer=next(kernel)),
                layers.MaxPooling2D(),
                layers.Flatten(),
                layers.Dense(512, activation="relu", kernel_initializer=next(kernel)),
                layers.Dense(classes, kernel_initializer=next(kernel)),
            ]
        )
