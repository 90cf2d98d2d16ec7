"""Analog features: what crosses a cut as real symbols over the air, as it is or through a linear bottleneck.

    direct      m = d symbols; the features' scale is known to the server
    bottleneck  z = E x + e, m symbols for d features; x_hat = D z_hat + c; the scale is not sent

Two real symbols ride on a resource element. E and D begin as principal axes of example features and learn the loss of
the whole network through the air, whose other weights stay as they are: joint source-channel coding of features.
Jankowski, Gunduz, Mikolajczyk, "Joint device-edge inference over wireless links with pruning", SPAWC 2020; Shao,
Zhang, "BottleNet++", ICC Workshops 2020.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ....phy import keys
from ....phy.keys import Key
from ...over_air import OverAir
from .outage import BEST, PacketOutage


class Bottleneck(NamedTuple):
    """Encoder and decoder of features."""

    encoder: keras.Model
    decoder: keras.Model

    @property
    def symbols(self) -> int:
        """Real symbols an image."""
        return int(self.encoder.output_shape[-1])

    @staticmethod
    def fit(examples: np.ndarray, symbols: int) -> "Bottleneck":
        """Principal axes of features [N, ...], as a start."""
        shape, size = examples.shape[1:], math.prod(examples.shape[1:])
        if not 1 <= symbols <= min(size, len(examples)):
            raise ValueError(
                f"bottleneck.symbols: expected 1 to {size} for features of {' x '.join(map(str, shape))}, and no more "
                f"than the {len(examples)} examples, received {symbols}; send fewer"
            )
        flat = np.reshape(examples, [-1, size])
        mean = flat.mean(axis=0)
        axes = np.linalg.svd(flat - mean, full_matrices=False)[2][:symbols].T  # [d, m]
        power = np.mean(((flat - mean) @ axes) ** 2)
        made = Bottleneck(*untrained(shape, symbols))
        made.encoder.set_weights([axes, -mean @ axes])
        made.decoder.set_weights([axes.T * np.sqrt(2 * power), mean])  # a symbol arrives with a power of 1/2
        return made

    def send(
        self, features: tf.Tensor, over_air: OverAir, snr_db: tf.Tensor, key: Key, first: int | tf.Tensor = 0
    ) -> tf.Tensor:
        """What the server makes of features [B, ...] sent at SNRs [B], over the links from number ``first`` on."""
        return self.decoder(over_air(self.encoder(features), snr_db=snr_db, key=key, first=first))

    def train(
        self,
        server: keras.Model,
        over_air: OverAir,
        features: np.ndarray,
        labels: np.ndarray,
        snr_db: tuple[float, float],
        steps: int,
        key: Key,
        outage: PacketOutage = BEST,
        batch: int = 64,
        rate: float = 1e-3,
    ) -> float:
        """Learn the server's loss on features, at mean SNRs uniform in dB; returns the mean loss of the last tenth."""
        optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
        learnt = self.encoder.trainable_variables + self.decoder.trainable_variables
        optimizer.build(learnt)
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)

        @tf.function(autograph=False)
        def step(x: tf.Tensor, y: tf.Tensor, snr: tf.Tensor, key: Key) -> tf.Tensor:
            with tf.GradientTape() as tape:
                loss = loss_of(y, server(self.send(x, over_air, snr, key), training=False))
            optimizer.apply(tape.gradient(loss, learnt), learnt)
            return loss

        losses = []
        for at in range(steps):
            own = keys.fold(key, at)
            chosen = keys.uniform(keys.fold(own, "batch"), [batch], 0.0, len(labels)).numpy().astype(int) % len(labels)
            mean = keys.uniform(keys.fold(own, "mean snr"), [batch], *snr_db).numpy()
            snr = outage.read_snr_db(mean, batch, keys.fold(own, "fading"))
            losses.append(step(tf.constant(features[chosen]), tf.constant(labels[chosen]), snr, keys.fold(own, "air")))
        return float(np.mean([loss.numpy() for loss in losses[-max(1, steps // 10) :]]))


def untrained(
    shape: Sequence[int], symbols: int, names: tuple[str, str] = ("encoder", "decoder")
) -> tuple[keras.Model, keras.Model]:
    """A bottleneck's encoder and decoder with any weights."""
    encoder, decoder = keras.layers.Dense(symbols), keras.layers.Dense(math.prod(shape))
    return (
        keras.Sequential([keras.Input(shape), keras.layers.Flatten(), encoder], name=names[0]),
        keras.Sequential([keras.Input((symbols,)), decoder, keras.layers.Reshape(tuple(shape))], name=names[1]),
    )


def send_directly(features: tf.Tensor, over_air: OverAir, snr_db: tf.Tensor, key: Key) -> tf.Tensor:
    """What the server has of features [B, ...] that were sent as they are, and their scale before them."""
    count = math.prod(features.shape[1:])
    mean_square = tf.reduce_sum(features**2, axis=range(1, features.shape.rank), keepdims=True) / (count + count % 2)
    return over_air(features, snr_db=snr_db, key=key) * tf.sqrt(2.0 * mean_square)
