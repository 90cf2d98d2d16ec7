"""The network that embeds drawings: four convolutions to 256 features, trained to tell the training characters apart.

    28 x 28 x 1 - conv 5x5/2, 16 - conv 3x3/2, 48 - conv 3x3, 64 - conv 3x3/2, 128 - dense, 256

each with batch normalisation and ReLU. Training is classification by cosine: logits are s cos(f, w_c) of features f
and a vector w_c for every class, with s = 16. A character turned by 90, 180 or 270 degrees counts as another class
(Santoro et al., "Meta-learning with memory-augmented neural networks", ICML 2016), and every drawing is turned,
stretched and shifted a little, anew each time. Wang et al., "NormFace", ACM MM 2017, for the cosine.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ....phy import keys
from ....phy.keys import Key
from ...models import glorot

FEATURES = 256
SCALE = 16.0  # of cosines before the softmax
TURN, STRETCH, SHIFT = 0.2, 0.15, 2.0  # at most: radians, share, pixels
TURNS = 4  # of 90 degrees, that make classes
BATCH = 64
RATE = 2e-3
EMBEDDED = 1000  # drawings embedded at once


class Batch(NamedTuple):
    """Which drawings, and by how many quarters they are turned, [B] each."""

    character: tf.Tensor
    drawer: tf.Tensor
    quarters: tf.Tensor


def network(side: int, seed: int) -> keras.Model:
    """From drawings [B, S, S, 1] to features [B, 256]; equal seeds give bitwise equal weights."""
    kernel, layers = glorot(seed), keras.layers
    x = entry = keras.Input([side, side, 1])
    for filters, size, stride in ((16, 5, 2), (48, 3, 2), (64, 3, 1), (128, 3, 2)):
        x = layers.Conv2D(filters, size, stride, "same", use_bias=False, kernel_initializer=next(kernel))(x)
        x = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x))
    x = layers.Dense(FEATURES, use_bias=False, kernel_initializer=next(kernel))(layers.Flatten()(x))
    return keras.Model(entry, layers.ReLU()(layers.BatchNormalization(momentum=0.95)(x)))


def train(drawings: np.ndarray, steps: int, seed: int) -> keras.Model:
    """A network that has seen ``steps`` batches of drawings [C, D, S, S, 1]."""
    model = network(drawings.shape[2], seed)
    classes = TURNS * len(drawings)
    centres = tf.Variable(next(glorot(seed + 1))([classes, FEATURES]), name="centres")
    schedule = keras.optimizers.schedules.CosineDecay(RATE, steps)
    optimizer = keras.optimizers.Adam(schedule)
    variables = [*model.trainable_variables, centres]
    optimizer.build(variables)
    images, root = tf.constant(drawings), keys.key(seed, "embedding")

    @tf.function(autograph=False)
    def step(at: tf.Tensor) -> tf.Tensor:
        key = keys.fold(root, at)
        batch = draw_batch(drawings.shape, BATCH, keys.fold(key, "batch"))
        x = vary(pick(images, batch), keys.fold(key, "vary"))
        with tf.GradientTape() as tape:
            features = model(x, training=True)
            label = batch.quarters * len(drawings) + batch.character
            loss = cosine_loss(features, centres, label)
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))
        return loss

    for at in range(steps):
        step(tf.constant(at))
    return model


def embed(model: keras.Model, images: np.ndarray) -> np.ndarray:
    """Features [..., 256] of images [..., S, S, 1]."""
    flat = images.reshape(-1, *images.shape[-3:])
    parts = [model(flat[at : at + EMBEDDED], training=False).numpy() for at in range(0, len(flat), EMBEDDED)]
    return np.concatenate(parts).reshape(*images.shape[:-3], -1)


def embed_varied(model: keras.Model, drawings: np.ndarray, key: Key) -> np.ndarray:
    """Features of drawings [C, D, S, S, 1], each varied once in each of its four positions, [4 C, D, 256]."""
    classes, drawers, *shape = drawings.shape
    flat, parts = drawings.reshape(-1, *shape), []
    for quarters in range(TURNS):
        for at in range(0, len(flat), EMBEDDED):
            some = tf.constant(flat[at : at + EMBEDDED])
            turned = quarter_turns(some, tf.fill([len(some)], quarters))
            parts.append(model(vary(turned, keys.fold(key, quarters, at)), training=False).numpy())
    return np.concatenate(parts).reshape(TURNS * classes, drawers, -1)


def cosine_loss(features: tf.Tensor, centres: tf.Tensor, label: tf.Tensor, scale: float = SCALE) -> tf.Tensor:
    """Mean cross-entropy of softmax(s cos(features [B, n], centres [C, n])) at the labels [B]."""
    logits = scale * cosines(features, centres)
    return tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(label, logits))


def cosines(left: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
    """Cosines between all rows of [Q, n] and [G, n], [Q, G]; 0 for a row of zeros."""
    return tf.matmul(tf.math.l2_normalize(left, -1), tf.math.l2_normalize(right, -1), transpose_b=True)


def draw_batch(shape: tuple[int, ...], size: int, key: Key) -> Batch:
    """Drawings of a set of that shape at random."""
    limits = [shape[0], shape[1], TURNS]
    return Batch(*tf.unstack(tf.cast(keys.uniform(key, [size, 3]) * tf.constant(limits, tf.float32), tf.int32), axis=1))


def pick(images: tf.Tensor, batch: Batch) -> tf.Tensor:
    """Drawings of a batch from [C, D, S, S, 1], turned, [B, S, S, 1]."""
    x = tf.gather_nd(images, tf.stack([batch.character, batch.drawer], 1))
    return quarter_turns(x, batch.quarters)


def quarter_turns(x: tf.Tensor, quarters: tf.Tensor) -> tf.Tensor:
    """Images [B, S, S, 1], each turned by so many quarters [B]."""
    half, across = quarters >= 2, quarters % 2 == 1
    x = tf.where(half[:, None, None, None], x[:, ::-1, ::-1], x)
    return tf.where(across[:, None, None, None], tf.transpose(x, [0, 2, 1, 3])[:, ::-1], x)


def vary(x: tf.Tensor, key: Key) -> tf.Tensor:
    """Images [B, S, S, 1], each turned, stretched and shifted a little."""
    count, side = tf.shape(x)[0], x.shape[1]
    angle, wide, high, right, down = tf.unstack(keys.uniform(key, [5, count], -1.0, 1.0))
    angle, wide, high = TURN * angle, 1.0 + STRETCH * wide, 1.0 + STRETCH * high
    a, b = tf.cos(angle) * wide, -tf.sin(angle) * high  # [B]
    c, d = tf.sin(angle) * wide, tf.cos(angle) * high
    centre = (side - 1) / 2
    e = centre * (1.0 - a - b) + SHIFT * right
    f = centre * (1.0 - c - d) + SHIFT * down
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=x,
        transforms=tf.stack([a, b, e, c, d, f, zero, zero], axis=1),
        output_shape=tf.constant([side, side]),
        interpolation="BILINEAR",
        fill_mode="CONSTANT",
        fill_value=0.0,
    )
