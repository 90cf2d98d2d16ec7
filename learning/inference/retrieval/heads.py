"""The last layer, trained through the channel: from features to what is sent, and matched as it arrives.

    z = W f + b    query: y = air(z)    gallery: z itself, which the server computes from its own pictures

In every step some characters are drawn, and of each a few drawings: the mean of z over half of them is the character's
place in the gallery, the others are sent, and the loss is the cross-entropy of softmax(s cos(y, place)). It is the
retrieval task itself, so what is sent is what tells characters apart and survives the noise. Snell, Swersky and Zemel,
"Prototypical networks for few-shot learning", NeurIPS 2017; Jankowski, Gunduz and Mikolajczyk, "Wireless image
retrieval at the edge", IEEE JSAC 2021, who train all layers so; here those before W are trained once, without noise,
and shared by all that is compared.
"""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from ....phy import keys
from ....phy.keys import Key
from ...models import glorot
from .embedding import SCALE, cosine_loss

WAYS, SHOTS = 128, 2  # characters in a step; drawings of each in the gallery, and as many queries
RATE = 2e-3

# from z, a key, and how much of the training is over, to what is matched and a price added to the loss
SendQueries = Callable[[tf.Tensor, Key, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def head(features: int, width: int, seed: int) -> keras.Model:
    """From features [B, F] to z [B, n]."""
    kernel = next(glorot(seed))
    return keras.Sequential([keras.Input([features]), keras.layers.Dense(width, kernel_initializer=kernel)])


def train(
    model: keras.Model,
    seen: np.ndarray,
    send: SendQueries,
    steps: int,
    key: Key,
    more: tuple[keras.Variable, ...] = (),
    ways: int = WAYS,
    rate: float = RATE,
    vary: Callable[[tf.Tensor, Key], tf.Tensor] = lambda x, key: x,
) -> None:
    """Trains a model, and more variables that ``send`` uses, on what it is to embed, [C, D, ...] of C characters.

    ``vary`` changes what is drawn [B, ...] a little.
    """
    variables = [*model.trainable_variables, *more]
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
    optimizer.build(variables)
    table = tf.constant(seen)
    classes, drawers, *shape = seen.shape
    ways = min(ways, classes)

    @tf.function(autograph=False)
    def step(at: tf.Tensor) -> tf.Tensor:
        now = keys.fold(key, at)
        chosen = keys.permutation(keys.fold(now, "characters"), classes)[:ways]
        order = tf.argsort(keys.uniform(keys.fold(now, "drawers"), [ways, drawers]), axis=1)[:, : 2 * SHOTS]
        some = tf.gather_nd(table, tf.stack([tf.repeat(chosen[:, None], 2 * SHOTS, 1), order], 2))  # [W, 2S, ...]
        some = vary(tf.reshape(some, [-1, *shape]), keys.fold(now, "vary"))
        with tf.GradientTape() as tape:
            z = tf.reshape(model(some, training=True), [ways, 2 * SHOTS, -1])
            places = tf.reduce_mean(tf.math.l2_normalize(z[:, :SHOTS], -1), axis=1)  # [W, n]
            queries = tf.reshape(z[:, SHOTS:], [ways * SHOTS, z.shape[2]])
            heard, price = send(queries, keys.fold(now, "send"), tf.cast(at, tf.float32) / steps)
            loss = cosine_loss(heard, places, tf.repeat(tf.range(ways), SHOTS), SCALE) + price
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    for at in range(steps):
        step(tf.constant(at))


def noiseless(z: tf.Tensor, key: Key, progress: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """What the baseline sends arrives."""
    return z, tf.zeros([])
