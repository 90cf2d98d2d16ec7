"""A transmission is any encoder and decoder around the air; its training goes on bit for bit where it was stopped."""

import csv
import math
import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning.images.evaluation import curve, of_repetition, reconstructions
from overair.learning.images.training import JUDGE, Keeper, batches, rising_and_falling, root_mean_square, train
from overair.learning.images.transmission import Transmission
from overair.learning.over_air import OverAir
from overair.phy import Air, Awgn, Estimated, Grid, Tdl, keys
from overair.phy.channels.rayleigh import Rayleigh

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
AIR = Air(Grid(), Awgn(), 1)
IMAGES = np.random.default_rng(0).random((24, 4, 4, 1)).astype(np.float32)
TRAIN, HELD = IMAGES[:16], IMAGES[16:]
SNRS = [0.0, 10.0, 20.0]


class Counted(keras.layers.Layer):
    """Counts the images that pass while nothing is compiled."""

    seen = 0

    def call(self, x: tf.Tensor) -> tf.Tensor:
        if tf.executing_eagerly() and not isinstance(x, keras.KerasTensor):
            Counted.seen += int(x.shape[0])
        return x


def plain(snr_db: float | tuple[float, float] = 10.0) -> Transmission:
    """Of one SNR, any Keras models."""
    dense = keras.initializers.GlorotUniform(1)
    encoder = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(8, None, True, dense)]
    )
    decoder = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(16, "sigmoid", True, keras.initializers.GlorotUniform(2)),
            keras.layers.Reshape((4, 4, 1)),
        ]
    )
    return Transmission(encoder, OverAir(AIR, snr_db, seed=3), decoder)


def adapting(refines: bool = False) -> Transmission:
    """Sends a half or all of its features, told both SNR and share."""
    image, state = keras.Input((4, 4, 1)), keras.Input((2,))
    x = keras.layers.Concatenate()([keras.layers.Flatten()(image), state])
    encoder = keras.Model([image, state], keras.layers.Dense(8, None, True, keras.initializers.GlorotUniform(1))(x))
    features, believed = keras.Input((8,)), keras.Input((3,))
    y = keras.layers.Concatenate()([features, believed])
    y = keras.layers.Dense(16, "sigmoid", True, keras.initializers.GlorotUniform(2))(y)
    decoder = keras.Model([features, believed], keras.layers.Reshape((4, 4, 1))(y))
    return Transmission(encoder, OverAir(AIR, (0.0, 20.0), seed=3), decoder, (0.5, 1.0), refines)


def same(one: Transmission, other: Transmission) -> bool:
    pairs = zip(one.get_weights(), other.get_weights(), strict=True)
    return all(np.array_equal(a, b) for a, b in pairs)


def fitted(folder: Path | None, epochs: int = 3, patience: int | None = None, **changes: Any) -> Transmission:
    return train(adapting(), TRAIN, HELD, epochs, 8, 1e-2, patience=patience, folder=folder, verbose=0, **changes)


# --- The model


def test_it_is_its_parts_in_a_row() -> None:
    model, key = plain(), keys.key(1)
    features = model.encoder(IMAGES)
    expected = model.decoder(model.over_air(features, snr_db=5.0, key=key))
    np.testing.assert_allclose(model(IMAGES, snr_db=5.0, key=key), expected, atol=1e-6)


def test_a_key_decides_everything_that_is_drawn() -> None:
    model, graph = adapting(), tf.function(adapting())
    for training in (False, True):
        outputs = [model(IMAGES, training=training, key=keys.key(number)).numpy() for number in (1, 1, 2)]
        np.testing.assert_array_equal(outputs[0], outputs[1])
        assert np.abs(outputs[0] - outputs[2]).max() > 1e-3
        np.testing.assert_allclose(graph(IMAGES, training=training, key=keys.key(1)), outputs[0], atol=1e-5)
    assert np.abs(model(IMAGES) - model(IMAGES)).max() > 1e-3  # without one never the same twice


