"""Sensors share elements and energy fairly, see what they should, and err as theory says."""

import os
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.figures import sensors as figure
from overair.figures._tables import select
from overair.learning.data.files import local_folder
from overair.learning.inference.sensors import theory as sensor_theory
from overair.learning.inference.sensors.ways import WAYS, Sensors, Views, Way, accuracy, fit
from overair.phy import keys

SHAPE = (8, 8, 1)
CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"


def patterns(count: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Images of one pattern a class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=count).astype(np.int32)
    return rng.random((classes, *SHAPE), np.float32)[labels], labels


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("sensors", [1, 2, 8])
@pytest.mark.parametrize("snr_db", [-6.0, 10.0])
def test_the_mean_of_noisy_copies_errs_as_predicted(way: Way, sensors: int, snr_db: float) -> None:
    """Views average like 1/K; added amplitudes K over K repeats leave noise/K^3, own elements at K P noise/K^2."""
    view, noise = 0.25, 10 ** (-snr_db / 10)
    amplitude = 1 / np.sqrt(2 * 1.25)  # of a feature of a symbol's power 1; each sees noise/2
    received = sensors * sensors if way == "added" else sensors * np.sqrt(sensors)  # of x, all added up
    terms = sensors  # repeats, or sensors, each with a noise of its own
    expected = view / sensors + terms * noise / 2 / (amplitude * received) ** 2
    assert np.isclose(sensor_theory.error(sensors, view, snr_db, way), expected)
    errors = sensor_theory.simulated(sensors, view, snr_db, way, keys.key(1, sensors)).numpy()
    scaling = 2 / errors.shape[1]  # each sensor's features are scaled by a norm of m numbers
    assert abs(errors.mean() - expected) < 4.5 * expected * np.sqrt(2 / errors.size) + scaling


@pytest.mark.parametrize("way", WAYS)
def test_a_sensor_spends_the_same_energy_in_the_same_elements_either_way(way: Way) -> None:
    net = Sensors(4, 8, SHAPE, 3, way)
    views = Views(4).draw(tf.constant(patterns(5)[0]), 4, keys.key(0))
    features = net.encoder(tf.reshape(views, [20, *SHAPE]))
    symbols = features.shape[1] // 2
    used = symbols * (1 if way == "added" else 4)
    assert used == 8 and np.isclose(symbols * 10 ** (net.power_db / 10), 8)
    assert net.head.input_shape == (None, 16)


@pytest.mark.parametrize("way", WAYS)
def test_the_noise_of_a_share_is_weaker_by_its_power(way: Way) -> None:
    """Features of a share arrive at SNR K, those of all at 1: what the head reads, less what was sent."""
    net = Sensors(4, 64, SHAPE, 3, way)
    net.head = keras.Sequential([keras.Input((128,)), keras.layers.Identity()])
    net.over_air.equalizer = "none"
    views = Views(4).draw(tf.constant(patterns(200)[0]), 4, keys.key(0))
    clean, heard = (net.logits(views, tf.fill([200], snr), keys.key(2)).numpy() for snr in (np.inf, 3.0))
    expected = 10**-0.3 / 2 / (1 if way == "added" else 4)
    error = (heard - clean) ** 2
    assert abs(error.mean() - expected) < 4.5 * expected * np.sqrt(2 / error.size)


def test_added_features_do_not_depend_on_the_order_of_sensors() -> None:
    net = Sensors(3, 8, SHAPE, 3)
    views = Views(4).draw(tf.constant(patterns(5)[0]), 3, keys.key(0))
    snr = tf.fill([5], 10.0)
    turned = net.logits(tf.roll(views, 1, axis=1), snr, keys.key(1))
    np.testing.assert_allclose(turned, net.logits(views, snr, keys.key(1)), atol=1e-5)


def test_a_sensor_sees_its_window_alone_and_windows_are_everywhere() -> None:
    ones = tf.ones([400, *SHAPE])
    seen = Views(3, 0.0).draw(ones, 5, keys.key(0)).numpy()[..., 0]
    assert set(np.unique(seen)) == {0.0, 1.0} and np.all(seen.sum(axis=(2, 3)) == 9)
    rows, columns = seen.any(axis=3).argmax(axis=2), seen.any(axis=2).argmax(axis=2)  # where windows begin
    for first in (rows, columns):
        share = np.bincount(first.ravel(), minlength=6) / first.size
        assert len(share) == 6 and np.all(np.abs(share - 1 / 6) < 4.5 * np.sqrt(5 / 36 / first.size))
    correlation = np.corrcoef([rows[:, 0], rows[:, 1], columns[:, 0]])
    assert np.abs(correlation - np.eye(3)).max() < 4.5 / np.sqrt(len(rows))
    noise = Views(3, 0.5).draw(ones, 5, keys.key(0)).numpy()[..., 0] - seen
    assert abs(noise.var() - 0.25) < 4.5 * 0.25 * np.sqrt(2 / noise.size)


@pytest.mark.parametrize("way", WAYS)
def test_sensors_learn_and_repeat_for_the_same_key(way: Way) -> None:
    x, y = patterns(300)
    found = []
    for _ in range(2):
        net = Sensors(2, 4, SHAPE, 3, way, hidden=16)
        fit(net, x, y, Views(8, 0.1), (0.0, 10.0), 60, keys.key(0))
        found.append(accuracy(net, x, y, Views(8, 0.1), 10.0, keys.key(1)))
    assert found[0] == found[1] > 0.9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((3, 8, SHAPE, 3, "one_by_one"), "received 3 sensors and 8 elements; take a multiple of 3 elements"),
        ((0, 8, SHAPE, 3), "received 0 sensors and 8 elements; "),
        ((2, 8, SHAPE, 3, "both"), "sensors.way: expected one of added, one_by_one, received 'both'"),
    ],
)
def test_shares_that_do_not_come_out_are_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(ValueError) as error:
        Sensors(*arguments)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("window", [0, 9])
def test_a_window_larger_than_the_image_is_refused(window: int) -> None:
    with pytest.raises(ValueError, match=f"^views.window: expected 1 to 8 pixels, received {window}"):
        Views(window).draw(tf.ones([1, *SHAPE]), 2, keys.key(0))


def test_the_table_has_the_errors_of_theory_and_is_drawn(tmp_path: Path) -> None:
    if not (CURVES / "sensors.csv").exists():
        pytest.skip("needs the checkout: set OVERAIR_CHECKOUT to its folder")
    found = figure.read(CURVES / "sensors.csv")
    for way in WAYS:
        value, theory = select(found, "value", "theory", what=f"error {way}")
        assert np.all(np.abs(value - theory) < 4.5 * theory * np.sqrt(2 / (4 * 2**14)) + 2 / 2**14)
    figure.draw(found, tmp_path / "sensors.png")
    assert (tmp_path / "sensors.png").stat().st_size > 10_000


@pytest.mark.slow
def test_eight_sensors_that_add_beat_eight_that_take_turns_at_every_snr() -> None:
    if local_folder("fashion-mnist") is None:
        pytest.skip("needs the folder fashion-mnist in $OVERAIR_DATA")
    added, turns = (figure.simulate(8, way, 3, (-15.0, 0.0, 10.0)) for way in WAYS)
    assert all(a > b + 0.02 for a, b in zip(added, turns, strict=True))
