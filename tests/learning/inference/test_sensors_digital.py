"""Sensors that tell bits: entropies and errors of their quantisers, bits that are granted and used, and limits."""

import math

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from overair.learning.inference.sensors import bits, limits, quantisers, theory
from overair.learning.inference.sensors.ways import Sensors, Views
from overair.ota import coding
from overair.phy import Air, Awgn, FrequencyOffset, Grid, Rayleigh, keys

CASES = [(count, snr) for count in (1, 2, 3, 8) for snr in (-3.0, 5.0, 15.0)]


# --- Quantisers


def estimated(noise: float) -> float:
    """Squared error of the best linear estimate of a number of variance 1 in noise."""
    return noise / (1 + noise)


def added(error: float) -> float:
    """The noise that such an estimate comes from."""
    return error / (1 - error)


@pytest.mark.parametrize("step", [0.3, 1.0, 4.0])
def test_the_entropy_of_what_is_told_is_that_of_its_probabilities(step: float) -> None:
    """P(q) is the mean over dithers u of P(q - 1/2 < y / step + u < q + 1/2)."""

    def cell(u: float, q: int) -> float:
        return float(stats.norm.cdf((q + 0.5 - u) * step) - stats.norm.cdf((q - 0.5 - u) * step))

    shares = [integrate.quad(cell, -0.5, 0.5, args=(q,), epsabs=1e-13)[0] for q in range(-40, 41)]
    expected = -sum(share * math.log2(share) for share in shares if share > 1e-14)
    assert quantisers.entropy(step) == pytest.approx(expected, abs=1e-9)


def test_a_fine_quantiser_tells_the_differential_entropy() -> None:
    expected = 0.5 * math.log2(2 * math.pi * math.e) - math.log2(0.01)
    assert quantisers.entropy(0.01) == pytest.approx(expected, abs=0.01**2 / 12 / math.log(2) * 1.01)


@pytest.mark.parametrize(("sensors", "snr_db"), CASES)
def test_a_description_fills_what_is_carried_and_no_other_number_of_sensors_errs_less(
    sensors: int, snr_db: float
) -> None:
    plan = quantisers.best(sensors, 0.25, snr_db)
    carried = 0.5 * math.log2(1 + sensors * 10 ** (snr_db / 10))
    assert quantisers.entropy(plan.step / 1.25**0.5) * plan.active / sensors == pytest.approx(carried, rel=1e-6)
    for active in range(1, sensors + 1):
        steps = np.geomspace(1e-2, 1e3, 400)
        fits = [step for step in steps if quantisers.entropy(step) * active / sensors <= carried]
        assert (0.25 + 1.25 * fits[0] ** 2 / 12) / active > plan.noise(0.25) * (1 - 1e-9)


@pytest.mark.parametrize(("sensors", "snr_db"), CASES)
def test_the_mean_of_what_is_told_errs_as_predicted_but_for_what_tables_cost(sensors: int, snr_db: float) -> None:
    """4.5 deviations; a code word's table takes up to 5 % of it here, and the step is finer by less than that."""
    errors = theory.simulated(sensors, 0.25, snr_db, "digital", keys.key(1, sensors))
    predicted, slack = theory.error(sensors, 0.25, snr_db, "digital"), 4.5 * np.sqrt(2 / errors.size)
    plan = quantisers.best(sensors, 0.25, snr_db)
    carried = quantisers.rate(sensors, snr_db) * sensors / plan.active
    coarser = 1.25**0.5 * quantisers._step(0.95 * carried - 0.01)
    most = estimated(quantisers.Description(plan.active, coarser).noise(0.25))
    # of a mean of a few uniform errors the kurtosis is at most that of a Gaussian's
    assert predicted * (1 - slack) < errors.mean() < most * (1 + slack)


