"""The study behind ``split_inference``: a small VGG on CIFAR-10, cut at every layer, digital and analog.

Features cross the cut in the fewest bits a number that cost less than half a point of accuracy on training images, or
as 256 real symbols of a learnt linear bottleneck; images cross it as 8 bits a number; the last cut sends the name of a
class. The link is slow Rayleigh fading of which the device knows the mean SNR: it takes the rate by which most gets
through, and sends again what is lost. The receiver asks for analog symbols again with the same probability.
"""

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ..learning.data import Arrays
from ..learning.data.cifar10 import Cifar10
from ..learning.inference.split.analog import Bottleneck, untrained
from ..learning.inference.split.cost import Costs, Seconds
from ..learning.inference.split.cuts import INPUT, cut, cuts
from ..learning.inference.split.digital import Quantiser, answer_bits, image_bits
from ..learning.inference.split.outage import BEST, PacketOutage
from ..learning.models.vgg_like import VggLike
from ..learning.over_air import OverAir
from ..phy import Air, Awgn, Grid, keys
from ._tables import Rows
from ._tables import table as read

SEED, EPOCHS, BATCH, RATE = 0, 7, 64, 2e-3
GRID = Grid(subcarriers=1200, symbols=14, spacing=15e3, prefix=84)  # 18 MHz, prefixes of 4.7 us
SNRS = tuple(np.arange(-10.0, 26.0, 5.0))
DEPTHS = (1, 2, 3, 4, 6, 8)
TOLERANCE = 0.005  # of accuracy, for the choice of a depth
SYMBOLS, STEPS, EXAMPLES = 256, 400, 10_000
IMAGE, CLASSES = (32, 32, 3), 10
BOTTLENECKS = (INPUT, "block1_pool", "block2_pool", "block3_pool")
COLUMNS: tuple[str, ...] = ("scheme", "cut", "depth", "symbols", "snr_db", "accuracy", "bits", "elements", "tries")
COLUMNS += ("device_s", "server_s", "latency_s", "energy_j")
UNSPLIT = "unsplit"
DEVICE = Costs()


