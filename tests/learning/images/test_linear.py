"""Linear transmission has the error that theory gives it, spends what it may, and is the published line."""

from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.stats
import tensorflow as tf

from overair.checks.sources import analog_sources
from overair.learning.data.cifar10 import FOLDER, Cifar10
from overair.learning.data.files import local_folder
from overair.learning.images import mean_psnr, mse, psnr_of_mean, uncoded
from overair.learning.images.klt import Klt
from overair.learning.images.linear import NOISE_ALONE, Linear, PowerAllocation, allocate
from overair.ota.codecs import unpack
from overair.phy import Air, Awgn, Grid, Rayleigh, keys
from overair.phy.links import send

Scale = Literal["average", "known", "sent"]
RNG = np.random.default_rng(0)
VARIANCES = np.arange(1, 49) ** -1.5
AXES = np.linalg.qr(RNG.normal(size=(48, 48)))[0].astype(np.float32)
KLT = Klt(4, np.full(48, 0.5, np.float32), AXES, VARIANCES)  # 4 x 4 x 3


def gaussian_images(count: int, seed: int = 0) -> np.ndarray:
    """Images of four blocks, with contrasts that differ."""
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(size=(count, 4, 48)) * np.sqrt(VARIANCES) * rng.uniform(0.5, 1.5, (count, 1, 1))
    return KLT.backward(coefficients.astype(np.float32), 8, 8).numpy()


IMAGES = gaussian_images(40)


def scheme(scale: Scale, ratio: float = 1 / 6) -> Linear:
    return Linear(KLT, ratio, scale, gaussian_images(200, 1))


# The transform


