"""Successive refinement: the first layer of symbols gives an image, and every further layer a better one."""

from typing import Annotated, ClassVar

import keras
import numpy as np
from annotated_types import Gt, Le

from ....phy.strict import dataclass
from . import ImageShape
from .bourtsoulatze2019 import Bourtsoulatze2019


@keras.saving.register_keras_serializable("overair")
class _Heard(keras.layers.Layer):
    """Features [B, h, w, c] and, as one channel more, the share that was heard of them."""

    def call(self, features: keras.KerasTensor, state: keras.KerasTensor) -> keras.KerasTensor:
        share = keras.ops.reshape(state[:, 1], (-1, 1, 1, 1)) + 0.0 * features[..., :1]
        return keras.ops.concatenate([features, share], axis=-1)

    def compute_output_shape(
        self, features_shape: tuple[int | None, ...], state_shape: tuple[int | None, ...]
    ) -> tuple[int | None, ...]:
        return *features_shape[:-1], (features_shape[-1] or 0) + 1


@dataclass(frozen=True)
class Refinement:
    """Images whose sides are multiples of 4: a layer of symbols gives an image, each further one a better.

    All layers are always sent, each at full power; a receiver may stop listening after any of them, and one decoder
    serves all: it gets zeros for layers it has not heard, and is told how many it has. Encoder and decoder are those of
    ``Bourtsoulatze2019`` with ``layers`` times the channels of a layer; the decoder's first convolution sees the share
    it has heard as one channel more.

    Kurka and Gunduz, "Successive refinement of images with deep joint source-channel coding", SPAWC 2019, whose
    decoders are one a layer.

    >>> from overair.learning.images.networks.refinement import Refinement
    >>> network = Refinement(layers=2)
    >>> network.shares, network.encoder((32, 32, 3), channels=16).output_shape
    ((0.5, 1.0), (None, 8, 8, 16))
    """

    layers: Annotated[int, Gt(1), Le(100)] = 2
    """Of symbols, each at full power."""
    stride: ClassVar[int] = Bourtsoulatze2019.stride
    adapts: ClassVar[bool] = True
    refines: ClassVar[bool] = True

    @property
    def shares(self) -> tuple[float, ...]:
        return tuple((layer + 1) / self.layers for layer in range(self.layers))

    def encoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        if channels % (pairs := 2 * self.layers):  # a symbol carries two features, of one layer
            raise ValueError(
                f"channels: expected a multiple of {pairs}, an even number for each of the {self.layers} layers, "
                f"received {channels}; take {-(-channels // pairs) * pairs}"
            )
        plain = Bourtsoulatze2019().encoder(shape, channels, seed)
        image, state = keras.Input(shape), keras.Input((2,))
        return keras.Model([image, state], plain(image))

    def decoder(self, shape: ImageShape, channels: int, seed: int = 0) -> keras.Model:
        height, width = (side and side // self.stride for side in shape[:2])
        plain = Bourtsoulatze2019().decoder(shape, channels + 1, seed)
        features, state = keras.Input((height, width, channels)), keras.Input((3,))
        return keras.Model([features, state], plain(_Heard()(features, state)))

    def start(self, encoder: keras.Model, decoder: keras.Model, images: np.ndarray) -> None:
        pass