def test_while_training_a_key_draws_one_share_or_the_other() -> None:
    model = adapting()
    drawn = []
    for number in range(12):
        key = keys.key(number)
        drawn_one = model(IMAGES[:1], training=True, key=key)
        each = [
            np.allclose(drawn_one, model(IMAGES[:1], training=True, key=key, share=share), atol=1e-6)
            for share in model.shares
        ]
        assert sum(each) == 1
        drawn.append(each[1])
    assert len({*drawn}) == 2  # by chance they are alike once in 2048 keys


def test_every_image_has_the_snr_that_it_was_given() -> None:
    encoder = keras.Sequential([keras.Input((4, 4, 1)), keras.layers.Flatten()])
    decoder = keras.Sequential([keras.Input((16,)), keras.layers.Reshape((4, 4, 1))])
    model = Transmission(encoder, OverAir(AIR, equalizer="none"), decoder)
    wanted, count = np.repeat(SNRS, 400), 16
    signs = np.sign(np.random.default_rng(1).normal(size=(len(wanted), 4, 4, 1))).astype(np.float32) / 2**0.5
    noise = model(signs, snr_db=tf.constant(wanted, tf.float32), key=keys.key(1)).numpy() - signs
    for snr_db in SNRS:
        found, expected = (noise[wanted == snr_db] ** 2).mean(), 10 ** (-snr_db / 10) / 2
        assert abs(found / expected - 1) <= 4 * (2 / (400 * count)) ** 0.5


def test_under_fading_a_decoder_is_told_the_snr_that_was_set_and_that_of_the_channel() -> None:
    features, state = keras.Input((8,)), keras.Input((3,))
    teller = keras.Model([features, state], keras.layers.Reshape((1, 3, 1))(state))
    over_air = OverAir(Air(Grid(), Rayleigh(), 1))
    key, wanted = keys.key(1), tf.constant(np.linspace(0, 20, len(IMAGES)), tf.float32)
    model = Transmission(adapting().encoder, over_air, teller, (0.5, 1.0))
    heard = model(IMAGES, snr_db=wanted, key=key, share=0.5).numpy()[:, 0, :, 0]
    np.testing.assert_array_equal(heard[:, 0], wanted)
    assert np.all(heard[:, 1] == 0.5)
    _, believed = over_air(tf.ones([len(IMAGES), 4]), wanted, key=key, return_snr=True)
    np.testing.assert_allclose(heard[:, 2], believed, atol=1e-4)
    assert np.all(np.abs(heard[:, 2] - wanted) > 1e-2)


def test_while_training_snrs_are_drawn_from_the_range_and_elsewhere_are_its_middle() -> None:
    features, state = keras.Input((8,)), keras.Input((3,))
    teller = keras.Model([features, state], keras.layers.Reshape((1, 3, 1))(state))
    model = Transmission(adapting().encoder, OverAir(AIR, (0.0, 20.0)), teller, (0.5, 1.0))
    drawn, middle = (model(IMAGES, training=training, key=keys.key(1))[:, 0, 0, 0] for training in (True, False))
    assert len(set(drawn.numpy().tolist())) == len(IMAGES) and 0 <= min(drawn) < 5 and 15 < max(drawn) <= 20
    np.testing.assert_array_equal(middle, 10)


def test_what_is_not_sent_is_not_used_and_what_is_sent_has_all_the_power() -> None:
    model, key = adapting(), keys.key(1)
    features = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    other = np.concatenate([features[:, :4], 100 + features[:, 4:]], axis=1)
    snr, half = tf.fill([3], 10.0), tf.constant(0)
    one, believed = model.carry(tf.constant(features), snr, half, key)
    two, _ = model.carry(tf.constant(other), snr, half, key)
    np.testing.assert_array_equal(one, two)
    assert not np.any(one[:, 4:]) and np.all(one[:, :4] != 0)
    np.testing.assert_allclose(believed, 10, atol=1e-4)
    clean, _ = model.carry(tf.constant(features), tf.fill([3], 200.0), half, key)
    np.testing.assert_allclose((clean.numpy() ** 2).sum(axis=1) / 2, 1, rtol=1e-5)  # of 2 symbols


