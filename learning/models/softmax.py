"""Softmax regression: logits = W x + b on the flattened input; 7,850 parameters on 28 x 28 images of ten classes."""

import keras

from ...phy.strict import dataclass
from . import glorot


@dataclass(frozen=True)
class Softmax:
    """Inputs of any shape: softmax regression, logits = W x + b on the flattened input.

    Its loss is convex, so theory of convex optimisation applies.

    >>> from overair.learning.models.softmax import Softmax
    >>> Softmax().build((28, 28, 1), classes=10, seed=0).count_params()
    7850
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        kernel = glorot(seed)
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input(shape),
                layers.Flatten(),
                layers.Dense(classes, kernel_initializer=next(kernel)),
            ]
        )
