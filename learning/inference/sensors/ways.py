"""Many sensors see one thing: their features added over the air, or sent one by one in shares of the same elements."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ....ota.image_links import shares
from ....phy import Air, Awgn, Grid, PowerRule, keys
from ....phy.keys import Key
from ...over_air import OverAir
from . import bits

Way = Literal["added", "one_by_one", "digital"]
WAYS: tuple[Way, ...] = ("added", "one_by_one", "digital")
FEATURES = 4  # of a sensor that sends bits, an element: one bit each at 12 dB


class Views(NamedTuple):
    """What a sensor sees: a window of so many pixels a side, anywhere in the image, and noise of a deviation on all."""

    window: int = 14
    noise: float = 0.3

    def draw(self, images: tf.Tensor, sensors: int, key: Key) -> tf.Tensor:
        """Views [B, K, H, W, C] of images [B, H, W, C]; outside of its window a sensor sees noise alone."""
        batch, height, width = tf.shape(images)[0], images.shape[1], images.shape[2]
        self.check(images.shape[1:])
        seen = [
            self._seen(size, [batch, sensors], keys.fold(key, name))
            for name, size in (("rows", height), ("columns", width))
        ]
        window = seen[0][..., :, None, None] & seen[1][..., None, :, None]  # [B, K, H, W, 1]
        views = images[:, None] * tf.cast(window, images.dtype)
        return views + self.noise * keys.normal(keys.fold(key, "noise"), tf.shape(views))

    def check(self, shape: Sequence[int]) -> None:
        """Refuses a window that images [H, W, C] do not hold."""
        if not 1 <= self.window <= min(shape[:2]):
            raise ValueError(f"window: expected 1 to {min(shape[:2])} pixels, received {self.window}")

    def _seen(self, size: int, shape: list[Any], key: Key) -> tf.Tensor:
        """Which places of an axis lie in windows [B, K, size]."""
        first = tf.floor(keys.uniform(key, shape, 0.0, size - self.window + 1.0))[..., None]
        at = tf.range(size, dtype=tf.float32)
        return (at >= first) & (at < first + self.window)


class Sensors:
    """K sensors, N elements and a way to use them; ``encoder`` and ``head`` are Keras networks, made at the start.

    Many sensors see one thing: their features are added over the air, or sent one by one in shares of the same
    elements. K sensors have N elements together, and each an energy of N P:

        added       each sends 2 N features in all N elements; the server reads the sum of all, sum_k x_k + n
        one by one  each sends 2 N / K features in elements of its own, with K times the power; the server reads all
        digital     each sends bits in such elements, as many as they carry at capacity; the server reads all

    Each sensor's features are scaled to that energy in every use, whatever they are. What is added is what arrives:
    phases and gains are aligned, because h = 1, or by a power rule. One by one, the receiver equalises each sensor's
    own elements. Of bits, it tells each sensor for nothing the SNR of every element. All learn the same loss through
    the air, with one encoder that all sensors share and one head at the server.

    Args:
        sensors: how many there are, K.
        elements: complex symbols of all together, N; a multiple of K unless they are added.
        shape: of what a sensor sees, (H, W, C).
        classes: that the head tells apart.
        way: added, one_by_one or digital.
        seed: of the initial weights.
        hidden: units of the hidden layers.
        air: the link of a sensor; noise alone unless given.
        rule: by which sensors that are added align over an air that fades.

    Yilmaz, Hasircioglu, Gunduz, "Over-the-air ensemble inference with model privacy", ISIT 2022.

    >>> import tensorflow as tf
    >>> from overair.learning.inference.sensors.ways import Sensors
    >>> from overair.phy import keys
    >>> net = Sensors(sensors=4, elements=8, shape=(8, 8, 1), classes=10, way="one_by_one", hidden=16)
    >>> net.logits(tf.ones([2, 4, 8, 8, 1]), tf.fill([2], 10.0), keys.key(0)).shape, round(net.power_db, 2)
    (TensorShape([2, 10]), 6.02)
    """

    def __init__(
        self, sensors: int, elements: int, shape: tuple[int, ...], classes: int, way: Way = "added", seed: int = 0,
        hidden: int = 128, air: Air | None = None, rule: PowerRule | None = None,
    ) -> None:  # fmt: skip
        if way not in WAYS:
            raise ValueError(f"way: expected one of {', '.join(WAYS)}, received {way!r}")
        if sensors < 1 or elements < 1 or (way != "added" and elements % sensors):
            raise ValueError(
                f"sensors: expected at least 1 of each, and elements that all can share alike one by one, "
                f"received {sensors} sensors and {elements} elements; take a multiple of {max(sensors, 1)} elements"
            )
        self.sensors, self.elements, self.way = sensors, elements, way
        self.share = elements if way == "added" else elements // sensors
        air, added = air or Air(Grid(), Awgn(), 1), way == "added"
        if way == "digital" and not air.orthogonal:
            raise ValueError(
                "way: expected the frequency domain for features sent as bits, received the time domain; take "
                "one_by_one, or a link without impairments of the waveform"
            )
        self.over_air = OverAir(replace(air, devices=sensors if added else 1), rule=rule if added else None)
        if added and sensors > 1 and rule is None and air.channel != Awgn():
            raise ValueError(
                f"rule: expected a power rule, as features that add must arrive aligned, received none over "
                f"{air.channel}; take truncated_inversion, say, or the channel awgn"
            )
        each = FEATURES if way == "digital" else 2  # an element
        self.encoder = _dense(shape, hidden, each * self.share, seed)
        self.head = _dense((each * elements,), hidden, classes, seed + 1)

    @property
    def power_db(self) -> float:
        """Of a sensor's element while it sends, over P: all spend the energy of N elements."""
        return 10 * math.log10(self.elements / self.share)

    def logits(self, views: tf.Tensor, snr_db: tf.Tensor, key: Key, first: int | tf.Tensor = 0) -> tf.Tensor:
        """Of what sensors see [B, K, H, W, C], at SNRs [B] of an element at power P; ``first`` is an image's number."""
        batch, sensors = tf.shape(views)[0], self.sensors
        each = tf.reshape(views, tf.concat([[batch * sensors], tf.shape(views)[2:]], 0))
        features = self.encoder(each)  # [B K, 2 share]
        if self.way == "added":
            if sensors > 1:
                features = tf.reshape(features, [batch, sensors, 2 * self.share])
            return self.head(self.over_air(features, snr_db=snr_db, key=key, first=first))
        stronger = tf.repeat(snr_db, sensors) + self.power_db
        first = sensors * first  # a batch item is a sensor: its share, its noise
        if self.way == "digital":
            received = self._as_bits(features, stronger, key, first)
        else:
            received = self.over_air(features, snr_db=stronger, key=key, first=first)
        return self.head(tf.reshape(received, [batch, self.head.input_shape[1]]))

    def _as_bits(self, features: tf.Tensor, snr_db: tf.Tensor, key: Key, first: int | tf.Tensor) -> tf.Tensor:
        """What the server reads of features [B K, L] told in bits over the links of those sent as they are."""
        room = shares(self.over_air.air, snr_db, self.share, key, "told", first).information  # [B K]
        chance = keys.uniform(keys.fold(key, "whole bits", first), tf.shape(room))
        return bits.told(tf.tanh(features), bits.depths(bits.whole(room, chance), features.shape[1]))


