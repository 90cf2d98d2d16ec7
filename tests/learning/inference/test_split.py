"""A cut network is the network: parts compute what the whole does, and costs are those of theory."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import scipy.stats
import tensorflow as tf
from scipy.special import exp1

from overair.learning.costs import Costs, Seconds, flops, measured
from overair.learning.inference.split.analog import Bottleneck, send_directly
from overair.learning.inference.split.cuts import cut, cuts
from overair.learning.inference.split.digital import Quantiser, answer_bits, image_bits
from overair.learning.inference.split.outage import PacketOutage
from overair.learning.models import Model
from overair.learning.models.vgg_like import VggLike
from overair.learning.over_air import OverAir
from overair.ota import coding
from overair.phy import Air, Awgn, Grid, keys

layers = keras.layers
GRID = Grid(subcarriers=16, symbols=2, prefix=4)
AIR = Air(GRID, Awgn(), 1)


def sequential() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((6, 6, 3)),
            layers.Conv2D(4, 3, activation="relu", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Dropout(0.5, name="dropout"),
            layers.Flatten(name="flatten"),
            layers.Dense(5, name="logits"),
        ]
    )


def residual() -> keras.Model:
    image = keras.Input((6, 6, 3), name="image")
    stem = layers.Conv2D(4, 3, padding="same", name="stem")(image)
    branch = layers.Conv2D(4, 3, padding="same", activation="relu", name="first")(stem)
    branch = layers.Conv2D(4, 3, padding="same", name="second")(branch)
    x = layers.ReLU(name="relu")(layers.Add(name="sum")([stem, branch]))
    return keras.Model(image, layers.Dense(5, name="logits")(layers.GlobalAveragePooling2D(name="mean")(x)))


def branching() -> keras.Model:
    image = keras.Input((6, 6, 3), name="image")
    flat = layers.Flatten(name="flatten")(image)
    left = layers.Dense(4, activation="relu", name="left")(flat)
    right = layers.Dense(3, activation="tanh", name="right")(flat)
    joined = layers.Concatenate(name="join")([left, right])
    nested = keras.Sequential([keras.Input((7,)), layers.Dense(6, name="inner")], name="nested")
    shared = layers.Dense(6, activation="relu", name="shared")
    return keras.Model(image, layers.Dense(5, name="logits")(shared(shared(nested(joined)))))


CUTS = {
    sequential: ("input", "conv", "norm", "dropout", "flatten", "logits"),
    residual: ("input", "stem", "sum", "relu", "mean", "logits"),
    branching: ("input", "flatten", "join", "nested", "logits"),
}
PLACES = [(build, name) for build, names in CUTS.items() for name in names]


def images(count: int = 4) -> np.ndarray:
    return np.random.default_rng(0).random((count, 6, 6, 3), np.float32)


@pytest.mark.parametrize("build", CUTS, ids=lambda build: build.__name__)
def test_a_network_can_be_cut_where_one_tensor_passes(build: Callable[[], keras.Model]) -> None:
    assert cuts(build()) == CUTS[build]


@pytest.mark.parametrize(("build", "name"), PLACES, ids=lambda each: getattr(each, "__name__", each))
def test_parts_together_are_the_whole_at_every_cut(build: Callable[[], keras.Model], name: str) -> None:
    model, x = build(), images()
    device, server = cut(model, name)
    np.testing.assert_allclose(server(device(x)), model(x), rtol=1e-6, atol=1e-6)
    assert device.count_params() + server.count_params() == model.count_params()
    again = cut(model, name)[1]
    np.testing.assert_array_equal(again(device(x)), server(device(x)))


@pytest.mark.parametrize(("build", "name"), PLACES, ids=lambda each: getattr(each, "__name__", each))
def test_without_noise_the_air_between_the_parts_changes_nothing(build: Callable[[], keras.Model], name: str) -> None:
    model, x = build(), images()
    device, server = cut(model, name)
    received = send_directly(device(x), OverAir(AIR), tf.constant(np.inf), keys.key(0))
    np.testing.assert_allclose(server(received), model(x), rtol=1e-5, atol=1e-5)


def test_parts_share_the_weights_of_the_network() -> None:
    model, x = residual(), images()
    device, server = cut(model, "sum")
    model.set_weights([2 * weight + 0.1 for weight in model.get_weights()])
    np.testing.assert_allclose(server(device(x)), model(x), rtol=1e-6)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras, when it saves
def test_a_network_that_was_cut_can_be_saved(tmp_path: Path) -> None:
    model, x = branching(), images()
    for name in cuts(model):
        cut(model, name)
    model.save(f"{tmp_path}/whole.keras")
    np.testing.assert_array_equal(keras.models.load_model(f"{tmp_path}/whole.keras")(x), model(x))


@pytest.mark.parametrize(
    ("build", "name", "said"),
    [
        (residual, "first", "past which the output of stem goes too; take input, stem, sum, relu, mean, logits"),
        (branching, "left", "past which the output of flatten goes too; take input, flatten, join, nested, logits"),
        (branching, "shared", "which data pass more than once; take"),
        (branching, "inner", "which is no layer of this network; take input, flatten"),
    ],
    ids=["first", "left", "shared", "inner"],
)
def test_a_cut_that_a_second_tensor_passes_is_refused_with_places_that_work(
    build: Callable[[], keras.Model], name: str, said: str
) -> None:
    with pytest.raises(ValueError) as error:
        cut(build(), name)
    text = str(error.value)
    assert (
        text.startswith(f"cut: expected a layer whose output alone goes on, received {name!r}, ") and "\n" not in text
    )
    assert said in text


def test_a_network_of_two_inputs_is_cut_behind_where_they_meet() -> None:
    one, two = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([one, two], layers.Dense(2, name="out")(layers.Add(name="sum")([one, two])))
    assert cuts(model) == ("sum", "out")
    device, server = cut(model, "sum")
    x = [np.ones((2, 3), np.float32), np.eye(3, dtype=np.float32)[:2]]
    np.testing.assert_allclose(server(device(x)), model(x), rtol=1e-6)


def test_a_network_without_a_graph_is_refused() -> None:
    with pytest.raises(
        ValueError, match="^cut: expected a Keras Sequential or functional model .*, received Sequential"
    ):
        cuts(keras.Sequential([layers.Dense(2)]))


# --- The link


@pytest.mark.parametrize("snr_db", [-10.0, 0.0, 20.0])
def test_a_packet_is_lost_as_often_as_said(snr_db: float) -> None:
    for outage in (PacketOutage(0.1), PacketOutage()):
        gain = np.random.default_rng(1).exponential(size=100_000)
        lost = np.mean(np.log2(1 + 10 ** (snr_db / 10) * gain) < outage.rate(snr_db))
        p = float(outage.lost(snr_db))
        assert abs(lost - p) < 4.5 * np.sqrt(p * (1 - p) / gain.size)
        assert outage.target_bler is None or np.isclose(p, 0.1)


@pytest.mark.parametrize("snr_db", [-20.0, 0.0, 10.0, 30.0])
def test_the_rate_chosen_is_that_by_which_most_gets_through(snr_db: float) -> None:
    snr, rates = 10 ** (snr_db / 10), np.geomspace(1e-3, 15, 20_000)
    through = rates * np.exp(-(2**rates - 1) / snr)
    outage = PacketOutage()
    assert np.isclose(outage.rate(snr_db), rates[through.argmax()], rtol=1e-2)
    assert np.isclose(outage.rate(snr_db) / outage.tries(snr_db), through.max(), rtol=1e-5)


def test_airtime_is_whole_symbols_times_the_mean_number_of_tries() -> None:
    outage = PacketOutage(0.2)
    rate = np.log2(1 - 10 * np.log(0.8))
    assert outage.elements(1000, 10.0) == int(np.ceil(1000 / rate))
    symbols = np.ceil(outage.elements(1000, 10.0) / 16)
    assert np.isclose(outage.airtime(outage.elements(1000, 10.0), 10.0, GRID), symbols * 20 / (16 * 15e3) / 0.8)
    once = PacketOutage(0.2, retransmit=False)
    assert np.isclose(once.airtime(16, 10.0, GRID), 20 / (16 * 15e3))
    assert np.isclose(once.accuracy(0.7, 10, 10.0), 0.8 * 0.7 + 0.2 * 0.1) and outage.accuracy(0.7, 10, 10.0) == 0.7


def test_analog_symbols_are_read_at_gains_above_the_threshold() -> None:
    outage = PacketOutage(0.3)
    gain = 10 ** ((outage.read_snr_db(7.0, 20_000, keys.key(3)).numpy() - 7.0) / 10)
    least = -np.log(0.7)
    assert gain.min() >= least * (1 - 1e-5)
    assert scipy.stats.kstest(gain, lambda g: 1 - np.exp(-np.maximum(g - least, 0))).pvalue > 1e-4


def test_features_over_fading_that_is_never_asked_again_have_the_error_of_theory() -> None:
    """E[1 / (1 + g |h|^2)] = (1/g) e^(1/g) E1(1/g), relative to the features' mean square."""
    x = tf.constant(np.random.default_rng(2).normal(size=(4000, 32)), tf.float32)
    snr = PacketOutage(retransmit=False).read_snr_db(10.0, 4000, keys.key(5))
    error = np.mean((send_directly(x, OverAir(AIR), snr, keys.key(6)) - x) ** 2, axis=1) / np.mean(x**2, axis=1)
    expected = 0.1 * np.exp(0.1) * exp1(0.1)
    assert abs(error.mean() - expected) < 4.5 * error.std() / np.sqrt(len(error))


