"""Analog: features as real symbols of a linear bottleneck that is learnt through the air (JSCC), two on an element."""

import math
from collections.abc import Callable, Sequence
from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from .....phy import Air, Awgn, keys
from .....phy.strict import dataclass
from ....over_air import OverAir
from ..analog import Bottleneck, untrained
from . import Cut, Examples, Sent

EXAMPLES, FITTED = 10_000, 8  # training images learnt from; those whose principal axes are the start, for each symbol


@dataclass(frozen=True)
class BottleneckFeatures:
    """An encoder at the device and a decoder at the server: features as real symbols of a linear bottleneck (JSCC).

    Two symbols ride on an element,

        z = E x + e, m symbols for d features;        x_hat = D z_hat + c.

    E and D begin as principal axes of example features and learn the loss of the whole network through the air, whose
    other weights stay as they are, at SNRs uniform in dB; they serve all SNRs. Where a cut has fewer numbers than
    symbols were asked for, it sends as many as there are numbers.

    Jankowski, Gunduz, Mikolajczyk, "Joint device-edge inference over wireless links with pruning", SPAWC 2020; Shao,
    Zhang, "BottleNet++", ICC Workshops 2020.

    >>> import keras, numpy as np
    >>> from overair.learning.data import Arrays
    >>> from overair.learning.inference.split.features import Cut, Examples
    >>> from overair.learning.inference.split.features.bottleneck import BottleneckFeatures
    >>> from overair.learning.inference.split.outage import PacketOutage
    >>> from overair.phy import Grid
    >>> x, y = np.zeros([64, 8, 8, 1], np.float32), np.zeros(64, np.int32)
    >>> device = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()], name="device")
    >>> server = keras.Sequential([keras.Input((64,)), keras.layers.Dense(10)], name="server")
    >>> data = Arrays(x, y, x, y, classes=10), Examples(x, y)
    >>> cut = Cut(device, server, "flatten", False, *data, PacketOutage(), Grid(), seed=0)
    >>> [part.output_shape for part in BottleneckFeatures(symbols=16).parts(cut)]  # symbols, and logits
    [(None, 16), (None, 10)]
    """

    symbols: Annotated[int, Gt(0)] = 256
    """Most real symbols of an image."""
    steps: Annotated[int, Gt(0)] = 400
    """Steps of the training, of 64 images each."""
    low_db: Annotated[float, Ge(-300), Le(300)] = -10.0
    """Least SNR of the training, in dB."""
    high_db: Annotated[float, Ge(-300), Le(300)] = 25.0
    """Largest SNR of the training, in dB."""

    def __post_init__(self) -> None:
        if self.low_db > self.high_db:
            raise ValueError(
                f"bottleneck.high_db: expected at least low_db = {self.low_db:g}, received {self.high_db:g}"
            )

    def parts(self, cut: Cut) -> tuple[keras.Model, keras.Model]:
        names = f"{cut.device.name}_encoder", f"{cut.server.name}_decoder"  # other than those of their neighbours
        encoder, decoder = untrained(cut.device.output_shape[1:], self._symbols(cut), names)
        return keras.Sequential([cut.device, encoder]), keras.Sequential([decoder, cut.server])

    def send(self, cut: Cut, snrs_db: Sequence[float]) -> Sent:
        over_air = OverAir(Air(cut.grid, Awgn(), 1))  # fading is in the SNRs
        bottleneck = Bottleneck(*untrained(cut.device.output_shape[1:], self._symbols(cut)))
        encoder, decoder = bottleneck.encoder.weights, bottleneck.decoder.weights
        for variable, value in zip((*encoder, *decoder), cut.kept(lambda: self._learnt(cut, over_air)), strict=True):
            variable.assign(value)
        tested, key = Examples(cut.data.x_test, cut.data.y_test), keys.key(cut.seed, "links")  # of every cut and SNR
        right = _counts(cut, bottleneck, over_air)
        reached = _accuracies(cut, right, snrs_db, tested, key)
        held = _accuracies(cut, right, snrs_db, cut.held_out, keys.key(cut.seed, "validation links"))
        elements = np.full(len(snrs_db), -(-bottleneck.symbols // 2))
        return Sent(np.array(reached), np.array(held), elements, 0.0, 0)

    def _symbols(self, cut: Cut) -> int:
        images = min(len(cut.data.x_train), EXAMPLES)
        return min(self.symbols, math.prod(cut.device.output_shape[1:]), images)

    def _learnt(self, cut: Cut, over_air: OverAir) -> list[np.ndarray]:
        """The weights of encoder and decoder."""
        features, labels = cut.device.predict(cut.data.x_train[:EXAMPLES], 250, 0), cut.data.y_train[:EXAMPLES]
        symbols, snr_db = self._symbols(cut), (self.low_db, self.high_db)
        made, key = (
            Bottleneck.fit(features[: FITTED * symbols], symbols),
            keys.key(cut.seed, "split", cut.name, "train"),
        )
        made.train(cut.server, over_air, features, labels, snr_db, self.steps, key, cut.outage)
        return [*made.encoder.get_weights(), *made.decoder.get_weights()]


def _counts(cut: Cut, bottleneck: Bottleneck, over_air: OverAir) -> Callable[..., tf.Tensor]:
    """How many images [B] are told right over links from a number on."""

    @tf.function(autograph=False)
    def right(x: tf.Tensor, y: tf.Tensor, snr: tf.Tensor, links: keys.Key, first: tf.Tensor) -> tf.Tensor:
        logits = cut.server(bottleneck.send(x, over_air, snr, links, first), training=False)
        return tf.reduce_sum(tf.cast(tf.argmax(logits, 1, tf.int32) == y, tf.int32))

    return right


def _accuracies(
    cut: Cut, right: Callable[..., tf.Tensor], snrs_db: Sequence[float], tested: Examples, links: keys.Key
) -> list[float]:
    """At every SNR over the same links."""
    features, labels = cut.device.predict(tested.x, 250, 0), tested.y
    parts = [np.array_split(each, 10) for each in (features, labels)]
    firsts = np.cumsum([0, *map(len, parts[1])])[:-1]
    accuracies = []
    for snr in snrs_db:
        read = np.array_split(cut.outage.read_snr_db(snr, len(labels), links).numpy(), 10)
        sums = [right(x, y, s, links, tf.constant(at)) for x, y, s, at in zip(*parts, read, firsts, strict=True)]
        accuracies.append(sum(int(some) for some in sums) / len(labels))
    return accuracies
