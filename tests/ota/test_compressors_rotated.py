"""Rotated quantisers with real coders: steps and errors at a rate, real bytes, scales for a purpose, and no bias."""

from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.stats
import tensorflow as tf

from overair.ota import Compressor, Eden, EdenCoded, RotatedDither, gaussian_coding
from overair.ota.compressors._lloyd_max import lloyd_max
from overair.ota.compressors._normal_rates import (
    dithered_rate,
    dithered_steps,
    plain_error,
    plain_rate,
    plain_steps,
    step_of,
)
from overair.ota.compressors._rotated_code import Coded, coded
from overair.ota.compressors._rotation import returned, rotated
from overair.ota.projections import draw
from overair.phy import keys

SIZE = 4096
NORMAL = scipy.stats.norm


def errors_of(compressor: Compressor, x: np.ndarray, bits: float, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """Relative errors and bits of so many draws."""

    def one(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        value, used = compressor.compress(tf.constant(x), tf.constant(bits, tf.float32), keys.key(1, index))
        return tf.reduce_sum((value - x) ** 2), used

    kinds = (tf.float32, tf.float32)
    run = tf.function(lambda: tf.map_fn(one, tf.range(draws), fn_output_signature=kinds), autograph=False)
    errors, used = (value.numpy().astype(float) for value in run())
    return errors / (x.astype(float) ** 2).sum(), used


def normal(size: int = SIZE) -> np.ndarray:
    return np.random.default_rng(size).normal(size=size).astype(np.float32)


# --- Steps and rates


def conditional_entropy(step: float) -> float:
    """Of q = round(z/k + u) given u, averaged over u: sums of P log P, integrated by quadrature."""
    place = np.arange(-int(12 / step) - 3, int(12 / step) + 4)

    def entropy(u: float) -> float:
        p = np.diff(NORMAL.cdf((np.append(place, place[-1] + 1) - 0.5 - u) * step))
        return float(-np.sum(p * np.log2(np.maximum(p, 1e-300))))

    return scipy.integrate.quad(entropy, -0.5, 0.5, epsabs=1e-9)[0]


@pytest.mark.parametrize(("bits", "step", "error"), [(1, 2.572252, 0.551374), (2, 1.082447, 0.097641)])
def test_steps_of_dithered_rates_are_the_printed_ones(bits: int, step: float, error: float) -> None:
    assert dithered_rate(step) == pytest.approx(bits, abs=2e-6)
    assert conditional_entropy(step) == pytest.approx(bits, abs=2e-6)
    assert step**2 / 12 == pytest.approx(error, abs=1e-6)
    found = float(step_of(dithered_steps(), tf.constant(float(bits), tf.float64)))
    assert found == pytest.approx(step, rel=2e-4)


@pytest.mark.parametrize(("bits", "step", "error"), [(1, 2.4216194556, 0.534697), (2, 1.0824465436, 0.097641)])
def test_steps_of_plain_rates_are_the_published_ones(bits: int, step: float, error: float) -> None:
    assert plain_rate(step) == pytest.approx(bits, abs=1e-9)
    assert 1 / (1 - plain_error(step)) - 1 == pytest.approx(error, abs=1e-6)
    found = float(step_of(plain_steps(), tf.constant(float(bits), tf.float64)))
    assert found == pytest.approx(step, rel=2e-4)


@pytest.mark.parametrize("step", [0.1, 0.6, 1.7, 3.1])
def test_rates_and_errors_at_other_steps_are_those_of_quadrature(step: float) -> None:
    assert dithered_rate(step) == pytest.approx(conditional_entropy(step), abs=1e-5)
    place = np.arange(-int(12 / step) - 3, int(12 / step) + 4)
    p = np.diff(NORMAL.cdf((np.append(place, place[-1] + 1) - 0.5) * step))
    assert plain_rate(step) == pytest.approx(-np.sum(p * np.log2(np.maximum(p, 1e-300))), abs=1e-9)
    aligned = sum(
        i * scipy.integrate.quad(lambda z: z * NORMAL.pdf(z), (i - 0.5) * step, (i + 0.5) * step)[0] for i in place
    )
    assert plain_error(step) == pytest.approx(1 - aligned**2 / np.sum(p * place**2), abs=1e-9)


def test_steps_outside_of_those_known_are_the_nearest() -> None:
    for known in (dithered_steps(), plain_steps()):
        for rate, step in ((-5.0, known.steps[0]), (99.0, known.steps[-1])):
            assert float(step_of(known, tf.constant(rate, tf.float64))) == pytest.approx(step)
        assert np.all(np.diff(known.rates) > 0) and np.all(np.diff(known.steps) < 0)


def test_the_rate_at_which_bits_buy_most() -> None:
    """b (1 + k^2/12) is least at .76 bits, where it is 1.501; quantisers of one bit have pi/2."""
    known = dithered_steps()
    spent = [rate * (1 + step**2 / 12) for step, rate in zip(known.steps, known.rates, strict=True)]
    assert np.argmin(spent) == 0 and min(spent) == pytest.approx(1.5013, abs=1e-3)
    coarser = [dithered_rate(step) * (1 + step**2 / 12) for step in known.steps[0] * np.array([1.02, 1.2, 2.0, 4.0])]
    assert min(coarser) > spent[0] - 1e-5


# --- Errors


@pytest.mark.parametrize("bits", [1.0, 1.6, 2.0, 4.0])
def test_the_dithered_error_is_that_of_its_step_in_bits_that_were_granted(bits: float) -> None:
    """Of the rate two deviations of the length are left; then hardly any draw leaves a coordinate out."""
    x, room = normal(), SIZE * bits + 40
    step = float(step_of(dithered_steps(), tf.constant(bits - 2 / SIZE**0.5 - 40 / SIZE, tf.float64)))
    errors, used = errors_of(RotatedDither(), x, room, 100)
    assert np.all(used <= room) and used.mean() > room - 4.5 * SIZE**0.5 - 40
    lost = (1 / (1 - 1 / 256) - 1) * (1 + step**2 / 12)  # a rung of the ladder, in about one draw of forty
    assert -4.5 * errors.std() / 10 < errors.mean() - step**2 / 12 < 4.5 * errors.std() / 10 + 0.1 * lost


@pytest.mark.parametrize("bits", [0.1, 0.4])
def test_of_few_bits_fewer_coordinates_are_sent_at_the_best_rate(bits: float) -> None:
    x, room = normal(), SIZE * bits + 40
    known = dithered_steps()
    step, rate = known.steps[0], known.rates[0]
    errors, used = errors_of(RotatedDither(), x, room, 200)
    assert np.all(used <= room) and used.mean() > 0.97 * room
    expected = rate * (1 + step**2 / 12) / bits - 1
    assert abs(errors.mean() - expected) < 4.5 * errors.std() / 200**0.5 + 0.03 * (expected + 1)  # a rung, and bytes


@pytest.mark.parametrize("bits", [0.2, 1.0, 2.0])
def test_the_error_of_coded_multiples_is_that_of_their_step(bits: float) -> None:
    x, room = normal(), SIZE * bits + 40
    step = float(step_of(plain_steps(), tf.constant(bits - 2 / SIZE**0.5 - 40 / SIZE, tf.float64)))
    left = plain_error(step)
    for scale, expected in (("unbiased", 1 / (1 - left) - 1), ("mse", left), ("matched", 2 - 2 * (1 - left) ** 0.5)):
        errors, used = errors_of(EdenCoded(scale=scale), x, room, 100)  # type: ignore[arg-type]
        assert np.all(used <= room)
        allowed = 4.5 * errors.std() / 10 + 0.1 / 256 + 4 * expected / SIZE
        assert abs(errors.mean() - expected) < allowed, (scale, errors.mean(), expected)


@pytest.mark.parametrize(("bits", "share"), [(1, 1.0), (2, 1.0), (1, 0.25)])
def test_scales_of_the_uncoded_have_the_errors_of_their_purpose(bits: int, share: float) -> None:
    """D, 1/(1-D) - 1 and 2 - 2 sqrt(1-D), of the 1 - (k/n)(1 - D) that k of n coordinates leave."""
    x = normal()
    levels = lloyd_max(bits)
    edges = np.concatenate([[-np.inf], (levels[1:] + levels[:-1]) / 2, [np.inf]])
    held = np.sum(levels**2 * np.diff(NORMAL.cdf(edges))) * share  # of levels that are means of their cells
    for scale, expected in (("unbiased", 1 / held - 1), ("mse", 1 - held), ("matched", 2 - 2 * held**0.5)):
        errors, _ = errors_of(Eden(scale=scale), x, 32 + SIZE * bits * share, 200)  # type: ignore[arg-type]
        assert abs(errors.mean() - expected) < 4.5 * errors.std() / 200**0.5 + 4 * expected / SIZE


def test_one_scale_keeps_the_norm_and_is_the_geometric_mean_of_the_others() -> None:
    x = normal(1024)
    made = {}
    for scale in ("unbiased", "mse", "matched"):
        value, _ = Eden(scale=scale).compress(tf.constant(x), tf.constant(32.0 + 1024), keys.key(3))
        made[scale] = value.numpy().astype(float)
    norm = {scale: np.linalg.norm(value) for scale, value in made.items()}
    assert norm["matched"] == pytest.approx(np.linalg.norm(x), rel=1e-5)
    assert norm["matched"] ** 2 == pytest.approx(norm["unbiased"] * norm["mse"], rel=1e-5)
    assert made["unbiased"] @ x == pytest.approx(x.astype(float) @ x, rel=1e-5)
    assert made["mse"] @ x == pytest.approx(norm["mse"] ** 2, rel=1e-5)


def test_given_the_rotation_the_dithered_is_unbiased_even_on_a_spike() -> None:
    x = np.zeros(48, np.float32)
    x[3], x[20] = 5.0, -1.0
    draws = 3000

    def one(index: tf.Tensor) -> tf.Tensor:
        return RotatedDither().compress(tf.constant(x), tf.constant(90.0), keys.key(1, index))[0]

    values = tf.function(lambda: tf.map_fn(one, tf.range(draws), fn_output_signature=tf.float32), autograph=False)()
    found = values.numpy().astype(float)
    assert np.all(np.abs(found.mean(axis=0) - x) < 4.5 * found.std(axis=0) / draws**0.5)


# --- Real bytes


def check_bytes(all: Coded, dither: np.ndarray) -> None:
    chosen, step, most = all.sent.chosen.numpy(), float(all.step), int(all.most)
    symbols = all.index.numpy()[chosen]
    data = gaussian_coding.encode(symbols, dither[chosen], 1 / step, most)
    np.testing.assert_array_equal(gaussian_coding.decode(data, dither[chosen], 1 / step, most), symbols)
    assert 8 * len(data) <= float(all.sent.bits)
    assert float(all.sent.bits) - 8 * len(data) <= 72 + 2**-10 * len(symbols)


@pytest.mark.parametrize("size", [50, 3000, 100_000])
@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("law", ["normal", "spike"])
def test_real_bytes_decode_back_and_are_no_more_than_was_charged(size: int, rate: float, law: str) -> None:
    rng = np.random.default_rng(size)
    unit = rng.normal(size=size) if law == "normal" else np.eye(1, size)[0]
    unit = tf.constant(unit / np.sqrt(np.mean(unit**2)), tf.float32)
    dither = tf.constant(rng.uniform(-0.5, 0.5, size), tf.float32)
    for known, shift in ((dithered_steps(), dither), (plain_steps(), tf.zeros_like(dither))):
        all = coded(unit, shift, known, tf.constant(rate * size, tf.float64), keys.key(0))
        assert float(all.sent.bits) <= rate * size
        if float(all.sent.scale) > 0:
            check_bytes(all, shift.numpy())


def test_what_is_decoded_follows_from_the_bytes() -> None:
    x, bits = normal(512), 800.0
    value, used = EdenCoded().compress(tf.constant(x), tf.constant(bits), keys.key(2))
    signs = draw(keys.fold(keys.key(2), "rotation"), 512, 512).signs
    v = rotated(signs, tf.constant(x)).numpy()
    unit = tf.constant(v / np.sqrt(np.mean(v**2)))
    all = coded(unit, tf.zeros_like(unit), plain_steps(), tf.constant(bits - 40, tf.float64), keys.key(2))
    chosen, step = all.sent.chosen.numpy(), float(all.step)
    data = gaussian_coding.encode(all.index.numpy()[chosen], np.zeros(chosen.sum()), 1 / step, int(all.most))
    q = np.zeros(512, np.float32)
    q[chosen] = gaussian_coding.decode(data, np.zeros(chosen.sum()), 1 / step, int(all.most))
    direction = returned(signs, tf.constant(q), 512).numpy()
    cosine = value.numpy() @ direction / np.linalg.norm(value) / np.linalg.norm(direction)
    assert cosine == pytest.approx(1, abs=1e-5)
    assert 40 + 8 * len(data) <= float(used) <= bits


def test_symbols_beyond_what_was_agreed_are_refused() -> None:
    with pytest.raises(ValueError, match="expected symbols from -3 to 3"):
        gaussian_coding.encode([0, 4], [0.0, 0.0], 1.0, 3)


@pytest.mark.parametrize("compressor", [RotatedDither(), EdenCoded(), EdenCoded(scale="mse"), Eden(scale="matched")])
def test_constants_zeros_and_a_single_entry_are_no_exception(compressor: Any) -> None:
    for x in (np.full(70, 2.5), np.zeros(70), np.ones(1), np.full(5, 1e-30), np.full(5, 1e30)):
        for bits in (0.0, 33.0, 60.0, 300.0, 5000.0):
            value, used = compressor.compress(tf.constant(x, tf.float32), tf.constant(bits), keys.key(0))
            assert np.all(np.isfinite(value)) and 0 <= used <= bits
            assert np.any(x) or (used == 0 and not np.any(value))


def test_where_the_dearest_symbol_does_not_fit_nothing_is_sent_whatever_the_dither() -> None:
    """24 bits are the most that one takes, and its bytes are four."""
    x, run = tf.constant(normal(300)), tf.function(RotatedDither().compress, autograph=False)
    for index in range(20):
        assert run(x, tf.constant(71.0), keys.key(1, index))[1] == 0
        assert run(x, tf.constant(72.0), keys.key(1, index))[1] > 40
