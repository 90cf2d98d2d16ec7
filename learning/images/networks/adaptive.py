"""Residual networks around the best linear code: one pair for a range of SNRs and for several bandwidth ratios."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Gt, Le

from ....phy.strict import dataclass
from ...models import glorot
from . import ImageShape, check_shape
from ._folds import Fold, Whiten
from ._linear_start import SCALE, LinearDecoder, LinearEncoder, learn

TILE, SQUARE = 32, 4
EXAMPLES = 20_000  # images the closed form is learnt from
RANGE = 20.0  # dB, to bring SNRs to the order of one
Kernels = Iterator[keras.Initializer]


@keras.saving.register_keras_serializable("overair")
class _Told(keras.layers.Layer):
    """The state as numbers of the order of one."""

    def call(self, state: tf.Tensor) -> tf.Tensor:
        return state * tf.constant([1 / RANGE, 1.0, 1 / RANGE])[: state.shape[1]]


@keras.saving.register_keras_serializable("overair")
class _Unbiased(keras.layers.Layer):
    """What was read with the least squared error, y / (1 + N0), as features plus noise of N0."""

    def call(self, features: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        return features * (1.0 + tf.pow(10.0, -state[:, 2] / 10.0))[:, None, None, None]

    def compute_output_shape(self, features_shape: ImageShape, state_shape: ImageShape) -> ImageShape:
        return features_shape


@dataclass(frozen=True)
class Adaptive:
    """Images whose sides are multiples of 32: residual networks around the best linear code.

    One pair serves a range of SNRs and several bandwidth ratios. Encoder and decoder are the linear code on tiles of 32
    x 32 pixels (``LinearImages``, with its scale sent), and a network each that adds to it: to the features, and to the
    image. Both begin by adding nothing, so training starts at the closed form, whose scale is sent and not known. The
    networks work on squares of 4 x 4 pixels, whitened: residual blocks of two 3 x 3 convolutions, whose channels are
    weighed by what a small network makes of their means, the SNR and the share of the channels that is sent. Without
    whitening the same network hardly leaves the closed form.

    Fewer channels are sent by leaving the last ones out: ``shares`` are those it is trained for.

    Xu, Ai, Chen et al., "Wireless image transmission using deep source channel coding with attention modules", IEEE
    TCSVT 2022.

    >>> from overair.learning.images.networks.adaptive import Adaptive
    >>> network = Adaptive(width=4, encoder_blocks=1, decoder_blocks=1)
    >>> encoder = network.encoder((32, 64, 3), channels=512)  # k/n = 1/12
    >>> [tuple(each.shape) for each in encoder.inputs], encoder.output_shape
    ([(None, 32, 64, 3), (None, 2)], (None, 1, 2, 512))
    """

    width: Annotated[int, Gt(0), Le(4096)] = 64
    """Channels of the convolutions."""
    encoder_blocks: Annotated[int, Gt(0), Le(100)] = 2
    """Residual blocks of the encoder."""
    decoder_blocks: Annotated[int, Gt(0), Le(100)] = 3
    """Residual blocks of the decoder."""
    shares: tuple[Annotated[float, Gt(0), Le(1)], ...] = (0.5, 1.0)
    """Shares of its features that it can send."""
    stride: ClassVar[int] = TILE
    adapts: ClassVar[bool] = True
    refines: ClassVar[bool] = False

    def __post_init__(self) -> None:
        if not self.shares or list(self.shares) != sorted(set(self.shares)) or self.shares[-1] != 1:
            raise ValueError(f"adaptive.shares: expected shares that rise to 1, received {list(self.shares)}")

    def encoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        self._check(shape, channels)
        kernel = glorot(seed)
        image, state = keras.Input(shape), keras.Input((2,))
        linear = LinearEncoder(TILE, shape[2], channels, self.shares, name="linear", dtype="float32")(image, state)
        x = self._trunk(Whiten(SQUARE, name="whiten", dtype="float32")(image), state, self.encoder_blocks, kernel)
        x = keras.layers.Conv2D(channels * SQUARE**2 // TILE**2, 1, kernel_initializer="zeros")(x)
        return keras.Model([image, state], keras.layers.Add(dtype="float32")([linear, Fold(TILE // SQUARE)(x)]))

    def decoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        self._check(shape, channels)
        kernel = glorot(seed + 2**32)
        height, width = (side and side // TILE for side in shape[:2])
        features, state = keras.Input((height, width, channels)), keras.Input((3,))
        heard = _Unbiased(dtype="float32")(features, state)
        linear = LinearDecoder(TILE, shape[2], channels, self.shares, name="linear", dtype="float32")(heard, state)
        folded = Fold(TILE // SQUARE, back=True)(heard)
        x = [Whiten(SQUARE, name="whiten", dtype="float32")(linear), folded]
        x = self._trunk(keras.layers.Concatenate()(x), state, self.decoder_blocks, kernel)
        x = keras.layers.Conv2D(shape[2] * SQUARE**2, 3, padding="same", kernel_initializer="zeros")(x)
        correction = Whiten(SQUARE, back=True, name="colour", dtype="float32")(x)
        return keras.Model([features, state], keras.layers.Add(dtype="float32")([linear, correction]))

    def start(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray) -> None:
        """Begin at the best linear code for images like these."""
        images = images[:EXAMPLES]
        learn(encoder.get_layer("linear"), decoder.get_layer("linear"), images)
        for layer in (encoder.get_layer("whiten"), decoder.get_layer("whiten"), decoder.get_layer("colour")):
            layer.learn(images[:2000])

    def _check(self, shape: ImageShape, channels: int) -> None:
        check_shape(shape, TILE, channels)
        if channels - SCALE > (most := TILE**2 * shape[2]):
            raise ValueError(
                f"channels: expected at most {most + SCALE}, as many as a tile has samples and {SCALE}, received "
                f"{channels}; take a ratio of at most 1/2"
            )
        places = (TILE // SQUARE) ** 2
        sent = [share * channels for share in self.shares]
        if channels % places or any(abs(each - round(each)) > 1e-6 or round(each) <= SCALE for each in sent):
            raise ValueError(
                f"channels: expected a multiple of {places}, of which shares of {list(self.shares)} are whole numbers "
                f"above {SCALE}, received {channels}; take 512 for a ratio of 1/12, 1024 for 1/6"
            )

    def _trunk(self, x: keras.KerasTensor, state: keras.KerasTensor, blocks: int, kernel: Kernels) -> keras.KerasTensor:
        told = keras.layers.Reshape((1, 1, state.shape[1]))(_Told(dtype="float32")(state))
        x = self._convolution(kernel)(x)
        for _ in range(blocks):
            y = self._convolution(kernel, "relu")(x)
            y = self._convolution(kernel)(y)
            x = keras.layers.Add()([x, self._weighed(y, told, kernel)])
        return x

    def _weighed(self, y: keras.KerasTensor, told: keras.KerasTensor, kernel: Kernels) -> keras.KerasTensor:
        """Channels times what a small network makes of their means and the state."""
        means = keras.layers.GlobalAveragePooling2D(keepdims=True)(y)
        hidden = keras.layers.Concatenate()([means, told])
        hidden = keras.layers.Dense(max(self.width // 4, 1), "relu", kernel_initializer=next(kernel))(hidden)
        weights = keras.layers.Dense(self.width, "sigmoid", kernel_initializer=next(kernel))(hidden)
        return keras.layers.Multiply()([y, weights])

    def _convolution(self, kernel: Kernels, activation: str | None = None) -> keras.Layer:
        return keras.layers.Conv2D(
            self.width, 3, padding="same", activation=activation, kernel_initializer=next(kernel)
        )