# --- Digital features


def test_a_fine_quantiser_errs_by_a_twelfth_of_its_step_squared() -> None:
    x = np.random.default_rng(0).uniform(-1, 3, 20_000).astype(np.float32)
    quantiser = Quantiser.fit(x, 6)
    assert np.isclose(quantiser.high - quantiser.low, 4, atol=1e-3)
    error = (quantiser.restored(quantiser.levels(x)) - x) ** 2
    step = (quantiser.high - quantiser.low) / 63
    assert error.max() <= (step / 2) ** 2 * (1 + 1e-3)
    assert abs(error.mean() - step**2 / 12) < 4.5 * np.sqrt(4 / 45) * step**2 / 4 / np.sqrt(x.size)


def test_a_coarse_quantiser_clips_what_is_rare_and_keeps_zero() -> None:
    x = np.maximum(np.random.default_rng(0).standard_t(3, 10_000), 0).astype(np.float32)
    quantiser = Quantiser.fit(x, 2)
    assert 0.05 * x.max() <= quantiser.high < 0.9 * x.max()
    assert not quantiser.restored(quantiser.levels(x))[x == 0].any()
    kept = Quantiser(2, float(x.min()), float(x.max()))
    assert np.mean((quantiser.restored(quantiser.levels(x)) - x) ** 2) < np.mean(
        (kept.restored(kept.levels(x)) - x) ** 2
    )


