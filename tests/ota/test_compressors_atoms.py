"""Atoms of least variance: their probabilities, the error that follows, what they cost, and that they are unbiased."""

import math

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf

from overair.ota import Atomo, Compressor, WaterFilled
from overair.ota.compressors import ALONE, Known
from overair.ota.compressors._water_filling import filled, probabilities, sample, sizes
from overair.ota.compressors.atomo import lengths_of
from overair.phy import keys

VECTORS = [
    ((4.0, 2.0, 1.0, 0.5), 2, (1.0, 0.571429, 0.285714, 0.142857), 7.0),
    ((10.0, 1.0, 1.0, 1.0), 2, (1.0, 1 / 3, 1 / 3, 1 / 3), 6.0),  # clipped once it were 16.5
]


def chances_of(values: np.ndarray, kept: int) -> np.ndarray:
    falling = sizes(tf.constant(np.sort(values)[::-1].copy()))
    return probabilities(tf.constant(values), filled(falling, tf.constant(kept)).level).numpy()


def filled_by_bisection(values: np.ndarray, kept: int) -> np.ndarray:
    """min(1, a/v) with the v at which they add up to k."""
    level = scipy.optimize.brentq(lambda v: np.minimum(1, values / v).sum() - kept, 1e-9, values.sum(), xtol=1e-14)
    return np.minimum(1, values / level)


def draws_of(compressor: Compressor, x: np.ndarray, bits: float, draws: int, known: Known = ALONE) -> np.ndarray:
    update, room = tf.constant(x, tf.float32), tf.constant(bits, tf.float32)

    def one(index: tf.Tensor) -> tf.Tensor:
        value, used = compressor.compress(update, room, keys.key(7, index), known)
        return tf.concat([value, used[None]], 0)

    found = tf.function(lambda: tf.map_fn(one, tf.range(draws), tf.float32), autograph=False)().numpy()
    assert np.all(found[:, -1] <= np.float32(bits)) and np.all(found[:, -1] > 0)
    return found[:, :-1].astype(float)


def assert_mean(draws: np.ndarray, expected: np.ndarray) -> None:
    error = 5 * draws.std(axis=0) / len(draws) ** 0.5 + 2e-5 * np.abs(expected).max()
    assert np.all(np.abs(draws.mean(axis=0) - expected) <= error)


@pytest.mark.parametrize(("values", "kept", "printed", "variance"), VECTORS)
def test_probabilities_and_variance_are_those_that_were_printed(
    values: tuple[float, ...], kept: int, printed: tuple[float, ...], variance: float
) -> None:
    a = np.array(values)
    p = chances_of(a, kept)
    np.testing.assert_allclose(p, printed, atol=1e-6)
    assert (a**2 * (1 / p - 1)).sum() == pytest.approx(variance)


@pytest.mark.parametrize("kept", [1, 3, 7, 19, 20])
def test_probabilities_fill_like_water(kept: int) -> None:
    a = np.abs(np.random.default_rng(kept).standard_cauchy(20))
    p = chances_of(a, kept)
    np.testing.assert_allclose(p, filled_by_bisection(a, kept), atol=1e-9)
    for other in (np.full(20, kept / 20), np.clip(p * 1.01, 0, 1) * kept / np.clip(p * 1.01, 0, 1).sum()):
        assert (a**2 / p).sum() <= (a**2 / np.minimum(other, 1)).sum() + 1e-9


def test_where_fewer_parts_are_not_zero_than_are_kept_all_are_certain() -> None:
    np.testing.assert_array_equal(chances_of(np.array([0.0, 3.0, 0.0, 1.0]), 3), [0, 1, 0, 1])


def test_a_sample_has_its_number_of_parts_always_and_each_at_its_chance() -> None:
    p = filled_by_bisection(np.random.default_rng(0).exponential(size=40), 13)
    one = tf.function(lambda i: sample(tf.constant(p), keys.key(1, i)), autograph=False)
    kept = np.array([one(tf.constant(i)) for i in range(3000)])
    assert np.all(kept.sum(axis=1) == 13)
    assert np.all(np.abs(kept.mean(axis=0) - p) <= 4.5 * np.sqrt(p * (1 - p) / 3000) + 1e-9)


# --- Matrices


@pytest.mark.parametrize("case", [0, 1])
def test_the_error_of_the_printed_matrices_is_the_printed_variance(case: int) -> None:
    values, kept, _, variance = VECTORS[case]
    a = np.array(values)
    rng = np.random.default_rng(case)
    left, right = (np.linalg.qr(rng.normal(size=(n, 4)))[0] for n in (20, 12))
    matrix = (left * a) @ right.T
    draws = draws_of(Atomo(), matrix.ravel(), 32 * kept * 32, 4000, Known(((20, 12),)))
    errors = ((draws - matrix.ravel()) ** 2).sum(axis=1)
    assert abs(errors.mean() - variance) < 4.5 * errors.std() / 4000**0.5 + 1e-5 * variance  # float32
    assert_mean(draws, matrix.ravel())


