"""Layers that change places for channels: squares of pixels as one place, and small squares as uncorrelated numbers."""

import keras
import numpy as np
import tensorflow as tf

DEVIATION = 0.01  # added to deviations, so that what hardly varies is not blown up
LARGEST = 0.06  # deviation of a correction to an image, in units of white

FoldShape = tuple[int | None, ...]


@keras.saving.register_keras_serializable("overair")
class Fold(keras.layers.Layer):
    """Squares of block x block places become one place of block^2 times the channels; ``back``: the other way."""

    def __init__(self, block: int, back: bool = False, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.block, self.back = block, back

    def call(self, x: tf.Tensor) -> tf.Tensor:
        return (tf.nn.depth_to_space if self.back else tf.nn.space_to_depth)(x, self.block)

    def compute_output_shape(self, input_shape: FoldShape) -> FoldShape:
        return folded(input_shape, self.block, self.back)

    def get_config(self) -> dict[str, object]:
        return super().get_config() | {"block": self.block, "back": self.back}


@keras.saving.register_keras_serializable("overair")
class Whiten(Fold):
    """Squares of block x block pixels as uncorrelated numbers of about unit variance, one place a square.

    ``back`` is the other way: numbers as corrections to pixels, each in the measure of its direction.
    """

    def build(self, input_shape: FoldShape) -> None:
        size = (input_shape[-1] or 1) * (1 if self.back else self.block**2)
        self.matrix = self.add_weight(name="matrix", shape=[size, size], initializer="identity", trainable=False)
        self.offset = self.add_weight(name="offset", shape=[size], initializer="zeros", trainable=False)

    def call(self, x: tf.Tensor) -> tf.Tensor:
        if self.back:
            return super().call(tf.matmul(x, self.matrix))
        return tf.matmul(super().call(x) - self.offset, self.matrix)

    def learn(self, images: np.ndarray) -> None:
        """The directions and deviations of images' squares."""
        squares = tf.nn.space_to_depth(images, self.block).numpy()
        squares = squares.reshape(-1, squares.shape[-1])
        mean = squares.mean(axis=0)
        variances, directions = np.linalg.eigh(np.cov((squares - mean).T))
        deviations = np.sqrt(np.maximum(variances, 0.0)) + DEVIATION
        if self.back:
            self.set_weights([(directions * np.minimum(deviations, LARGEST)).T, np.zeros_like(mean)])
        else:
            self.set_weights([directions / deviations, mean])


def folded(shape: FoldShape, block: int, back: bool = False) -> FoldShape:
    """The shape of a folded [B, H, W, C]."""
    batch, height, width, channels = shape
    assert channels is not None
    if back:
        return batch, height and height * block, width and width * block, channels // block**2
    return batch, height and height // block, width and width // block, channels * block**2