def network(data: Arrays, weights: Path | None = None) -> keras.Model:
    """The trained network; its weights are read from a file (.weights.h5), or learnt and written there."""
    model = VggLike().build(data.x_train.shape[1:], data.classes, SEED)
    if weights is not None and weights.exists():
        model.load_weights(weights)
        return model
    steps, rng = len(data.y_train) // BATCH, np.random.default_rng(SEED)
    rate = keras.optimizers.schedules.CosineDecay(RATE, EPOCHS * steps)
    model.compile(keras.optimizers.Adam(rate), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    for _ in range(EPOCHS):
        order = rng.permutation(len(data.y_train))[: steps * BATCH]
        x, mirrored = data.x_train[order], rng.random(steps * BATCH) < 0.5
        x[mirrored] = x[mirrored, :, ::-1]
        model.fit(x, data.y_train[order], batch_size=BATCH, shuffle=False, verbose=0)
    if weights is not None:
        model.save_weights(weights)
    return model


def table(file: Path, weights: Path | None = None) -> Rows:
    """The rows of the file by column; one that is not there is written first."""
    return read(file, COLUMNS, rows(weights), 2, [f"seed {SEED}"])


def rows(weights: Path | None = None, costs: Costs = DEVICE, outage: PacketOutage = BEST) -> Iterator[tuple[str, ...]]:
    """The names of the columns, and a row for every scheme, cut and SNR."""
    yield COLUMNS
    data = Cifar10().load()
    model = network(data, weights)
    whole = _accuracy(model, data.x_test, data.y_test)
    yield UNSPLIT, "", *("0" for _ in COLUMNS[2:5]), f"{whole:.6g}", *("0" for _ in COLUMNS[6:])
    for name in cuts(model):
        seconds = costs.seconds(*parts_of(model, "digital", name))
        depth, accuracy, bits = _digital(model, name, data, whole)
        for snr in SNRS:
            elements = outage.elements(bits, snr)
            counted = *_told(snr, accuracy, bits, elements, outage), *_times(seconds, elements, snr, costs, outage)
            yield "digital", name, str(depth), "0", *counted
        if name in BOTTLENECKS:
            seconds = costs.seconds(*parts_of(model, "analog", name))
            for snr, accuracy in zip(SNRS, _analog(model, name, data, outage), strict=True):
                elements = -(-SYMBOLS // 2)
                counted = *_told(snr, accuracy, 0.0, elements, outage), *_times(seconds, elements, snr, costs, outage)
                yield "analog", name, "0", str(SYMBOLS), *counted


def parts_of(model: keras.Model, scheme: str, name: str) -> tuple[keras.Model, keras.Model]:
    """What device and server compute; analog features pass a bottleneck on either side."""
    device, server = cut(model, name)
    if scheme == "digital":
        return device, server
    shape = device.output_shape[1:]
    encoder, decoder = untrained(shape, SYMBOLS)
    return keras.Sequential([device, encoder]), keras.Sequential([decoder, server])


def measured(found: list[dict[str, str]], costs: Costs = DEVICE, outage: PacketOutage = BEST) -> list[dict[str, str]]:
    """The same rows with times of computing that are measured on this machine, whatever the weights."""
    model = VggLike().build(IMAGE, CLASSES, SEED)
    kept, *others = found
    ways = {(row["scheme"], row["cut"]) for row in others}
    timed: list[dict[str, str]] = []
    seconds = {way: costs.seconds(*parts_of(model, *way), "measured") for way in sorted(ways)}
    for row in others:
        own = seconds[row["scheme"], row["cut"]]
        times = _times(own, int(row["elements"]), float(row["snr_db"]), costs, outage)
        timed.append(row | dict(zip(COLUMNS[-4:], times, strict=True)))
    return [kept, *timed]


def _told(snr: float, accuracy: float, bits: float, elements: int, outage: PacketOutage) -> tuple[str, ...]:
    return tuple(f"{number:.6g}" for number in (snr, accuracy, bits, elements, outage.tries(snr)))


def _times(seconds: Seconds, elements: int, snr: float, costs: Costs, outage: PacketOutage) -> tuple[str, ...]:
    bill = costs.bill(seconds, outage.airtime(elements, snr, GRID))
    return tuple(f"{number:.6g}" for number in (*seconds, *bill))


def _digital(model: keras.Model, name: str, data: Arrays, whole: float) -> tuple[int, float, float]:
    """Bits a number, accuracy, and bits an image."""
    device, server = cut(model, name)
    if name == INPUT:
        return 8, whole, image_bits(data.x_test.shape[1:])
    if name == cuts(model)[-1]:
        return 0, whole, answer_bits(data.classes)
    some, labels = device.predict(data.x_train[-2000:], 250, 0), data.y_train[-2000:]
    best = _accuracy(server, some, labels)
    for depth in DEPTHS:
        quantiser = Quantiser.fit(some[:200], depth)
        if _accuracy(server, quantiser.restored(quantiser.levels(some)), labels) >= best - TOLERANCE:
            break
    sent = [quantiser.levels(device.predict(x, 250, 0)) for x in np.array_split(data.x_test, 10)]
    parts = zip(sent, np.array_split(data.y_test, 10), strict=True)
    right = [_accuracy(server, quantiser.restored(levels), labels) for levels, labels in parts]
    return depth, float(np.mean(right)), float(np.mean([quantiser.size(image) for image in sent[0][:100]]))


def _analog(model: keras.Model, name: str, data: Arrays, outage: PacketOutage) -> list[float]:
    """Accuracies at all SNRs of one bottleneck, which is trained for all of them."""
    device, server = cut(model, name)
    over_air = OverAir(Air(GRID, Awgn(), 1))  # fading is in the SNRs
    features = device.predict(data.x_train[:EXAMPLES], 250, 0)
    bottleneck = Bottleneck.fit(features[: 8 * SYMBOLS], SYMBOLS)
    key = keys.key(SEED, "split", name)
    labels = data.y_train[:EXAMPLES]
    bottleneck.train(server, over_air, features, labels, (SNRS[0], SNRS[-1]), STEPS, keys.fold(key, "train"), outage)
    features = device.predict(data.x_test, 250, 0)

    @tf.function(autograph=False)
    def right(x: tf.Tensor, y: tf.Tensor, snr: tf.Tensor, first: tf.Tensor) -> tf.Tensor:
        logits = server(bottleneck.send(x, over_air, snr, links, first), training=False)
        return tf.reduce_mean(tf.cast(tf.argmax(logits, 1, tf.int32) == y, tf.float32))

    links, accuracies = keys.key(SEED, "links"), []  # of every cut and SNR
    for snr in SNRS:
        read = np.array_split(outage.read_snr_db(snr, len(features), links).numpy(), 10)
        parts = zip(np.array_split(features, 10), np.array_split(data.y_test, 10), read, strict=True)
        firsts = np.cumsum([0, *map(len, read)])
        some = [right(x, y, s, tf.constant(first)) for first, (x, y, s) in zip(firsts, parts, strict=False)]
        accuracies.append(float(np.mean(some)))
    return accuracies


def _accuracy(server: keras.Model, features: np.ndarray, labels: np.ndarray) -> float:
    return float(np.mean(server.predict(features, 250, 0).argmax(axis=1) == labels))