def test_the_size_is_that_of_words_that_can_be_read_again() -> None:
    x = np.maximum(np.random.default_rng(0).normal(size=(8, 8, 4)), 0).astype(np.float32)
    quantiser = Quantiser.fit(x, 3)
    levels = quantiser.levels(x)
    word = coding.encode(levels.ravel(), 8)
    np.testing.assert_array_equal(coding.decode(word, levels.size, 8).reshape(levels.shape), levels)
    assert quantiser.size(levels) == 1 + 8 * len(word) < 3 * levels.size
    spread = np.arange(8).astype(np.int32)
    assert quantiser.size(spread) == 1 + 3 * 8  # the histogram would be longer
    assert image_bits((32, 32, 3)) == 24_576 and answer_bits(10) == 4


@pytest.mark.parametrize(
    ("examples", "bits", "said"),
    [
        (np.ones(3), 9, "quantiser.bits: expected a whole number from 1 to 8, received 9"),
        (
            np.array([np.nan]),
            4,
            "quantiser.examples: expected finite features, received none or NaN; check the network",
        ),
    ],
)
def test_what_cannot_be_quantised_is_refused(examples: np.ndarray, bits: int, said: str) -> None:
    with pytest.raises(ValueError) as error:
        Quantiser.fit(examples, bits)
    assert str(error.value) == said


# --- Analog features


def test_a_bottleneck_begins_as_the_projection_on_principal_axes() -> None:
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(300, 12)) @ rng.normal(size=(12, 12)) + 1).astype(np.float32).reshape(300, 2, 6)
    made = Bottleneck.fit(x, 5)
    z = made.encoder(x).numpy()
    covariance = np.cov(z.T, bias=True)
    eigenvalues = np.sort(np.linalg.eigvalsh(np.cov(x.reshape(300, 12).T, bias=True)))[::-1]
    np.testing.assert_allclose(covariance, np.diag(eigenvalues[:5]), atol=1e-3 * eigenvalues[0])
    restored = made.decoder(z / np.sqrt(2 * np.mean(z**2))).numpy()
    left = np.mean(np.sum((restored - x) ** 2, axis=(1, 2)))
    assert np.isclose(left, eigenvalues[5:].sum(), rtol=1e-3) and made.symbols == 5