def test_layers_of_a_refinement_have_full_power_each_and_do_not_depend_on_later_ones() -> None:
    model, key = adapting(refines=True), keys.key(1)
    features = np.random.default_rng(0).normal(size=(3, 8)).astype(np.float32)
    other = np.concatenate([features[:, :4], 100 + features[:, 4:]], axis=1)
    snr, both = tf.fill([3], 10.0), tf.constant(1)
    one, two = (model.carry(tf.constant(each), snr, both, key)[0].numpy() for each in (features, other))
    np.testing.assert_allclose(one[:, :4], two[:, :4], atol=1e-6)
    first, _ = model.carry(tf.constant(features), snr, tf.constant(0), key)
    np.testing.assert_allclose(first[:, :4], one[:, :4], atol=1e-6)
    assert not np.any(first[:, 4:])
    noise = [model.carry(tf.constant(features), snr, both, keys.key(at))[0][:, 4:] for at in (1, 2)]
    assert np.abs(noise[0] - one[:, :4]).max() > 1e-3 and np.abs(noise[0] - noise[1]).max() > 1e-3
    clean = model.carry(tf.constant(features), tf.fill([3], 200.0), both, key)[0].numpy()
    for part in (clean[:, :4], clean[:, 4:]):
        np.testing.assert_allclose((part**2).sum(axis=1) / 2, 1, rtol=1e-5)


@pytest.mark.parametrize("refines", [False, True])
def test_it_is_saved_and_loaded_with_equal_outputs_and_the_draws_that_come_next(tmp_path: Path, refines: bool) -> None:
    model = adapting(refines)
    model(IMAGES)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert isinstance(loaded, Transmission) and loaded.shares == (0.5, 1.0) and loaded.refines == refines
    for share in model.shares:
        one, other = (each(IMAGES, snr_db=3.0, key=keys.key(1), share=share).numpy() for each in (model, loaded))
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(model(IMAGES), loaded(IMAGES))


def test_gradients_reach_every_weight_through_the_air() -> None:
    model = adapting()
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(IMAGES, training=True, key=keys.key(1), share=1.0) - IMAGES) ** 2)
    for gradient in tape.gradient(loss, model.trainable_variables):
        assert np.all(np.isfinite(gradient)) and np.any(gradient != 0)


def test_a_state_of_another_length_is_refused_in_one_line() -> None:
    features, state = keras.Input((8,)), keras.Input((2,))
    old = keras.Model([features, state], keras.layers.Concatenate()([features, state]))
    with pytest.raises(
        ValueError, match=r"^decoder: expected [^\n]*\(\(3,\)\) for the SNR set, the share, the SNR bel"
    ):
        Transmission(adapting().encoder, OverAir(AIR), old)
    with pytest.raises(
        ValueError, match=r"^encoder: expected [^\n]*\(\(2,\)\) for the SNR set, the share, received \(8,\)"
    ):
        Transmission(adapting().decoder, OverAir(AIR), adapting().decoder)


def test_a_model_that_sends_shares_trains_through_estimates_that_have_no_gradient() -> None:
    model = adapting()
    model.over_air = OverAir(Air(Grid(16, 2, prefix=4), Tdl("A", 50e-9), 1, csir=Estimated("lmmse")))
    model.compile("sgd", "mse")
    before = model.get_weights()
    model.fit(IMAGES, IMAGES, batch_size=12, verbose=0)
    assert all(np.all(np.isfinite(new)) for new in model.get_weights())
    assert all(np.any(old != new) for old, new in zip(before, model.get_weights(), strict=True))


