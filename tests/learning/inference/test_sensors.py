"""Sensors share elements and energy fairly, see what they should, and err as theory says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning.inference.sensors import theory as sensor_theory
from overair.learning.inference.sensors.ways import WAYS, Sensors, Views, Way, accuracies, accuracy, fit
from overair.phy import Air, FullInversion, Grid, Rayleigh, keys

SHAPE = (8, 8, 1)
SYMBOLS: tuple[Way, ...] = ("added", "one_by_one")  # ways whose features are symbols


def patterns(count: int, classes: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Images of one pattern a class."""
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=count).astype(np.int32)
    return rng.random((classes, *SHAPE), np.float32)[labels], labels


@pytest.mark.parametrize("way", SYMBOLS)
@pytest.mark.parametrize("sensors", [1, 2, 8])
@pytest.mark.parametrize("snr_db", [-6.0, 10.0])
def test_the_mean_of_noisy_copies_errs_as_predicted(way: Way, sensors: int, snr_db: float) -> None:
    """Views average like 1/K; added amplitudes K over K repeats leave noise/K^3, own elements at K P noise/K^2."""
    view, noise = 0.25, 10 ** (-snr_db / 10)
    amplitude = 1 / np.sqrt(2 * 1.25)  # of a feature of a symbol's power 1; each sees noise/2
    received = sensors * sensors if way == "added" else sensors * np.sqrt(sensors)  # of x, all added up
    terms = sensors  # repeats, or sensors, each with a noise of its own
    expected = view / sensors + terms * noise / 2 / (amplitude * received) ** 2
    assert np.isclose(sensor_theory.noise(sensors, view, snr_db, way), expected)
    expected /= 1 + expected  # of the best linear estimate
    assert np.isclose(sensor_theory.error(sensors, view, snr_db, way), expected)
    errors = sensor_theory.simulated(sensors, view, snr_db, way, keys.key(1, sensors))
    scaling = 2 / errors.shape[1]  # each sensor's features are scaled by a norm of m numbers
    assert abs(errors.mean() - expected) < 4.5 * expected * np.sqrt(2 / errors.size) + scaling


@pytest.mark.parametrize("way", SYMBOLS)
def test_a_sensor_spends_the_same_energy_in_the_same_elements_either_way(way: Way) -> None:
    net = Sensors(4, 8, SHAPE, 3, way)
    views = Views(4).draw(tf.constant(patterns(5)[0]), 4, keys.key(0))
    features = net.encoder(tf.reshape(views, [20, *SHAPE]))
    symbols = features.shape[1] // 2
    used = symbols * (1 if way == "added" else 4)
    assert used == 8 and np.isclose(symbols * 10 ** (net.power_db / 10), 8)
    assert net.head.input_shape == (None, 16)


@pytest.mark.parametrize("way", SYMBOLS)
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
        ((2, 8, SHAPE, 3, "both"), "way: expected one of added, one_by_one, digital, received 'both'"),
    ],
)
def test_shares_that_do_not_come_out_are_refused(arguments: tuple, said: str) -> None:
    with pytest.raises(ValueError) as error:
        Sensors(*arguments)
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("window", [0, 9])
def test_a_window_larger_than_the_image_is_refused(window: int) -> None:
    with pytest.raises(ValueError, match=f"^window: expected 1 to 8 pixels, received {window}"):
        Views(window).draw(tf.ones([1, *SHAPE]), 2, keys.key(0))


@pytest.mark.parametrize("way", WAYS)
def test_an_accuracy_is_the_same_whatever_other_snrs_are_asked_for(way: Way) -> None:
    """Of 13 images, which do not come out in ten parts."""
    x, y = patterns(113)
    net = Sensors(2, 4, SHAPE, 3, way, hidden=16)
    fit(net, x[13:], y[13:], Views(8, 0.1), (0.0, 10.0), 20, keys.key(0))
    views, key = Views(5, 0.5), keys.key(1)
    together = accuracies(net, x[:13], y[:13], views, [-10.0, 0.0, 10.0], key)
    assert together == [accuracy(net, x[:13], y[:13], views, snr, key) for snr in (-10.0, 0.0, 10.0)]
    assert all(np.isclose(13 * share, round(13 * share)) for share in together)


def test_features_that_add_over_fading_ask_for_a_power_rule_and_arrive_aligned_with_one() -> None:
    """Full inversion makes a gain of 1 of any: without noise what the head reads is the sum over all sensors."""
    fading = Air(Grid(subcarriers=8, symbols=1, prefix=2), Rayleigh(), 1)
    with pytest.raises(ValueError, match="^rule: expected a power rule, .* received none over Rayleigh.*; take"):
        Sensors(3, 8, SHAPE, 3, air=fading)
    Sensors(3, 9, SHAPE, 3, "one_by_one", air=fading)
    Sensors(1, 8, SHAPE, 3, air=fading)
    nets = [Sensors(3, 8, SHAPE, 3), Sensors(3, 8, SHAPE, 3, air=fading, rule=FullInversion())]
    views = Views(4).draw(tf.constant(patterns(5)[0]), 3, keys.key(0))
    snr = tf.fill([5], np.inf)
    plain, aligned = (net.logits(views, snr, keys.key(1)) for net in nets)
    np.testing.assert_allclose(aligned, plain, rtol=1e-4, atol=1e-4)