def test_the_transform_of_blocks_is_their_covariance_turned() -> None:
    images = [RNG.random((30, 8, 4, 2)).astype(np.float32), RNG.random((20, 4, 8, 2)).astype(np.float32)]
    blocks = np.concatenate(
        [x.reshape(-1, x.shape[1] // 4, 4, x.shape[2] // 4, 4, 2).swapaxes(2, 3).reshape(-1, 32) for x in images]
    ).astype(np.float64)
    klt = Klt.fit(*images, block=4)
    covariance = np.cov(blocks.T, bias=True)
    np.testing.assert_allclose(klt.mean, blocks.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(klt.variances, np.linalg.eigvalsh(covariance)[::-1], rtol=1e-3)
    axes = klt.axes.astype(np.float64)
    np.testing.assert_allclose(axes.T @ covariance @ axes, np.diag(klt.variances), atol=1e-6)


@pytest.mark.parametrize("block", [1, 2, 8])
def test_all_coefficients_give_the_image_back(block: int) -> None:
    images = RNG.random((3, 8, 16, 3)).astype(np.float32)
    klt = Klt.fit(RNG.random((40, 8, 8, 3)).astype(np.float32), block=block)
    u = klt.forward(images, 3 * block**2)
    assert u.shape == (3, 128 // block**2, 3 * block**2)
    np.testing.assert_allclose(klt.backward(u, 8, 16), images, atol=1e-5)


# Power


@pytest.mark.parametrize("noise", [0.005, 0.05, 5.0])
def test_the_allocation_is_that_of_least_error(noise: float) -> None:
    variances, total = VARIANCES[:6], 3.0

    def error(roots: np.ndarray) -> float:
        powers = total * roots**2 / (roots**2).sum()
        return float((variances * noise / (powers + noise)).sum())

    powers = allocate(variances, total, noise)
    best = scipy.optimize.minimize(error, np.ones(6), method="BFGS", options={"gtol": 1e-10})
    assert powers.sum() == pytest.approx(total) and powers.min() >= 0
    assert (variances * noise / (powers + noise)).sum() == pytest.approx(best.fun, rel=1e-6)
    assert (powers[-1] == 0) == (noise == 5.0)


def test_nothing_is_spent_on_components_without_variance() -> None:
    np.testing.assert_array_equal(allocate(np.array([1.0, 0.0]), 2.0, 0.1), [2.0, 0.0])
    np.testing.assert_array_equal(allocate(np.zeros(3), 2.0, 0.1), 0.0)


@pytest.mark.parametrize("scale", ["known", "sent"])
def test_every_image_spends_exactly_its_budget(scale: Scale) -> None:
    linear = scheme(scale)
    plan, u = linear.plan(10.0), linear._coefficients(IMAGES)
    factor, t = linear._scale(u, plan)
    budget = linear._budget(u)
    assert budget == IMAGES[0].size / 6  # complex symbols of energy 1
    spent = tf.reduce_sum((factor * linear._amplitudes(u, plan) * u) ** 2, axis=[1, 2])
    spent += (plan.level * budget * t**2)[:, 0, 0]
    np.testing.assert_allclose(spent, budget, rtol=1e-5)
    assert (scale == "sent") == (plan.level > 0)


def test_average_power_is_the_budget_where_the_source_is_what_was_fitted() -> None:
    plan = scheme("average").plan(10.0)
    assert (plan.amplitudes**2 * VARIANCES[:16]).sum() == pytest.approx(8.0, rel=1e-6)


# Errors


@pytest.mark.parametrize("scale", ["average", "known", "sent"])
def test_the_error_is_the_predicted_one(scale: Scale) -> None:
    linear = scheme(scale)
    once = tf.function(lambda key: mse(IMAGES, linear.send(IMAGES, 5.0, key, clip=False)), autograph=False)
    errors = np.array([once(keys.key(1, i)) for i in range(400)])  # [draws, B]
    spread = errors.std(axis=0, ddof=1) / 400**0.5
    apart = (errors.mean(axis=0) - linear.predicted(IMAGES, 5.0).numpy()) / spread
    assert np.abs(apart).max() < 5


def test_the_closed_form_is_the_error_averaged_over_the_source() -> None:
    linear = scheme("average")
    one_each = KLT.backward((np.sqrt(VARIANCES) * np.eye(48)).astype(np.float32)[:, None], 4, 4)
    nothing = KLT.backward(tf.zeros([1, 1, 48]), 4, 4)
    noise = float(linear.predicted(nothing, 10.0)[0])
    of_components = linear.predicted(one_each, 10.0).numpy() - noise
    assert linear.distortion(10.0) == pytest.approx(of_components.sum() + noise, rel=1e-5)


def test_knowing_the_scale_is_worth_something_and_sending_it_costs_something() -> None:
    known, sent = (float(tf.reduce_mean(scheme(scale).predicted(IMAGES, 10.0))) for scale in ("known", "sent"))
    assert known < sent < 1.3 * known


def test_no_fixed_receiver_reaches_the_line_where_the_scale_is_sent() -> None:
    linear = scheme("sent")
    plan, u = linear.plan(10.0), linear._coefficients(IMAGES)
    x = linear._scale(u, plan)[0] * linear._amplitudes(u, plan) * u
    weights = tf.reduce_mean(x * u, axis=[0, 1]) / (tf.reduce_mean(x**2, axis=[0, 1]) + plan.noise)  # best for these
    fixed = tf.reduce_sum((1 - weights * linear._scale(u, plan)[0] * linear._amplitudes(u, plan)) ** 2 * u**2, [1, 2])
    fixed += 4 * plan.noise * tf.reduce_sum(weights**2)
    assert tf.reduce_mean(linear._errors(u, plan)) < tf.reduce_mean(fixed)


def test_without_noise_all_coefficients_arrive() -> None:
    for scale in ("average", "known", "sent"):
        linear = scheme(scale, 0.5)  # as many real uses as samples
        received = linear.send(IMAGES, 100.0, keys.key(0), clip=False)
        lost = 0.0 if scale != "sent" else VARIANCES[-1] * 2  # its use carries the scale
        assert float(tf.reduce_mean(mse(IMAGES, received))) < lost / 192 + 1e-7


def test_the_scale_is_heard_through_the_noise_of_the_use_it_takes() -> None:
    linear, key, noise_power, budget = scheme("sent"), keys.key(5), 0.05, 32.0
    plan, u = linear.plan(10.0), linear._coefficients(IMAGES).numpy().astype(np.float64)  # [B, 4, 16]
    blank = tf.zeros([u.shape[0], u[0].size // 2], tf.complex64)
    noise = unpack(send(NOISE_ALONE, blank, tf.fill([len(u)], 10.0), key)[0], u[0].size).numpy().reshape(u.shape)
    a = np.tile(plan.amplitudes, [4, 1])
    a[-1, -1] = 0.0
    energy = ((a * u) ** 2).sum(axis=(1, 2))
    t, g2 = (np.log(energy / budget) - plan.mean) / plan.spread, plan.level * budget
    heard = g2**0.5 * (g2**0.5 * t + noise[:, -1, -1]) / (g2 + noise_power)
    assert max(np.abs(t).max(), np.abs(heard).max()) < 4 and np.abs(heard - t).max() > 0.1
    s = np.sqrt((budget - g2 * t**2) / energy)[:, None, None]
    believed = np.sqrt((budget - g2 * heard**2) / (budget * np.exp(plan.mean + plan.spread * heard)))[:, None, None]
    weights = believed * a * VARIANCES[:16] / ((believed * a) ** 2 * VARIANCES[:16] + noise_power)
    received = linear._coefficients(linear.send(IMAGES, 10.0, key, clip=False))
    np.testing.assert_allclose(received, weights * (s * a * u + noise), atol=1e-4)


def test_equal_keys_give_equal_images_compiled_or_not() -> None:
    linear = scheme("sent")
    compiled = tf.function(lambda key: linear.send(IMAGES, 10.0, key), autograph=False)
    np.testing.assert_array_equal(compiled(keys.key(3)), compiled(keys.key(3)))
    np.testing.assert_allclose(compiled(keys.key(3)), linear.send(IMAGES, 10.0, keys.key(3)), atol=1e-5)
    assert np.abs(compiled(keys.key(3)) - compiled(keys.key(4))).max() > 0.01
    assert 0 <= compiled(keys.key(3)).numpy().min() and compiled(keys.key(3)).numpy().max() <= 1


def test_an_image_that_is_all_mean_arrives() -> None:
    grey = np.full((1, 8, 8, 3), 0.5, np.float32)
    np.testing.assert_allclose(scheme("known").send(grey, 10.0, keys.key(0)), grey, atol=1e-4)
    assert mse(grey, scheme("sent").send(grey, 10.0, keys.key(0))) < scheme("sent").distortion(10.0)


def test_what_cannot_be_sent_is_refused() -> None:
    for ratio in (0.1, 0.6, 0.0):
        with pytest.raises(ValueError, match=r"^linear\.ratio: expected a whole number of real uses.*;.*$"):
            Linear(KLT, ratio)
    with pytest.raises(ValueError, match=r"^linear\.examples: expected images where scale = sent, received none;.*$"):
        Linear(KLT, 1 / 6, "sent")
    with pytest.raises(ValueError, match=r"^linear\.scale: expected one of average, known, sent, received 'free'$"):
        Linear(KLT, 1 / 6, "free")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="^images: expected sides that are multiples of the block of 4 .*;.*$"):
        scheme("known").send(np.zeros((1, 8, 10, 3), np.float32), 10.0, keys.key(0))
    with pytest.raises(ValueError, match="^images: expected 3 colours, as fitted, received 1; .*$"):
        scheme("known").send(np.zeros((1, 8, 8, 1), np.float32), 10.0, keys.key(0))


# Closed forms


def test_the_closed_forms_have_the_published_values() -> None:
    def db(distortion: np.ndarray | float) -> np.ndarray:
        return -10 * np.log10(distortion)

    np.testing.assert_allclose(db(uncoded.awgn(np.array([0.0, 10.0, 20.0]))), [3.0103, 10.4139, 20.0432], atol=5e-5)
    assert db(uncoded.rayleigh(10.0)) == pytest.approx(6.9580, abs=5e-5)
    assert db(uncoded.opta(10.0, 1 / 6)) == pytest.approx(3.4713, abs=5e-5)


@pytest.mark.parametrize("snr_db", [-40.0, 0.0, 40.0])
def test_rayleigh_is_the_mean_over_fading(snr_db: float) -> None:
    g = 10 ** (snr_db / 10)
    mean = scipy.integrate.quad(lambda x: np.exp(-x) / (1 + g * x), 0, np.inf, epsabs=1e-12, limit=200)[0]
    assert uncoded.rayleigh(snr_db) == pytest.approx(mean, rel=1e-6)


@pytest.mark.parametrize("snr_db", [0.0, 10.0, 30.0])
def test_opta_fills_water_in_reverse(snr_db: float) -> None:
    variances = np.append(VARIANCES, 0.0)
    rate = len(variances) / 6 * np.log2(1 + 10 ** (snr_db / 10))

    def missing(log_theta: float) -> float:
        return float(np.maximum(np.log2(VARIANCES / np.exp(log_theta)) / 2, 0).sum() - rate)

    theta = np.exp(scipy.optimize.brentq(missing, -40, 1, xtol=1e-14))
    assert uncoded.opta_of(variances, snr_db, 1 / 6) == pytest.approx(np.minimum(theta, variances).mean(), rel=1e-8)


def test_opta_of_equal_variances_is_that_of_a_white_source_and_below_every_linear_scheme() -> None:
    assert uncoded.opta_of(np.full(30, 2.0), 10.0, 1 / 6) == pytest.approx(2 * uncoded.opta(10.0, 1 / 6))
    for snr_db in (-10.0, 0.0, 10.0, 20.0):
        assert uncoded.opta_of(VARIANCES, snr_db, 1 / 6) < scheme("average").distortion(snr_db)


@pytest.mark.parametrize("antennas", [1, 3])
def test_an_uncoded_receiver_uses_all_its_antennas(antennas: int) -> None:
    air = Air(Grid(subcarriers=1, symbols=1, prefix=0), Rayleigh(), 1, antennas)
    values = keys.normal(keys.key(0), [50_000, 2])
    errors = tf.reduce_mean((uncoded.transmit(values, air, 0.0, keys.key(1)) - values) ** 2, axis=1).numpy()
    expected = scipy.integrate.quad(lambda g: scipy.stats.gamma.pdf(g, antennas) / (1 + g), 0, np.inf)[0]
    assert abs(errors.mean() - expected) < 5 * errors.std() / len(errors) ** 0.5


def test_an_odd_number_of_values_over_several_slots_arrives_in_place() -> None:
    air = Air(Grid(subcarriers=4, symbols=2, prefix=1), Awgn(), 1)
    values = keys.normal(keys.key(0), [3, 21])
    np.testing.assert_allclose(uncoded.transmit(values, air, 100.0, keys.key(1)), values, atol=1e-4)


def test_uncoded_transmission_is_of_one_device() -> None:
    with pytest.raises(ValueError, match=r"^air\.devices: expected 1, which sends alone, received 2; .*$"):
        uncoded.transmit(tf.zeros([1, 2]), Air(Grid(), Awgn(), 2), 0.0, keys.key(0))


def test_theory_and_simulation_agree() -> None:
    rows = list(analog_sources())
    assert len(rows) == 5
    assert not [row for row in rows if not row.agrees]
    assert all(0 < row.error < 0.01 * row.expected for row in rows)


# CIFAR-10


@pytest.mark.slow
def test_cifar10_has_the_published_lines() -> None:
    folder = local_folder(FOLDER)
    if folder is None or not (Path(folder) / "test_batch.bin").exists():
        pytest.skip("needs CIFAR-10: set OVERAIR_DATA to the folder that has cifar-10-batches-bin")
    data = Cifar10().load()
    klt = Klt.fit(data.x_train, block=32)
    lines: dict[tuple[float, Scale], tuple[float, float]] = {  # those with the scale known are published
        (1 / 12, "known"): (25.86, 26.39),
        (1 / 6, "known"): (28.60, 29.12),
        (1 / 12, "sent"): (25.76, 26.28),
        (1 / 6, "sent"): (28.48, 29.00),
    }
    for (ratio, scale), expected in lines.items():
        linear = Linear(klt, ratio, scale, data.x_train[:2000])
        errors = np.concatenate(
            [mse(x, linear.send(x, 10.0, keys.key(i))) for i, x in enumerate(np.split(data.x_test, 10))]
        )
        np.testing.assert_allclose([psnr_of_mean(errors), mean_psnr(errors)], expected, atol=0.02)


def test_a_plan_is_made_once_for_each_snr() -> None:
    linear = scheme("sent")
    assert isinstance(linear.plan(3.0), PowerAllocation) and linear.plan(3.0) is linear.plan(3.0)
    assert linear.plan(3.0).noise == pytest.approx(10**-0.3 / 2)
