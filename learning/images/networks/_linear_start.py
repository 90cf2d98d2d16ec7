"""The best linear analog code as a pair of layers, for many SNRs and shares of the channels: where a network starts.

A tile of pixels has the coefficients u_i of its Karhunen-Loeve transform, of variances lambda_i. The encoder sends

    f_i = a_i u_i / (sqrt(2) s),    s^2 = mean_i (a_i u_i)^2 over the image

with a_i^2 lambda_i = noise (sqrt(lambda_i / nu) - 1)+ as in ``images/linear.py``, and beside them t = (log s - mu) /
sigma, once in each of SCALE channels of every tile with ENERGY times the power of a feature together. The air brings
the mean power of all m + SCALE features to 1/2, so divides them by e, e^2 = (m + ENERGY t^2) / (m + SCALE). The decoder
is given features plus noise of N0, averages what it hears of t / e = r, has t^2 = m r^2 / (m + SCALE - ENERGY r^2), so
the scale costs two features of a tile and is never known for free, and takes the linear estimate of least error, u_i =
a_i lambda_i sqrt(2) e s y_i / (a_i^2 lambda_i + e^2 s^2 N0).
"""

import keras
import numpy as np
import tensorflow as tf

from ..linear import allocate
from ._folds import Shape, folded

SNRS = np.arange(-10.0, 32.5, 2.5)  # dB, of the table of amplitudes
USUAL = 10.0  # dB, where mu and sigma are taken
SCALE = 2  # channels that tell the scale
ENERGY = 9.0  # of both together, in that of a feature
FAR = 3.0  # standard deviations at which t is cut off