@pytest.mark.parametrize(
    "shares",
    [(), (0.5,), (1.0, 0.5), (0.0, 1.0), (0.5, 0.5, 1.0), ("a", 1.0), (math.nan, 1.0), "x", 1.0, None, np.eye(2)],
    ids=str,
)
def test_shares_that_do_not_rise_to_one_are_refused(shares: Any) -> None:
    model = plain()
    with pytest.raises(ValueError, match=r"^shares: expected numbers above 0 that rise to 1, received [^\n]*$"):
        Transmission(model.encoder, model.over_air, model.decoder, shares)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"encoder": None}, r"encoder: expected an object such as keras.Sequential\(.*\), received NoneType 'None'"),
        ({"decoder": keras.Model}, r"decoder: expected an object such as .*, received the class Model"),
        ({"encoder": keras.Sequential([keras.layers.Dense(3)])}, "encoder: expected a Keras model that is built on an"),
        ({"over_air": 10.0}, r"over_air: expected an object such as OverAir\(air\), received float '10.0'"),
        ({"refines": "no"}, "refines: expected True or False, received 'no'"),
    ],
)
def test_parts_of_another_kind_are_named(part: dict[str, Any], told: str) -> None:
    model = plain()
    given = {"encoder": model.encoder, "over_air": model.over_air, "decoder": model.decoder} | part
    with pytest.raises(ValueError, match=f"^{told}[^\n]*$"):
        Transmission(**given)


