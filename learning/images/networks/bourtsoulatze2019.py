"""The first DeepJSCC network: five convolutions and five transposed ones, 143,667 parameters at 8 channels."""

from itertools import islice
from typing import ClassVar

import keras

from ....phy.strict import dataclass
from ...models import glorot
from . import Fixed, ImageShape, check_shape
from ._faster import Convolution, PRelu, Transposed

ENCODER = ((16, 2), (32, 2), (32, 1), (32, 1))  # filters and stride
DECODER = ((32, 1), (32, 1), (32, 1), (16, 2))


@dataclass(frozen=True)
class Bourtsoulatze2019(Fixed):
    """Images whose sides are multiples of 4: the first DeepJSCC network, of five convolutions and five transposed ones.

        encoder  5 x 5 convolutions: 16 with stride 2, 32 with stride 2, 32, 32, channels; PReLU after each
        decoder  5 x 5 transposed: 32, 32, 32, 16 with stride 2, PReLU after each; colours with stride 2, then a sigmoid

    PReLU has one slope a channel, shared over space, and 0.25 to begin with (He, Zhang, Ren, Sun, 2015). 8 channels of
    colour images are k/n = 1/12, 16 are 1/6; with c channels the encoder has 65,424 + 802 c parameters and the decoder
    65,427 + 800 c. The paper trains one network for each SNR with Adam on the squared error, 64 images a batch, at
    1e-3, and 1e-4 after 500,000 steps.

    Bourtsoulatze, Kurka, Gunduz, "Deep joint source-channel coding for wireless image transmission", IEEE Trans.
    Cognitive Communications and Networking, 2019.

    >>> from overair.learning.images.networks.bourtsoulatze2019 import Bourtsoulatze2019
    >>> encoder = Bourtsoulatze2019().encoder((32, 32, 3), channels=8)
    >>> decoder = Bourtsoulatze2019().decoder((32, 32, 3), channels=8)
    >>> encoder.output_shape, encoder.count_params() + decoder.count_params()
    ((None, 8, 8, 8), 143667)
    """

    stride: ClassVar[int] = 4

    def encoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        check_shape(shape, self.stride, channels)
        kernel = glorot(seed)
        layers: list[keras.Layer] = [keras.Input(shape)]
        for filters, stride in (*ENCODER, (channels, 1)):
            layers += [Convolution(filters, 5, stride, "same", kernel_initializer=next(kernel)), _prelu()]
        return keras.Sequential(layers)

    def decoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        check_shape(shape, self.stride, channels)
        kernel = islice(glorot(seed), len(ENCODER) + 1, None)  # those after the encoder's
        height, width = (side and side // self.stride for side in shape[:2])
        layers: list[keras.Layer] = [keras.Input((height, width, channels))]
        for filters, stride in DECODER:
            layers += [_upwards(filters, stride, kernel_initializer=next(kernel)), _prelu()]
        last = _upwards(shape[2], 2, kernel_initializer=next(kernel), activation="sigmoid")
        return keras.Sequential([*layers, last])


def _upwards(filters: int, stride: int, **options: object) -> keras.Layer:
    return Transposed(filters, 5, stride, "same", **options)


def _prelu() -> keras.Layer:
    return PRelu(keras.initializers.Constant(0.25), shared_axes=[1, 2])
