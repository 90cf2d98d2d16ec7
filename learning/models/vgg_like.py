"""VggLike: six convolutions and two dense layers; 204,570 parameters on 32 x 32 x 3 images of ten classes."""

import keras

from ...phy.strict import dataclass
from . import check_image, glorot

FILTERS = (16, 32, 64)


@dataclass(frozen=True)
class VggLike:
    """Images of at least 8 x 8: six convolutions and two dense layers, whose layers have names.

    Two convolutions of 3 x 3, padded, with ReLU and maximum pooling over 2 x 2 make a block; blocks have 16, 32 and 64
    filters, then dense layers of 128 and the classes. Layers have names, so that the network can be cut at one:
    block1_conv1, block1_conv2, block1_pool, ..., block3_pool, flatten, dense, logits.

    Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015, made small.

    >>> from overair.learning.models.vgg_like import VggLike
    >>> model = VggLike().build((32, 32, 3), classes=10, seed=0)
    >>> model.count_params(), [layer.name for layer in model.layers[:3]]
    (204570, ['block1_conv1', 'block1_conv2', 'block1_pool'])
    """

    def build(self, shape: tuple[int, ...], classes: int, seed: int) -> keras.Model:
        check_image("vgg_like", shape, 8)
        kernel, layers = glorot(seed), keras.layers
        body = []
        for block, filters in enumerate(FILTERS, 1):
            for name in (f"block{block}_conv1", f"block{block}_conv2"):
                settings = {"padding": "same", "activation": "relu", "kernel_initializer": next(kernel)}
                body.append(layers.Conv2D(filters, 3, name=name, **settings))
            body.append(layers.MaxPooling2D(name=f"block{block}_pool"))
        body += [
            layers.Flatten(name="flatten"),
            layers.Dense(128, activation="relu", kernel_initializer=next(kernel), name="dense"),
            layers.Dense(classes, kernel_initializer=next(kernel), name="logits"),
        ]
        return keras.Sequential([keras.Input(shape), *body])
