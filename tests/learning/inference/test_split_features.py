"""What crosses a cut: bits that cost no more accuracy than they may, symbols for all SNRs, and a link's losses."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from overair.learning.data import Arrays
from overair.learning.data.cifar10 import FOLDER, Cifar10
from overair.learning.data.digits import Digits
from overair.learning.data.files import local_folder
from overair.learning.inference.split.cuts import cut, cuts
from overair.learning.inference.split.digital import image_bits
from overair.learning.inference.split.features import Cut, Examples, accuracy_of, bottleneck, quantised
from overair.learning.inference.split.features.bottleneck import BottleneckFeatures
from overair.learning.inference.split.features.quantised import Quantised
from overair.learning.inference.split.outage import NoOutage, PacketOutage, outage_over
from overair.learning.inference.split.training import State, Training
from overair.learning.models.softmax import Softmax
from overair.learning.models.vgg_like import VggLike
from overair.phy import Air, Awgn, Grid, Rayleigh, Tdl, keys

GRID = Grid(subcarriers=16, symbols=2, prefix=4)
DIGITS = Digits().load()


def network(seed: int = 0) -> keras.Model:
    made = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(
                4, 3, activation="relu", name="conv", kernel_initializer=keras.initializers.GlorotUniform(1)
            ),
            keras.layers.Flatten(name="flatten"),
            keras.layers.Dense(10, name="logits", kernel_initializer=keras.initializers.GlorotUniform(2)),
        ]
    )
    Training(epochs=3, batch_size=32, learning_rate=1e-2).run(made, DIGITS, seed)
    return made


@pytest.fixture(scope="module")
def trained() -> keras.Model:
    return network()


def at(
    model: keras.Model, name: str, outage: PacketOutage | None = None, data: Arrays = DIGITS, grid: Grid = GRID
) -> Cut:
    held_out = Examples(data.x_train[-200:], data.y_train[-200:])
    return Cut(*cut(model, name), name, name == cuts(model)[-1], data, held_out, outage or NoOutage(), grid, 0)


# --- Bits


def test_a_depth_may_cost_half_a_point_of_the_features_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of those as they are, and not of the depth before: small losses must not add up."""
    accuracies = dict(zip(quantised.DEPTHS, (0.690, 0.694, 0.698, 0.702, 0.706, 0.714), strict=True))

    class Part:
        def predict(self, x: np.ndarray, *_: int) -> np.ndarray:
            return x

    class Quantiser:
        def __init__(self, bits: int) -> None:
            self.bits = bits

        @staticmethod
        def fit(examples: np.ndarray, bits: int) -> "Quantiser":
            return Quantiser(bits)

        def levels(self, x: np.ndarray) -> np.ndarray:
            return x

        def restored(self, levels: np.ndarray) -> np.ndarray:
            return np.full_like(levels, self.bits)

        def size(self, levels: np.ndarray) -> int:
            return 100 * self.bits

    monkeypatch.setattr(quantised, "Quantiser", Quantiser)
    monkeypatch.setattr(quantised, "accuracy_of", lambda server, x, labels: accuracies.get(int(x.flat[0]), 0.710))
    images, labels = np.zeros([2000, 2], np.float32), np.zeros(2000, int)
    data = Arrays(images, labels, images, labels, 10)
    part: Any = Part()
    place = Cut(part, part, "inner", False, data, Examples(images, labels), PacketOutage(), GRID, 0)
    depth, found, _, bits = Quantised()._coded(place)
    assert (depth, bits) == (6, 600) and found == pytest.approx(0.706)
    assert Quantised(tolerance=0.02)._coded(place)[0] == 1
    assert Quantised(tolerance=0.0)._coded(place)[0] == 8