@pytest.mark.parametrize(
    ("images", "given", "told"),
    [
        (IMAGES[0], {}, r"images: expected \[any, .*\], as the encoder takes them, received \["),
        (IMAGES[:, :3], {}, r"images: expected \[any, .*\], as the encoder takes them, received \["),
        ({"a": IMAGES}, {}, r"images: expected a tensor \[batch, height, width, colours\], received dict"),
        (IMAGES, {"snr_db": "x"}, "OverAir: expected snr_db in decibels, a number or one an image, received str 'x'"),
        (IMAGES, {"snr_db": [1.0, 2.0, 3.0]}, r"OverAir: expected snr_db of shape \[\] or .*, received \(3,\)"),
        (IMAGES, {"share": np.eye(2)}, "share: expected one of 1.0, received <tf.Tensor"),
        (IMAGES, {"key": 3}, r"OverAir: expected a key of overair.phy.keys, int64 \[2\], received int '3'"),
    ],
)
def test_calls_that_cannot_be_are_named(images: Any, given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        plain()(images, **given)


def test_shares_of_no_whole_number_of_features_and_unknown_ones_are_refused() -> None:
    model = plain()
    odd = Transmission(model.encoder, model.over_air, model.decoder, (0.3, 1.0))
    with pytest.raises(ValueError, match="shares: expected whole numbers of the 8 features, received"):
        odd.carry(tf.zeros([1, 8]), tf.zeros([1]), tf.constant(0))
    with pytest.raises(ValueError, match=r"^share: expected one of 0.3, 1.0, received 0.5$"):
        curve(odd, IMAGES, [0.0], keys.key(1), share=0.5)


# --- Curves


def test_a_curve_is_what_separate_calls_with_the_same_draws_give() -> None:
    for model in (plain(), adapting()):
        key = keys.key(4)
        found = curve(model, IMAGES, SNRS, key, repetitions=2)
        parts = []
        for repetition in range(2):
            draws = of_repetition(key, repetition)
            received = [np.clip(model(IMAGES, snr_db=snr_db, key=draws), 0, 1) for snr_db in SNRS]
            parts.append(((np.array(received) - IMAGES) ** 2).mean(axis=(2, 3, 4)))
        np.testing.assert_allclose(found.mse, np.mean(parts, axis=0), rtol=1e-4)
        assert np.all(np.isnan(found.ssim)) and np.all(found.mean_psnr >= found.psnr_of_mean)
        seen = reconstructions(model, IMAGES, SNRS, draws)
        np.testing.assert_allclose(((seen - IMAGES) ** 2).mean(axis=(2, 3, 4)), parts[1], rtol=1e-4)


def test_what_is_measured_is_clipped_to_what_can_be_shown() -> None:
    bright = keras.layers.Dense(16, kernel_initializer="zeros", bias_initializer=keras.initializers.Constant(2.0))
    decoder = keras.Sequential([keras.Input((8,)), bright, keras.layers.Reshape((4, 4, 1))])
    model = Transmission(plain().encoder, OverAir(AIR), decoder)
    np.testing.assert_array_equal(reconstructions(model, IMAGES[:2], SNRS, keys.key(1)), 1)
    expected = ((1 - IMAGES[:2]) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(curve(model, IMAGES[:2], SNRS, keys.key(1)).mse, [expected] * 3, rtol=1e-5)


def test_an_encoder_that_does_not_adapt_encodes_once_for_all_snrs() -> None:
    model = plain()
    encoder = keras.Sequential([keras.Input((4, 4, 1)), Counted(), *model.encoder.layers])
    model = Transmission(encoder, model.over_air, model.decoder)
    Counted.seen = 0
    reconstructions(model, IMAGES, SNRS, keys.key(1))
    assert Counted.seen == len(IMAGES)


@pytest.mark.parametrize("snrs", [[float("nan")], 3.0, [[1.0]]], ids=str)
def test_snrs_that_are_no_list_of_numbers_are_refused(snrs: Any) -> None:
    with pytest.raises(ValueError, match=r"^snrs_db: expected a list of numbers of decibels, received [^\n]*$"):
        curve(plain(), IMAGES, snrs, keys.key(1))


# --- Training


def test_an_epoch_has_each_image_once_half_of_them_mirrored_in_an_order_of_its_own() -> None:
    count = 400
    images = np.arange(count * 2, dtype=np.float32).reshape(count, 1, 2, 1)  # [2 i, 2 i + 1]
    orders, mirrored = [], []
    for seed, first in ((0, 0), (0, 1), (1, 0)):
        pairs = list(batches(images, 40, seed, first, first + 1))
        assert len(pairs) == 10 and all(np.array_equal(x, y) for x, y in pairs)
        drawn = np.concatenate([x for x, _ in pairs])[:, 0, :, 0]
        orders.append(drawn.min(axis=1) // 2)
        mirrored.append(drawn[:, 0] > drawn[:, 1])
        assert sorted(orders[-1]) == list(range(count))
        assert abs(mirrored[-1].mean() - 0.5) <= 4 * 0.5 / count**0.5
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (orders[one] == orders[other]).sum() < 10  # 1 is expected
        assert abs((mirrored[one] == mirrored[other]).mean() - 0.5) <= 4 * 0.5 / count**0.5
    both = [x.numpy() for x, _ in batches(images, 40, 0, 0, 2)]
    later = [x.numpy() for x, _ in batches(images, 40, 0, 1, 2)]
    np.testing.assert_array_equal(both[10:], later)


def test_the_learning_rate_rises_and_falls_along_a_cosine() -> None:
    rate = rising_and_falling(1e-3, 1000)
    assert float(rate(0)) == pytest.approx(1e-5)
    assert float(rate(150)) == pytest.approx(1e-3 * (1 + 0.01) / 2) and float(rate(300)) == pytest.approx(1e-3)
    assert float(rate(650)) == pytest.approx(1e-3 * (0.02 + 0.98 / 2)) and float(rate(1000)) == pytest.approx(2e-5)
    short = rising_and_falling(1e-3, 1)
    assert float(short(0)) == pytest.approx(1e-3) and float(short(1)) == pytest.approx(2e-5)


def test_the_loss_is_the_root_of_each_images_error() -> None:
    other = IMAGES[::-1]
    expected = np.sqrt(((IMAGES - other) ** 2).mean(axis=(1, 2, 3)))
    np.testing.assert_allclose(root_mean_square(tf.constant(IMAGES), tf.constant(other)), expected, rtol=1e-4)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Transmission, Path]:
    """A run that nobody disturbs, and its folder."""
    folder: Path = tmp_path_factory.mktemp("whole")
    return fitted(folder), folder


@pytest.mark.parametrize("killed_at", ["unfinished-last.keras", "last.keras", "log.csv"])
def test_a_run_that_was_killed_goes_on_bit_for_bit(
    killed_at: str, whole: tuple[Transmission, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed, folder = whole
    replace, times = os.replace, []

    def kill(source: Path, target: Path) -> None:
        times.append(target.name)
        if times.count(killed_at.removeprefix("unfinished-")) == 2:  # of the second epoch
            if killed_at.startswith("unfinished"):
                source.write_bytes(b"half a file")
            else:
                replace(source, target)
            raise KeyboardInterrupt
        replace(source, target)

    monkeypatch.setattr(os, "replace", kill)
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "parts")
    monkeypatch.setattr(os, "replace", replace)
    assert isinstance(keras.models.load_model(tmp_path / "parts" / "last.keras"), Transmission)
    assert same(fitted(tmp_path / "parts"), undisturbed)
    assert same(fitted(tmp_path / "parts"), undisturbed)  # it is finished
    logs = [(each / "log.csv").read_text() for each in (folder, tmp_path / "parts")]
    assert logs[0] == logs[1]
    rows = list(csv.DictReader(logs[0].splitlines()))
    assert [row["epoch"] for row in rows] == ["1", "2", "3"] and {"loss", "val_psnr", "val_mean_psnr"} <= rows[0].keys()
    best = [keras.models.load_model(each / "best.keras") for each in (folder, tmp_path / "parts")]
    assert same(*best)


def test_a_run_without_a_folder_is_the_same(whole: tuple[Transmission, Path]) -> None:
    assert same(fitted(None), whole[0])


@pytest.mark.parametrize(
    ("scores", "stops_after", "best"),
    [
        ([1.0, 3.0, 2.0, 2.5, 9.0], 4, 2),
        ([1.0, np.nan, 2.0, np.nan, np.nan], 5, 3),
        ([np.nan, 1.0, 0.0, 0.5], 4, 2),
        ([np.nan, np.nan, np.nan, np.nan], 3, 1),
    ],
    ids=str,
)
@pytest.mark.parametrize("kept", [True, False])
def test_patience_stops_and_keeps_the_best(
    scores: list[float], stops_after: int, best: int, kept: bool, tmp_path: Path
) -> None:
    model, keeper = plain(), Keeper(tmp_path if kept else None, 2, 1)
    keeper.set_model(model)
    model.stop_training = False
    seen = []
    for epoch, score in enumerate(scores):
        model.set_weights([w + 1 for w in model.get_weights()])
        seen.append(model.get_weights())
        keeper.on_epoch_end(epoch, {JUDGE: score})
        if model.stop_training:
            break
    assert len(seen) == stops_after
    found = keeper.best()
    assert found is not None
    for one, other in zip(found.get_weights(), seen[best - 1], strict=True):
        np.testing.assert_array_equal(one, other)
    assert not kept or Keeper(tmp_path, 2, 1).exhausted == bool(model.stop_training)


def test_a_folder_of_another_batch_size_is_refused(tmp_path: Path) -> None:
    fitted(tmp_path, 1)
    for size, steps in ((4, 4), (16, 1)):
        with pytest.raises(
            ValueError, match=rf"^folder: expected a training of {steps} steps an epoch, received one of 2"
        ):
            train(adapting(), TRAIN, HELD, 2, size, folder=tmp_path, verbose=0)


def test_too_few_images_are_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match=r"^images: expected at least a batch of 17, [^\n]*; take a smaller [^\n]*$"):
        train(plain(), TRAIN, HELD, 1, 17)
