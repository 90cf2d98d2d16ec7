"""ResNet-18: 11,173,962 parameters at width 64 and 176,402 at width 8, on 32 x 32 x 3 images of ten classes."""

from collections.abc import Iterator
from math import gcd
from typing import Annotated, Any, Literal

import keras
from annotated_types import Ge, Le

from ...phy.strict import dataclass
from . import check_image, glorot

STAGES, BLOCKS = 4, 2
GROUPS = 4  # of channels, or as many as divide them
MOMENTUM = 0.9  # of moving statistics
SMALLEST = 8  # pixels

Kernels = Iterator[keras.initializers.Initializer]


@dataclass(frozen=True)
class Resnet18:
    """Images of at least 8 x 8: a residual network of 18 layers, of any width (ResNet-18).

    A convolution, then four stages of two blocks with 1, 2, 4 and 8 times ``width`` filters, of which all but the first
    begin with a step of 2; a block is two convolutions of 3 x 3 beside a connection that skips them, which is a
    convolution of 1 x 1 where shapes change. All are padded, without biases and followed by normalisation, whose scales
    and offsets are as many whichever it is. Last the mean over places, and a dense layer.

    The ``small`` stem is a convolution of 3 x 3, as usual for CIFAR-10; the ``large`` one, of 7 x 7 by steps of 2 with
    maximum pooling, is that of ImageNet (11,181,642 parameters at width 64, also with ten classes). Group normalisation
    remembers nothing from batch to batch. Moving statistics of batch normalisation, 9,600 at width 64, are part of an
    update and travel with it.

    He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016; Wu, He, "Group normalization", ECCV
    2018.

    >>> from overair.learning.models.resnet18 import Resnet18
    >>> Resnet18(width=8).build((32, 32, 3), classes=10, seed=0).count_params()
    176402
    """

    width: Annotated[int, Ge(1), Le(512)] = 64
    """Filters of the first stage."""
    norm: Literal["group", "batch"] = "group"
    """Normalisation; over groups of channels of a sample, or over a batch with moving statistics."""
    stem: Literal["small", "large"] = "small"
    """First convolution; of 3 x 3, or of 7 x 7 by steps of 2 with pooling."""

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("resnet18", shape, SMALLEST)
        layers, kernel = keras.layers, glorot(seed)
        image = keras.Input(shape)
        side, step = (3, 1) if self.stem == "small" else (7, 2)
        x = layers.ReLU()(self._convolved(image, self.width, side, step, kernel))
        x = x if self.stem == "small" else layers.MaxPooling2D(3, 2, padding="same")(x)
        for stage in range(STAGES):
            for block in range(BLOCKS):
                x = self._block(x, self.width * 2**stage, 2 if stage and not block else 1, kernel)
        logits = layers.Dense(classes, kernel_initializer=next(kernel))(layers.GlobalAveragePooling2D()(x))
        return keras.Model(image, logits)

    def _block(self, x: Any, filters: int, step: int, kernel: Kernels) -> Any:
        """Two convolutions beside a connection that skips them."""
        layers = keras.layers
        y = layers.ReLU()(self._convolved(x, filters, 3, step, kernel))
        y = self._convolved(y, filters, 3, 1, kernel)
        skip = x if x.shape[-1] == filters and step == 1 else self._convolved(x, filters, 1, step, kernel)
        return layers.ReLU()(layers.Add()([y, skip]))

    def _convolved(self, x: Any, filters: int, side: int, step: int, kernel: Kernels) -> Any:
        """A convolution and its normalisation."""
        convolution = keras.layers.Conv2D(
            filters, side, step, padding="same", use_bias=False, kernel_initializer=next(kernel)
        )
        if self.norm == "batch":
            return keras.layers.BatchNormalization(momentum=MOMENTUM)(convolution(x))
        return keras.layers.GroupNormalization(gcd(filters, GROUPS))(convolution(x))