def test_the_error_of_several_layers_is_that_of_their_singular_values() -> None:
    layers, rng = ((3, 3, 2, 8), (8,), (10, 9), (4, 4), (9,)), np.random.default_rng(3)
    x = rng.normal(size=sum(map(math.prod, layers)))
    bits = 32.0 * (2 * (18 + 8) + 8 + 2 * (10 + 9) + 16 + 9)  # two terms of 4x4 are no shorter than all of it
    expected, begin = 0.0, 0
    for layer in layers:
        part, begin = x[begin : begin + math.prod(layer)], begin + math.prod(layer)
        if math.prod(layer) > 16:
            a = np.linalg.svd(part.reshape(-1, layer[-1]), compute_uv=False)
            expected += (a**2 * (1 / filled_by_bisection(a, 2) - 1)).sum()
    draws = draws_of(Atomo(), x, bits, 3000, Known(layers))
    errors = ((draws - x) ** 2).sum(axis=1)
    assert abs(errors.mean() - expected) < 4.5 * errors.std() / 3000**0.5
    assert_mean(draws, x)
    for exact in (x[144:152], x[242:258], x[258:]):
        np.testing.assert_allclose(draws[0, np.isin(x, exact)], exact, rtol=1e-6)


def test_every_draw_has_its_number_of_terms() -> None:
    x = np.random.default_rng(5).normal(size=300)
    for draw in draws_of(Atomo(), x, 32 * 3 * 35 + 31, 20, Known(((20, 15),))):
        assert np.linalg.matrix_rank(draw.reshape(20, 15), tol=1e-4) == 3


def test_lengths_are_numbers_of_factors_and_of_vectors() -> None:
    layers = ((784, 300), (300,), (300, 100), (100,), (100, 10), (10,))
    assert lengths_of(layers)[1] == 32 * (1594 + 410)
    assert lengths_of(layers)[9] == 32 * (9 * (1084 + 400) + 9 * 110 + 410)
    assert lengths_of(layers)[10] == 32 * (10 * (1084 + 400) + 1000 + 410)  # ten terms of 100 x 10 are all of it
    assert lengths_of(layers)[-1] == 32 * 266_610


@pytest.mark.parametrize("layers", [((6, 5),), ((7,), (3, 1), ()), ((2, 0), (4, 4))])
def test_too_few_bits_are_silence_and_enough_bring_everything(layers: tuple[tuple[int, ...], ...]) -> None:
    size = sum(map(math.prod, layers))
    x = tf.constant(np.random.default_rng(0).normal(size=size), tf.float32)
    value, used = Atomo().compress(x, tf.constant(float(lengths_of(layers)[1] - 1)), keys.key(0), Known(layers))
    assert not np.any(value) and used == 0
    value, used = Atomo().compress(x, tf.constant(32.0 * size), keys.key(0), Known(layers))
    np.testing.assert_allclose(value, x, rtol=1e-6)
    assert used == 32 * size


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_atoms_of_any_scale(scale: float) -> None:
    x = tf.constant(np.random.default_rng(0).normal(size=120) * scale, tf.float32)
    value, _ = Atomo().compress(x, tf.constant(32.0 * 44), keys.key(0), Known(((12, 10),)))
    assert np.all(np.isfinite(value)) and 0.1 < np.linalg.norm(value / scale) / np.linalg.norm(x / scale) < 10


# --- Entries


def cost(size: int, x: np.ndarray, kept: int) -> float:
    """Counts, v, positions of certain and of other entries, values of the ones and signs of the others."""
    certain = int((filled_by_bisection(np.abs(x), kept) >= 1).sum()) if kept < size else size
    ways = math.log2(math.comb(size, certain)) + math.log2(math.comb(size - certain, kept - certain))
    return 2 * math.ceil(math.log2(size + 1)) + 32 + ways + 32 * certain + (kept - certain)


@pytest.mark.parametrize("kept", [5, 40, 120])
def test_the_error_of_entries_is_the_least_of_unbiased_ones(kept: int) -> None:
    x = np.random.default_rng(kept).laplace(size=200)
    draws = draws_of(WaterFilled(), x, cost(200, x, kept) + 0.01, 3000)
    p = filled_by_bisection(np.abs(x), kept)
    assert np.all((draws != 0).sum(axis=1) == kept)
    errors = ((draws - x) ** 2).sum(axis=1)
    assert abs(errors.mean() - (x**2 * (1 / p - 1)).sum()) < 4.5 * errors.std() / 3000**0.5
    sent = (draws != 0).mean(axis=0)  # the smallest are sent too rarely for their own spread to tell
    assert np.all(np.abs(sent - p) <= 4.5 * np.sqrt(p * (1 - p) / 3000) + 10 / 3000)
    np.testing.assert_allclose(np.where(draws != 0, draws, x / p), np.tile(x / p, [3000, 1]), rtol=1e-5)


def test_bits_of_entries_are_what_they_cost_one_by_one() -> None:
    x = np.random.default_rng(1).normal(size=60)
    costs = np.array([cost(60, x, kept) for kept in range(1, 60)])
    for bits in np.linspace(40, 1200, 15):
        value, used = WaterFilled().compress(tf.constant(x, tf.float32), tf.constant(bits, tf.float32), keys.key(0))
        kept = np.count_nonzero(value)
        assert used <= np.float32(bits)
        assert kept == 0 or float(used) == pytest.approx(costs[kept - 1], rel=1e-6)
        assert kept == (np.flatnonzero(costs <= bits)[-1] + 1 if costs[0] <= bits else 0)


def test_entries_of_one_size_cost_no_values() -> None:
    """They are all of the level: at k = d signs are left."""
    value, used = WaterFilled().compress(tf.fill([50], -2.5), tf.constant(32.0 + 12 + 50), keys.key(0))
    np.testing.assert_allclose(value, -2.5)
    assert used == 94