def test_a_bottleneck_learns_the_loss_and_leaves_the_network_alone() -> None:
    model, x = sequential(), images(256)
    labels = model.predict(x, verbose=0).argmax(axis=1).astype(np.int32)
    device, server = cut(model, "conv")
    before = model.get_weights()
    features = device(x).numpy()
    made = Bottleneck.fit(features, 6)
    losses = [made.train(server, OverAir(AIR), features, labels, (10.0, 20.0), 30, keys.key(at)) for at in range(3)]
    assert losses[2] < losses[0]
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize("symbols", [0, 13, 5])
def test_more_symbols_than_features_or_examples_are_refused(symbols: int) -> None:
    with pytest.raises(ValueError, match=rf"^bottleneck.symbols: expected 1 to 12 .* 4 examples, received {symbols}; "):
        Bottleneck.fit(np.ones((4, 3, 4), np.float32), symbols)


# --- Costs


def test_operations_of_the_small_vgg_are_those_counted_by_hand() -> None:
    model = VggLike().build((32, 32, 3), 10, 0)
    convolutions = [(32, 3, 16), (32, 16, 16), (16, 16, 32), (16, 32, 32), (8, 32, 64), (8, 64, 64)]
    counted = sum(2 * side**2 * 9 * before * after for side, before, after in convolutions)
    counted += sum((side // 2) ** 2 * filters for side, filters in ((32, 16), (16, 32), (8, 64)))
    assert flops(model) == counted + 2 * (1024 * 128 + 128 * 10)
    for name in cuts(model):
        assert sum(map(flops, cut(model, name))) == flops(model)


def test_a_bill_is_power_times_time() -> None:
    costs = Costs(device_flops=1e6, server_flops=1e8, compute_watts=3.0, transmit_watts=0.5)
    device, server = cut(sequential(), "conv")
    seconds = costs.seconds(device, server)
    assert np.isclose(seconds.device, 2 * 27 * 4 * 16 / 1e6) and np.isclose(seconds.server, (64 + 2 * 64 * 5) / 1e8)
    bill = costs.bill(Seconds(0.2, 0.01), 0.05)
    assert np.isclose(bill.latency, 0.26) and np.isclose(bill.energy, 3 * 0.2 + 0.5 * 0.05)


def test_measured_times_are_scaled_on_the_device_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    device, server = cut(sequential(), "conv")
    assert 0 < measured(device, 3) < 10
    monkeypatch.setattr("overair.learning.costs.measured", lambda model: 0.5)
    assert Costs(device_slowdown=4.0).seconds(device, server, "measured") == Seconds(2.0, 0.5)


def test_costs_that_cannot_be_counted_are_refused() -> None:
    recurrent = keras.Sequential([keras.Input((4, 3)), layers.LSTM(2, name="memory")])
    with pytest.raises(
        ValueError, match="^flops: expected convolutions and dense layers, received LSTM 'memory'; from Python"
    ):
        flops(recurrent)
    with pytest.raises(ValueError, match="^time: expected one of flops, measured, received 'guessed'"):
        Costs().seconds(recurrent, recurrent, "guessed")  # type: ignore[arg-type]


def test_the_small_vgg_is_a_model_whose_cuts_have_names() -> None:
    model = VggLike()
    assert isinstance(model, Model)
    built = model.build((32, 32, 3), 10, 0)
    assert built.count_params() == 204_570
    blocks = [f"block{block}_{part}" for block in (1, 2, 3) for part in ("conv1", "conv2", "pool")]
    assert cuts(built) == ("input", *blocks, "flatten", "dense", "logits")
    with pytest.raises(ValueError, match="at least 8 x 8, for vgg_like, received 7 x 8 x 3; "):
        model.build((7, 8, 3), 10, 0)


def test_a_stop_watch_takes_the_median_of_calls_after_the_one_that_compiles(monkeypatch: pytest.MonkeyPatch) -> None:
    readings = iter([0.0, 5.0, 10.0, 11.0, 20.0, 23.0])  # calls of 5, 1 and 3 seconds
    watch = SimpleNamespace(perf_counter=lambda: next(readings))
    monkeypatch.setattr("overair.learning.costs.clock", watch)
    assert measured(sequential(), 3) == 3.0
