"""The Karhunen-Loeve transform of image blocks: the axes along which they are uncorrelated."""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...phy.documented import documented

CHUNK = 4096  # blocks multiplied at once in float32; chunks are added up in float64


@documented
class Klt(NamedTuple):
    """The Karhunen-Loeve transform of image blocks: the axes along which they are uncorrelated.

    Images are cut into blocks of b x b pixels, numbers of d = b b C; fitted are the mean block, a known constant that
    is taken off and put back for nothing, and the eigenvectors, one a column by falling variance, and eigenvalues of
    the covariance about it. With b the side of the images there is one block, and the transform is that of whole
    images.

    >>> import numpy as np
    >>> from overair.learning.images import Klt
    >>> images = np.random.default_rng(0).random([50, 8, 8, 1], np.float32)
    >>> klt = Klt.fit(images, block=4)
    >>> coefficients = klt.forward(images, count=16)  # by image, block and axis
    >>> coefficients.shape, bool(np.allclose(klt.backward(coefficients, 8, 8), images, atol=1e-5))
    (TensorShape([50, 4, 16]), True)
    """

    block: int  # pixels a side, b
    mean: np.ndarray  # block, [d]
    axes: np.ndarray  # one a column, [d, d]
    variances: np.ndarray  # along them, falling, [d]

    @staticmethod
    def fit(*images: np.ndarray, block: int) -> "Klt":
        """The transform of one or more arrays of images [N, H, W, C]; sizes may differ between arrays."""
        blocks = [np.reshape(cut(each, block), [-1, block * block * each.shape[-1]]) for each in images]
        count = sum(map(len, blocks))
        mean = sum(each.sum(axis=0, dtype=np.float64) for each in blocks) / count
        covariance = np.zeros([len(mean)] * 2)
        for each in blocks:
            for start in range(0, len(each), CHUNK):
                apart = (each[start : start + CHUNK] - mean).astype(np.float32)
                covariance += apart.T @ apart
        variances, axes = np.linalg.eigh(covariance / count)
        falling = axes[:, ::-1].astype(np.float32)
        return Klt(block, mean.astype(np.float32), falling, np.maximum(variances[::-1], 0.0))

    def forward(self, images: tf.Tensor, count: int) -> tf.Tensor:
        """The first coefficients of each block, [B, L, count]."""
        blocks = cut(images, self.block)  # [B, H/b, W/b, d]
        if blocks.shape[-1] != len(self.mean):
            colours = len(self.mean) // self.block**2
            raise ValueError(
                f"images: expected {colours} colours, as fitted, received {images.shape[-1]}; fit on images like these"
            )
        coefficients = tf.matmul(blocks - self.mean, self.axes[:, :count])
        return tf.reshape(coefficients, [-1, blocks.shape[1] * blocks.shape[2], count])

    def backward(self, coefficients: tf.Tensor, height: int, width: int) -> tf.Tensor:
        """Images [B, height, width, C] of the first coefficients [B, L, count] of each block, the others being 0."""
        blocks = tf.matmul(coefficients, self.axes[:, : coefficients.shape[-1]], transpose_b=True) + self.mean
        field = tf.reshape(blocks, [-1, height // self.block, width // self.block, len(self.mean)])
        return tf.nn.depth_to_space(field, self.block) if self.block > 1 else field


def cut(images: tf.Tensor, block: int) -> tf.Tensor:
    """Images [B, H, W, C] as blocks [B, H/b, W/b, b b C]."""
    height, width = images.shape[1:3]
    if block < 1 or height % block or width % block:
        raise ValueError(
            f"images: expected sides that are multiples of the block of {block} pixels, received {height} x {width}; "
            "crop or pad them, or fit another block"
        )
    return tf.nn.space_to_depth(images, block) if block > 1 else tf.convert_to_tensor(images)