def fit(
    net: Sensors, x: np.ndarray, y: np.ndarray, views: Views, snr_db: tuple[float, float], steps: int, key: Key,
    batch: int = 64, rate: float = 2e-3,
) -> float:  # fmt: skip
    """Train at SNRs uniform in dB, one an image; returns the mean loss of the last tenth."""
    learnt = net.encoder.trainable_variables + net.head.trainable_variables
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, steps))
    optimizer.build(learnt)
    images, labels = tf.constant(x), tf.constant(y)

    @tf.function(autograph=False)
    def step(key: Key, images: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:  # in a graph they would outlive it
        chosen = tf.random.stateless_uniform([batch], keys.fold(key, "batch"), 0, len(y), tf.int32)
        seen = views.draw(tf.gather(images, chosen), net.sensors, keys.fold(key, "views"))
        snr = keys.uniform(keys.fold(key, "snr"), [batch], *snr_db)
        with tf.GradientTape() as tape:
            logits = net.logits(seen, snr, keys.fold(key, "air"))
            loss = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather(labels, chosen), logits))
        optimizer.apply(tape.gradient(loss, learnt), learnt)
        return loss

    losses = [step(keys.fold(key, at), images, labels) for at in range(steps)]
    return float(np.mean([loss.numpy() for loss in losses[-max(1, steps // 10) :]]))


def accuracy(net: Sensors, x: np.ndarray, y: np.ndarray, views: Views, snr_db: float, key: Key) -> float:
    """The share of images that are told right, each seen and sent once."""

    return accuracies(net, x, y, views, [snr_db], key)[0]


def accuracies(
    net: Sensors, x: np.ndarray, y: np.ndarray, views: Views, snrs_db: Sequence[float], key: Key
) -> list[float]:
    """At each SNR the share of images that are told right, seen alike and sent over the same links at all SNRs."""

    @tf.function(autograph=False)
    def right(images: tf.Tensor, labels: tf.Tensor, part: tf.Tensor, first: tf.Tensor, snr_db: tf.Tensor) -> tf.Tensor:
        seen = views.draw(images, net.sensors, keys.fold(key, "views", part))
        logits = net.logits(seen, tf.fill([tf.shape(images)[0]], snr_db), keys.fold(key, "air"), first)
        return tf.reduce_sum(tf.cast(tf.argmax(logits, 1, labels.dtype) == labels, tf.int32))

    images, labels = np.array_split(x, 10), np.array_split(y, 10)
    firsts = np.cumsum([0, *map(len, labels)])[:-1]
    parts = [tuple(map(tf.constant, part)) for part in zip(images, labels, range(10), firsts, strict=True)]
    sums = [sum(int(right(*part, tf.constant(snr, tf.float32))) for part in parts) for snr in snrs_db]
    return [some / len(y) for some in sums]


def _dense(shape: tuple[int, ...], hidden: int, outputs: int, seed: int) -> keras.Model:
    start = [keras.initializers.GlorotUniform(int(state)) for state in np.random.SeedSequence(seed).generate_state(2)]
    return keras.Sequential(
        [
            keras.Input(shape),
            keras.layers.Flatten(),
            keras.layers.Dense(hidden, activation="relu", kernel_initializer=start[0]),
            keras.layers.Dense(outputs, kernel_initializer=start[1]),
        ]
    )