@pytest.mark.parametrize(("sensors", "snr_db"), [(1, 3.0), (4, -6.0), (4, 10.0)])
def test_words_fit_what_elements_carry_leave_little_of_it_and_come_back(
    sensors: int, snr_db: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    words: list[tuple[bytes, np.ndarray, int]] = []

    def encode(symbols: np.ndarray, alphabet: int) -> bytes:
        word = real(symbols, alphabet)
        words.append((word, symbols, alphabet))
        return word

    real, numbers = coding.encode, 2**13
    monkeypatch.setattr(coding, "encode", encode)
    rng = np.random.default_rng(0)
    views = 1.25**0.5 * rng.normal(size=[1, sensors, numbers])
    quantisers.estimates(views, snr_db, 0.25, rng.uniform(-0.5, 0.5, views.shape))
    room = numbers * quantisers.rate(sensors, snr_db)
    fits = [(word, symbols, alphabet) for word, symbols, alphabet in words if 8 * len(word) + 24 <= room]
    assert len(fits) == sensors  # the first that fits is sent
    for word, symbols, alphabet in fits:
        assert 8 * len(word) + 24 > 0.97 * room
        np.testing.assert_array_equal(coding.decode(word, len(symbols), alphabet), symbols)


def test_dither_makes_errors_independent_of_numbers() -> None:
    rng = np.random.default_rng(1)
    y, u = rng.normal(size=20_000), rng.uniform(-0.5, 0.5, 20_000)
    error = quantisers.described(y, 1.0, 1e9, u)[0] - y
    assert abs(error.var() - 1 / 12) < 4.5 / 12 * np.sqrt(0.8 / 20_000)  # kurtosis 1.8
    assert abs(np.corrcoef(error, y)[0, 1]) < 4.5 / np.sqrt(20_000)
    assert abs(np.corrcoef(error**2, y**2)[0, 1]) < 4.5 / np.sqrt(20_000)


def test_what_has_no_room_tells_nothing() -> None:
    y = np.linspace(-2, 2, 50)
    assert np.ptp(quantisers.described(y, 0.1, 0.0, np.zeros(50))[0]) == 0


@pytest.mark.parametrize(("sensors", "snr_db"), [(3, -12.0), (2, 6.0)])
def test_the_estimate_is_the_best_linear_one_of_all_that_is_told(sensors: int, snr_db: float) -> None:
    """No other factor of it errs less, by least squares over what came; and it errs by 1 at most."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=[1, 2**14])
    views = x[:, None] + 0.5 * rng.normal(size=[1, sensors, 2**14])
    told = quantisers.estimates(views, snr_db, 0.25, rng.uniform(-0.5, 0.5, views.shape))[0]
    factor = (told @ x[0]) / (told @ told)
    assert abs(factor - 1) < 4.5 * np.sqrt(np.mean((x[0] - told) ** 2) / (told @ told))
    assert np.mean((told - x[0]) ** 2) < 1
    silent = quantisers.estimates(views, -80.0, 0.25, np.zeros(views.shape))
    assert np.mean((silent[0] - x[0]) ** 2) == pytest.approx(np.mean(x**2), rel=1e-3)


# --- Limits


@pytest.mark.parametrize(
    ("sensors", "noise", "distortion", "bits_together"), [(2, 0.5, 0.3, 2.131517), (16, 4.0, 0.5, 3.820300)]
)
def test_apart_sensors_reach_the_ceo_function(
    sensors: int, noise: float, distortion: float, bits_together: float
) -> None:
    """log2(1/D) / 2 + K/2 log2(K / (K - s2 (1/D - 1))), by hand."""
    assert limits.apart(sensors, noise, bits_together) == pytest.approx(distortion / (1 - distortion), rel=2e-6)


@pytest.mark.parametrize(("sensors", "snr_db"), CASES)
def test_sensors_that_see_alike_are_one_encoder(sensors: int, snr_db: float) -> None:
    """Without noise on views D = 2^(-2 bits), and a single sensor's analog symbol is as good as any code."""
    told = (1 + sensors * 10 ** (snr_db / 10)) ** sensors
    assert limits.bound(sensors, 0.0, snr_db, "digital") == pytest.approx(1 / told, rel=1e-9)
    for way in ("added", "one_by_one"):
        uncoded = theory.error(1, 0.25, snr_db, way)
        assert limits.bound(1, 0.25, snr_db, way) == pytest.approx(uncoded, rel=1e-9)


@pytest.mark.parametrize(("sensors", "snr_db"), CASES)
def test_no_way_errs_less_than_its_limit(sensors: int, snr_db: float) -> None:
    for way in ("added", "one_by_one", "digital"):
        limit = limits.bound(sensors, 0.25, snr_db, way)
        assert 0.25 / (sensors + 0.25) <= limit <= theory.error(sensors, 0.25, snr_db, way) * (1 + 1e-9)


def test_added_sensors_err_less_than_any_that_take_turns_may() -> None:
    assert theory.noise(4, 0.25, 0.0, "added") < 0.85 * added(limits.bound(4, 0.25, 0.0, "digital"))


@pytest.mark.parametrize("snr_db", [-300.0, 300.0])
def test_limits_are_numbers_at_any_snr(snr_db: float) -> None:
    for way in ("added", "one_by_one", "digital"):
        assert 0 < limits.bound(4, 0.25, snr_db, way) < math.inf
        assert 0 < theory.error(4, 0.25, snr_db, way) < math.inf


# --- Features in bits


def test_bits_are_as_many_as_are_carried_on_average_and_all_are_told() -> None:
    room = tf.fill([40_000], 5.3)
    told = bits.whole(room, keys.uniform(keys.key(0), [40_000])).numpy()
    assert set(told) == {5.0, 6.0} and abs(told.mean() - 5.3) < 4.5 * np.sqrt(0.21 / 40_000)
    depth = bits.depths(tf.constant([0.0, 1.0, 5.0, 9.0]), 4).numpy()
    np.testing.assert_array_equal(depth, [[0, 0, 0, 0], [1, 0, 0, 0], [2, 1, 1, 1], [3, 2, 2, 2]])


@pytest.mark.parametrize("depth", [0.0, 1.0, 3.0])
def test_a_feature_is_read_as_the_middle_of_its_cell(depth: float) -> None:
    z = tf.linspace(-1.0, 1.0, 1001)
    level = bits.levels(z, tf.constant(depth)).numpy()
    assert set(level) == {float(each) for each in range(int(2**depth))}
    read = bits.restored(tf.constant(level), tf.constant(depth)).numpy()
    assert np.abs(read - z).max() <= 2**-depth + 1e-6
    np.testing.assert_array_equal(bits.told(z, tf.fill([1001], depth)), read)


def test_gradients_pass_features_that_are_told_alone() -> None:
    z = tf.constant([[0.3, -0.7]])
    with tf.GradientTape() as tape:
        tape.watch(z)
        total = tf.reduce_sum(bits.told(z, tf.constant([[2.0, 0.0]])))
    np.testing.assert_array_equal(tape.gradient(total, z), [[1.0, 0.0]])


def test_a_sensor_tells_the_bits_of_its_own_elements_and_gain(monkeypatch: pytest.MonkeyPatch) -> None:
    """log2(1 + K |h|^2 P/N0) an element, over the links of the features that are sent one by one."""
    rooms: list[np.ndarray] = []

    def whole(room: tf.Tensor, chance: tf.Tensor) -> tf.Tensor:
        rooms.append(room.numpy())
        return tf.floor(room + chance)

    monkeypatch.setattr(bits, "whole", whole)
    views, snr, key = tf.random.stateless_normal([5, 3, 8, 8, 1], [0, 1]), tf.fill([5], 4.0), keys.key(3)
    for channel in (Awgn(), Rayleigh()):
        air = Air(Grid(subcarriers=4, symbols=1, prefix=1), channel, 1)
        net, analog = (Sensors(3, 6, (8, 8, 1), 3, way, air=air) for way in ("digital", "one_by_one"))
        assert net.logits(views, snr, key).shape == (5, 3)
        told = tf.repeat(snr, 3) + analog.power_db
        _, believed = analog.over_air(tf.ones([15, 4]), snr_db=told, key=key, return_snr=True)
        np.testing.assert_allclose(rooms.pop(), 2 * np.log2(1 + 10 ** (believed.numpy() / 10)), rtol=1e-4)


def test_bits_over_a_waveform_without_elements_are_refused() -> None:
    air = Air(Grid(), Awgn(), 1, impairments=(FrequencyOffset(high=0.1),))
    with pytest.raises(ValueError, match="^way: expected the frequency domain for features sent as bits"):
        Sensors(2, 4, (8, 8, 1), 3, "digital", air=air)


def test_views_of_one_image_tell_more_together() -> None:
    """A digital uplink learns: what two sensors tell in two bits each is more than chance of three patterns."""
    from overair.learning.inference.sensors.ways import accuracy, fit

    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=300).astype(np.int32)
    images = rng.random((3, 8, 8, 1), np.float32)[labels]
    net = Sensors(2, 4, (8, 8, 1), 3, "digital", hidden=16)
    fit(net, images, labels, Views(8, 0.1), (0.0, 10.0), 60, keys.key(0))
    assert accuracy(net, images, labels, Views(8, 0.1), 10.0, keys.key(1)) > 0.9
