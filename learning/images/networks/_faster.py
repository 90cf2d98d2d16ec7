"""Layers as Keras has them, with the same weights, values and gradients, but faster on CPUs.

Spreading values over twice the places, which is a transposed convolution's way forward and a convolution's way back, is
slow with a stride of 2. It is the same as a 3 x 3 convolution without one, to four times the channels: those of the
four pixels that take the place of one. Only 5 x 5 kernels with stride 2 and padding "same" take this way, over images
of even sides; all others are Keras's own. A PReLU is made of as few passes over its input as there can be; its gradient
at 0 is the slope, where Keras has none.
"""

import math
from collections.abc import Callable

import keras
import tensorflow as tf

GradientOf = Callable[[tf.Tensor], tuple[tf.Tensor, ...]]


@keras.saving.register_keras_serializable("overair")
class Convolution(keras.layers.Conv2D):
    """From [B, 2h, 2w, C] to [B, h, w, filters] where the stride is 2."""

    def convolution_op(self, x: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        if not _is_strided(self) or any((side or 0) % 2 for side in x.shape[1:3]):
            return super().convolution_op(x, kernel)
        return _halved(x, tf.convert_to_tensor(kernel))


@keras.saving.register_keras_serializable("overair")
class Transposed(keras.layers.Conv2DTranspose):
    """From [B, h, w, C] to [B, 2h, 2w, filters] where the stride is 2."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        if not _is_strided(self):
            return super().call(x)
        return self.activation(_raised(x, tf.convert_to_tensor(self.kernel), tf.convert_to_tensor(self.bias)))


@keras.saving.register_keras_serializable("overair")
class PRelu(keras.layers.PReLU):
    """x - (1 - slope) min(x, 0), [..., C], with a slope a channel."""

    def call(self, x: tf.Tensor) -> tf.Tensor:
        if self.alpha.shape[-1] != math.prod(self.alpha.shape):
            return super().call(x)
        return _bent(x, tf.convert_to_tensor(self.alpha))


def _is_strided(layer: keras.Layer) -> bool:
    shape = layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate, getattr(layer, "groups", 1)
    plain = layer.use_bias and layer.data_format == "channels_last" and getattr(layer, "output_padding", None) is None
    return plain and shape == ((5, 5), (2, 2), "same", (1, 1), 1)


@tf.custom_gradient
def _halved(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, GradientOf]:
    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return _doubled(dy, kernel), _by_kernel(x, kernel, dy)

    return tf.nn.conv2d(x, kernel, 2, "SAME"), gradient


@tf.custom_gradient
def _doubled(x: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, GradientOf]:
    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return _halved(dy, kernel), _by_kernel(dy, kernel, x)

    return tf.nn.depth_to_space(tf.nn.conv2d(x, _of_squares(kernel), 1, "SAME"), 2), gradient


@tf.custom_gradient
def _raised(x: tf.Tensor, kernel: tf.Tensor, bias: tf.Tensor) -> tuple[tf.Tensor, GradientOf]:
    """``_doubled`` plus a bias, which costs nothing where it is added before places change."""

    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return _halved(dy, kernel), _by_kernel(dy, kernel, x), tf.reduce_sum(dy, [0, 1, 2])

    squares = tf.nn.bias_add(tf.nn.conv2d(x, _of_squares(kernel), 1, "SAME"), tf.tile(bias, [4]))
    return tf.nn.depth_to_space(squares, 2), gradient


def _by_kernel(large: tf.Tensor, kernel: tf.Tensor, small: tf.Tensor) -> tf.Tensor:
    """The gradient by the kernel of a convolution with stride 2, from large to small."""
    return tf.raw_ops.Conv2DBackpropFilter(
        input=large, filter_sizes=kernel.shape, out_backprop=small, strides=[1, 2, 2, 1], padding="SAME"
    )


def _of_squares(kernel: tf.Tensor) -> tf.Tensor:
    """A kernel [5, 5, C, D] from 2h x 2w places to h x w, as one from h x w places to squares, [3, 3, D, 4 C]."""
    large, small = kernel.shape[2:]
    whole = tf.reshape(tf.pad(kernel, [[1, 0], [1, 0], [0, 0], [0, 0]]), [3, 2, 3, 2, large, small])
    turned = tf.reverse(whole, [0, 2])
    return tf.reshape(tf.transpose(turned, [0, 2, 5, 1, 3, 4]), [3, 3, small, 4 * large])


@tf.custom_gradient
def _bent(x: tf.Tensor, slope: tf.Tensor) -> tuple[tf.Tensor, GradientOf]:
    def gradient(dy: tf.Tensor) -> tuple[tf.Tensor, ...]:
        above = tf.raw_ops.ReluGrad(gradients=dy, features=x)
        below = dy - above
        by_slope = tf.reduce_sum(below * x, list(range(x.shape.rank - 1)))
        return above + slope * below, tf.reshape(by_slope, slope.shape)

    return x - (1.0 - slope) * tf.minimum(x, 0.0), gradient