def test_where_nothing_is_lost_an_image_and_an_answer_arrive_as_they_are(trained: keras.Model) -> None:
    whole = accuracy_of(trained, DIGITS.x_test, DIGITS.y_test)
    image = Quantised().send(at(trained, "input"), [-5.0, 20.0])
    answer = Quantised().send(at(trained, "logits"), [-5.0, 20.0])
    assert (image.bits, image.depth, answer.bits, answer.depth) == (8 * 64, 8, 4, 0)
    np.testing.assert_array_equal([image.accuracy, answer.accuracy], np.full([2, 2], whole))
    rate = np.log2(1 + 10 ** np.array([-0.5, 2.0]))
    np.testing.assert_array_equal(image.elements, np.ceil(512 / rate))


def test_where_packets_are_given_up_the_server_guesses(trained: keras.Model) -> None:
    arriving = Quantised().send(at(trained, "flatten", PacketOutage(0.2)), [3.0])
    given_up = Quantised().send(at(trained, "flatten", PacketOutage(0.2, retransmit=False)), [3.0])
    assert given_up.accuracy[0] == pytest.approx(0.8 * arriving.accuracy[0] + 0.2 / 10)
    assert given_up.elements[0] == arriving.elements[0]


# --- Symbols


def test_a_bottleneck_reads_at_each_snr_what_it_reads_without_the_others_and_learns_once(trained: keras.Model) -> None:
    made: list[list[np.ndarray]] = []

    def kept(make: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
        if not made:
            made.append(make())
        return made[0]

    features = BottleneckFeatures(symbols=12, steps=20)
    place = at(trained, "flatten", PacketOutage())._replace(kept=kept)
    together = features.send(place, [-10.0, 5.0, 25.0])
    assert len(made) == 1 and [len(array) for array in made[0]] == [144, 12, 12, 144]
    alone = [features.send(place, [snr]).accuracy[0] for snr in (-10.0, 5.0, 25.0)]
    np.testing.assert_array_equal(together.accuracy, alone)
    afresh = features.send(place._replace(kept=lambda make: make()), [5.0])
    assert afresh.accuracy[0] == alone[1]
    assert (together.bits, together.depth, set(together.elements)) == (0.0, 0, {6})


def test_without_noise_a_bottleneck_as_wide_as_its_features_gives_those_of_the_whole_network(
    trained: keras.Model,
) -> None:
    """Principal axes of all dimensions are a rotation; the scale that is not sent differs from image to image."""
    features = BottleneckFeatures(symbols=10, steps=300, low_db=60.0, high_db=60.0)
    whole = accuracy_of(trained, DIGITS.x_test, DIGITS.y_test)
    reached = features.send(at(trained, "logits"), [60.0]).accuracy[0]
    assert reached > whole - 4.5 * np.sqrt(0.05 / len(DIGITS.y_test))  # where one image in twenty differs


def test_a_cut_of_few_numbers_sends_no_more_symbols_than_these(trained: keras.Model) -> None:
    encoder = BottleneckFeatures(symbols=256).parts(at(trained, "logits"))[0]
    assert encoder.output_shape == (None, 10)


@pytest.mark.parametrize("name", ["encoder", "decoder", "sequential", "functional"])
def test_a_network_may_have_any_name(name: str) -> None:
    """At the last cut it stands whole beside the encoder, at the first beside the decoder."""
    model = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)], name=name)
    for place in (cuts(model)[0], cuts(model)[-1]):
        device, server = BottleneckFeatures(symbols=4).parts(at(model, place))
        assert (device.output_shape, server.input_shape) == ((None, 4), (None, 4))


def test_a_range_of_snrs_in_the_wrong_order_is_refused() -> None:
    with pytest.raises(ValueError, match="bottleneck.high_db: expected at least low_db = 5, received 0"):
        BottleneckFeatures(low_db=5.0, high_db=0.0)