class _Linear(keras.layers.Layer):
    """What both sides know: the transform, variances, amplitudes by SNR and share, mean and deviation of log s.

    ``state`` [B, 2] or more begins with the SNR in dB that was set and the share of the channels that is sent.
    """

    def __init__(self, tile: int, colours: int, channels: int, shares: tuple[float, ...], **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.tile, self.colours, self.channels, self.shares = tile, colours, channels, tuple(shares)

    def get_config(self) -> dict[str, object]:
        own = {"tile": self.tile, "colours": self.colours, "channels": self.channels, "shares": list(self.shares)}
        return super().get_config() | own

    def build(self, x_shape: Shape, state_shape: Shape) -> None:
        samples, count, shares = self.tile**2 * self.colours, self.channels - SCALE, len(self.shares)

        def known(name: str, *shape: int) -> keras.Variable:
            return self.add_weight(name=name, shape=shape, initializer="zeros", trainable=False)

        self.mean, self.directions = known("mean", samples), known("directions", samples, count)
        self.variances = known("variances", count)
        self.amplitudes = known("amplitudes", len(SNRS), shares, count)
        self.log_scale = known("log_scale", shares, 2)

    def agreed(self, state: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Amplitudes [B, 1, 1, m], zero where nothing is sent, and mean and deviation of log s, [B, 2]."""
        share = tf.reduce_sum(tf.cast(state[:, 1:2] > np.array(self.shares[:-1], np.float32) + 1e-4, tf.int32), axis=1)
        at = tf.clip_by_value((state[:, 0] - SNRS[0]) / (SNRS[1] - SNRS[0]), 0.0, len(SNRS) - 1.001)
        below = tf.cast(at, tf.int32)
        table, toward = tf.convert_to_tensor(self.amplitudes), (at - tf.cast(below, at.dtype))[:, None]
        low, high = (tf.gather_nd(table, tf.stack([place, share], axis=1)) for place in (below, below + 1))
        amplitudes = low + toward * (high - low)
        return amplitudes[:, None, None], tf.gather(tf.convert_to_tensor(self.log_scale), share)


@keras.saving.register_keras_serializable("overair")
class LinearEncoder(_Linear):
    """From images to features, [B, H/tile, W/tile, channels]; a feature has a mean power of 1/2."""

    def call(self, x: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        u = tf.matmul(tf.nn.space_to_depth(x, self.tile) - self.mean, self.directions)  # [B, h, w, m]
        amplitudes, log_scale = self.agreed(state)
        used = tf.round(state[:, 1] * self.channels) - SCALE  # [B]
        sent = amplitudes * u
        energy = tf.reduce_mean(tf.reduce_sum(sent**2, axis=3), axis=[1, 2]) / used
        s = tf.sqrt(energy + 1e-12)  # [B]
        t = tf.clip_by_value((tf.math.log(s) - log_scale[:, 0]) / log_scale[:, 1], -FAR, FAR)
        told = (ENERGY / SCALE / 2) ** 0.5 * t[:, None, None, None]
        told = tf.broadcast_to(told, tf.concat([tf.shape(u)[:3], [SCALE]], axis=0))
        return tf.concat([told, sent / (2**0.5 * s[:, None, None, None])], axis=3)

    def compute_output_shape(self, x_shape: Shape, state_shape: Shape) -> Shape:
        return *folded(x_shape, self.tile)[:3], self.channels


@keras.saving.register_keras_serializable("overair")
class LinearDecoder(_Linear):
    """From features plus noise, those not sent zero, to images; the third of ``state`` is the SNR that is believed."""

    def call(self, x: tf.Tensor, state: tf.Tensor) -> tf.Tensor:
        amplitudes, log_scale = self.agreed(state)
        noise = tf.pow(10.0, -state[:, 2] / 10.0)  # N0, [B]
        count = tf.round(state[:, 1] * self.channels)  # [B]
        copies = tf.cast(SCALE * tf.shape(x)[1] * tf.shape(x)[2], tf.float32)
        t = tf.reduce_mean(x[..., :SCALE], axis=[1, 2, 3]) / (ENERGY / SCALE / 2) ** 0.5
        t /= 1.0 + noise / copies / (ENERGY / SCALE)
        t = tf.clip_by_value(t, -FAR / _excess(FAR, count), FAR / _excess(FAR, count))  # r
        t *= tf.sqrt((count - SCALE) / (count - ENERGY * t**2))
        s = (tf.exp(log_scale[:, 0] + log_scale[:, 1] * t) * _excess(t, count))[:, None, None, None]
        variances = tf.convert_to_tensor(self.variances)
        down = amplitudes**2 * variances + s**2 * noise[:, None, None, None] + 1e-9
        u = amplitudes * variances * 2**0.5 * s * x[..., SCALE:] / down
        image = tf.matmul(u, self.directions, transpose_b=True) + self.mean
        return tf.nn.depth_to_space(image, self.tile)

    def compute_output_shape(self, x_shape: Shape, state_shape: Shape) -> Shape:
        return folded((*x_shape[:3], self.tile**2 * self.colours), self.tile, back=True)


def _excess(t: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """What features of an image that tells t are divided by to have a mean power of 1/2, [B]."""
    return tf.sqrt((count - SCALE + ENERGY * t**2) / count)


def learn(encoder: LinearEncoder, decoder: LinearDecoder, images: np.ndarray) -> None:
    """The transform and all that follows from it, from example images [N, H, W, C]."""
    tiles = tf.nn.space_to_depth(images, encoder.tile).numpy()
    tiles = tiles.reshape(-1, tiles.shape[-1])
    count, mean = encoder.channels - SCALE, tiles.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov((tiles - mean).T))
    variances, directions = np.maximum(variances[::-1][:count], 1e-9), directions[:, ::-1][:, :count]
    u = (tiles - mean) @ directions
    amplitudes = np.zeros([len(SNRS), len(encoder.shares), count])
    log_scale = np.zeros([len(encoder.shares), 2])
    for place, share in enumerate(encoder.shares):
        used = round(share * encoder.channels) - SCALE
        for row, snr_db in enumerate(SNRS):
            powers = allocate(variances[:used], used, 10 ** (-snr_db / 10))
            amplitudes[row, place, :used] = np.sqrt(powers / variances[:used])
        logs = np.log(((u * amplitudes[list(SNRS).index(USUAL), place]) ** 2).sum(axis=1) / used) / 2
        log_scale[place] = logs.mean(), max(logs.std(), 1e-6)
    for layer in (encoder, decoder):
        layer.set_weights([mean, directions, variances, amplitudes, log_scale])