# --- The link


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 20.0])
def test_without_fading_nothing_is_lost_at_the_capacity_of_the_link(snr_db: float) -> None:
    outage = outage_over(Air(GRID, Awgn(), 1), PacketOutage(0.3))
    assert [float(each(snr_db)) for each in (outage.lost, outage.tries, outage.arriving)] == [0.0, 1.0, 1.0]
    assert outage.rate(snr_db) == pytest.approx(np.log2(1 + 10 ** (snr_db / 10)))
    np.testing.assert_allclose(outage.read_snr_db(snr_db, 5, keys.key(0)), np.full(5, snr_db))
    assert outage_over(Air(GRID, Rayleigh(), 1), PacketOutage(0.3)) == PacketOutage(0.3)


@pytest.mark.parametrize(
    ("air", "said"),
    [
        (
            Air(GRID, Tdl(), 1),
            "air.channel: expected awgn or rayleigh, as outage has a closed form there, received Tdl",
        ),
        (
            Air(GRID, Rayleigh(), 1, antennas=2),
            "air.antennas: expected 1, as outage has a closed form there, received 2",
        ),
    ],
)
def test_a_link_whose_outage_has_no_closed_form_is_refused(air: Air, said: str) -> None:
    with pytest.raises(ValueError) as error:
        outage_over(air, PacketOutage())
    assert str(error.value).startswith(said) and "\n" not in str(error.value)


# --- Training


class Interrupted(Exception):
    """In the middle of a training."""


def test_a_training_that_was_interrupted_goes_on_with_the_same_bits() -> None:
    """Dropout included, whose masks come from generators of the network."""

    def build() -> keras.Model:
        inner = Softmax().build((8, 8, 1), 10, 0)
        return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Dropout(0.2), inner])

    training, states = Training(epochs=3, batch_size=32, mirrored=True), list[State]()

    def keep(state: State) -> None:
        states.append(state)
        if len(states) == 2:
            raise Interrupted

    whole, parts = build(), build()
    training.run(whole, DIGITS, 1)
    with pytest.raises(Interrupted):
        training.run(parts, DIGITS, 1, keep=keep)
    resumed, told = build(), list[tuple[int, int]]()
    training.run(resumed, DIGITS, 1, states[-1], progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 3)]
    for one, two in zip(whole.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    other = build()
    training.run(other, DIGITS, 2)
    assert not np.array_equal(other.get_weights()[0], whole.get_weights()[0])


def test_fewer_images_than_a_batch_are_refused() -> None:
    few = DIGITS._replace(x_train=DIGITS.x_train[:5], y_train=DIGITS.y_train[:5])
    with pytest.raises(ValueError, match="^batch_size: expected at most the 5 training images, received 64"):
        Training().check(few)
    Training(epochs=0).check(few)


@pytest.mark.slow
def test_a_network_just_trained_keeps_its_accuracy_at_cuts() -> None:
    """Within the half point allowed on training images and 4.5 deviations, where one image in twenty differs."""
    if local_folder(FOLDER) is None:
        pytest.skip(f"needs the folder {FOLDER} in $OVERAIR_DATA")
    data = Cifar10().load()
    data = data._replace(x_train=data.x_train[:12_000], y_train=data.y_train[:12_000])
    model = VggLike().build((32, 32, 3), 10, 0)
    Training(mirrored=True).run(model, data, 0)
    whole = accuracy_of(model, data.x_test, data.y_test)
    assert whole > 0.45
    grid = Grid(subcarriers=1200, symbols=14, spacing=15e3, prefix=84)
    for name in ("block1_pool", "block3_pool"):
        sent = Quantised().send(at(model, name, PacketOutage(), data, grid=grid), [10.0])
        assert sent.accuracy[0] > whole - 0.005 - 4.5 * np.sqrt(0.05 / 10_000) and sent.bits < image_bits((32, 32, 3))
    snrs = np.arange(-10.0, 26.0, 5.0).tolist()
    reached = BottleneckFeatures().send(at(model, "block3_pool", PacketOutage(), data, grid=grid), snrs).accuracy
    assert reached[0] < reached[-1] - 0.05 and reached[-1] > whole - 0.03
    assert bottleneck.EXAMPLES <= len(data.x_train)
