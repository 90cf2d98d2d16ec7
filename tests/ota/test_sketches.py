"""Count-sketches: what hashes make of entries, for one device and added up on the air."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats

from overair.ota import CountSketch, CountSketchSum, unpack
from overair.ota.past import Past
from overair.ota.sketches import draw, median, read, sketch
from overair.phy import keys


def estimates(x: np.ndarray, rows: int, width: int, draws: int) -> np.ndarray:
    """What each row says of an update, under so many hashes: [draws, r, d]."""

    def one(index: tf.Tensor) -> tf.Tensor:
        hashes = draw(keys.key(3, index), rows, width, len(x))
        return tf.stack(read(sketch(tf.constant(x[None], tf.float32), hashes), hashes))[:, 0]

    loop = tf.function(lambda: tf.map_fn(one, tf.range(draws), tf.float32), autograph=False)
    return loop().numpy().astype(np.float64)


def assert_mean(values: np.ndarray, expected: float) -> None:
    assert abs(values.mean() - expected) < 4.5 * values.std() / len(values) ** 0.5 + 1e-6


def of_median(count: int) -> float:
    """The variance of the median of an odd number of standard normal numbers, from its density."""
    half = count // 2
    density = stats.beta(half + 1, half + 1)
    return integrate.quad(lambda v: v**2 * density.pdf(stats.norm.cdf(v)) * stats.norm.pdf(v), -8, 8)[0]


# --- Hashes


def test_a_sketch_adds_every_entry_with_its_sign_to_its_cells() -> None:
    x = np.random.default_rng(0).normal(size=[3, 50]).astype(np.float32)
    hashes = draw(keys.key(1), 4, 7, 50)
    expected = np.zeros([3, 4, 7])
    for device in range(3):
        for row in range(4):
            np.add.at(expected[device, row], hashes.cells[row].numpy(), x[device] * hashes.signs[row].numpy())
    np.testing.assert_allclose(sketch(tf.constant(x), hashes), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("width", [1, 10, 37])
def test_cells_and_signs_are_uniform_and_rows_independent(width: int) -> None:
    size = 40_000
    hashes = draw(keys.key(2), 2, width, size)
    cells, signs = hashes.cells.numpy(), hashes.signs.numpy()
    assert cells.min() >= 0 and cells.max() < width
    joint = np.bincount(cells[0] * width + cells[1], minlength=width**2)
    statistic = ((joint - size / width**2) ** 2).sum() / (size / width**2)
    assert abs(statistic - (width**2 - 1)) <= 5 * (2 * max(width**2 - 1, 1)) ** 0.5
    assert np.all(np.abs(signs.mean(axis=1)) < 5 / size**0.5) and abs((signs[0] * signs[1]).mean()) < 5 / size**0.5


def test_the_order_of_entries_does_not_change_a_bit() -> None:
    x = np.random.default_rng(1).normal(size=5000).astype(np.float32) * 10.0 ** np.random.default_rng(2).uniform(-4, 4)
    hashes, order = draw(keys.key(3), 2, 5, 5000), np.random.default_rng(3).permutation(5000)
    shuffled = hashes._replace(
        cells=tf.gather(hashes.cells, order, axis=1), signs=tf.gather(hashes.signs, order, axis=1)
    )
    np.testing.assert_array_equal(sketch(tf.constant(x[None]), hashes), sketch(tf.constant(x[None, order]), shuffled))


@pytest.mark.parametrize("count", range(1, 9))
def test_the_median_is_that_of_sorting(count: int) -> None:
    rows = np.random.default_rng(count).normal(size=[count, 200]).astype(np.float32)
    np.testing.assert_allclose(median(list(tf.constant(rows))), np.median(rows, axis=0), rtol=1e-6)


# --- Errors


@pytest.mark.parametrize("kind", ["dense", "spike", "heavy"])
@pytest.mark.parametrize(("rows", "width"), [(1, 12), (3, 8), (5, 40)])
def test_rows_and_their_mean_err_as_the_number_of_cells_says(kind: str, rows: int, width: int) -> None:
    size = 120
    x = {"dense": stats.norm, "spike": stats.laplace, "heavy": stats.t(3)}[kind].rvs(size=size, random_state=4)
    x = np.where(np.arange(size) == 7, 30.0, x) if kind == "spike" else x
    found = estimates(x, rows, width, 1500)
    energy = (x**2).sum()
    assert_mean(((found[:, 0] - x) ** 2).sum(axis=1) / energy, (size - 1) / width)
    assert_mean(((found.mean(axis=1) - x) ** 2).sum(axis=1) / energy, (size - 1) / (rows * width))
    along = (found.mean(axis=1) - x) @ np.column_stack([x, np.sign(x), np.ones(size)])
    assert np.all(np.abs(along.mean(axis=0)) < 4.5 * along.std(axis=0) / 1500**0.5)


@pytest.mark.parametrize(("rows", "variance"), [(3, 0.448671), (5, 0.286834)])
def test_the_median_of_a_dense_update_errs_as_that_of_normal_numbers(rows: int, variance: float) -> None:
    assert of_median(rows) == pytest.approx(variance, abs=2e-6)
    size, width = 4000, 10  # 400 entries in a cell: their sums are normal to a fraction of a percent
    x = stats.norm.rvs(size=size, random_state=5)
    decoded = np.median(estimates(x, rows, width, 60), axis=1)
    errors = ((decoded - x) ** 2).sum(axis=1) / (x**2).sum()
    expected = of_median(rows) * (size - 1) / width
    assert abs(errors.mean() - expected) < 4.5 * errors.std() / 60**0.5 + 0.005 * expected
    assert expected > (size - 1) / (rows * width)  # their mean errs less


def off(others: int, width: int) -> np.ndarray:
    """Chances of what else may be in a cell, in units of equal entries, from -others to others."""
    one = np.array([0.5 / width, 1 - 1 / width, 0.5 / width])
    chances = np.ones(1)
    for _ in range(others):
        chances = np.convolve(chances, one)
    return chances


def squared_median(chances: np.ndarray, count: int) -> float:
    """Of an odd number of draws of whole numbers around 0."""
    below = stats.binom.sf(count // 2, count, np.minimum(np.cumsum(chances), 1.0))  # at least half and one are
    numbers = np.arange(len(chances)) - len(chances) // 2
    return float(np.diff(below, prepend=0.0) @ numbers**2)


@pytest.mark.parametrize(("rows", "width"), [(3, 100), (5, 60)])
def test_the_median_of_a_sparse_update_errs_as_collisions_say(rows: int, width: int) -> None:
    x = np.where(np.arange(600) % 60 == 0, 10.0, 0.0)
    found = estimates(x, rows, width, 600)
    expected = 100 * (10 * squared_median(off(9, width), rows) + 590 * squared_median(off(10, width), rows))
    assert_mean(((np.median(found, axis=1) - x) ** 2).sum(axis=1), expected)
    assert expected < 599 / (rows * width) * (x**2).sum()  # the mean of rows errs by more


# --- Compressed


def compressed(scheme: CountSketch, x: np.ndarray, bits: float, draws: int = 1) -> tuple[np.ndarray, np.ndarray]:
    update = tf.constant(x, tf.float32)

    def one(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return scheme.compress(update, tf.constant(bits, tf.float32), keys.key(1, index))

    loop = tf.function(lambda: tf.map_fn(one, tf.range(draws), (tf.float32, tf.float32)), autograph=False)
    decoded, used = loop()
    return decoded.numpy().astype(np.float64), used.numpy()


@pytest.mark.parametrize(("bits", "cells"), [(31.0, 0), (96.0, 3), (1000.0, 30), (3199.0, 99)])
def test_as_many_cells_as_fit_at_32_bits_each(bits: float, cells: int) -> None:
    x = stats.laplace.rvs(size=100, random_state=6)
    decoded, used = compressed(CountSketch(3, kept=None), x, bits)
    assert used == 32 * cells and decoded.any() == (cells > 0)


def test_what_is_decoded_is_unbiased_where_everything_is_kept() -> None:
    x = stats.laplace.rvs(size=40, random_state=7)
    for rows in (1, 4, 5):
        decoded, _ = compressed(CountSketch(rows, kept=None), x, 32 * 30.0, 2500)
        off = (decoded - x) @ np.column_stack([x, np.sign(x), np.ones(40), np.arange(40)])
        assert np.all(np.abs(off.mean(axis=0)) < 4.5 * off.std(axis=0) / 2500**0.5)
    assert CountSketch(5, None).unbiased and not CountSketch().unbiased


def test_of_all_estimates_the_largest_are_kept() -> None:
    x = stats.laplace.rvs(size=300, random_state=8)
    bits = 32 * 100.0
    every, some = (compressed(CountSketch(5, kept), x, bits)[0][0] for kept in (None, 0.07))
    largest = np.argsort(-np.abs(every))[:7]
    np.testing.assert_array_equal(np.flatnonzero(some), np.sort(largest))
    np.testing.assert_array_equal(some[largest], every[largest])


def test_where_every_entry_fits_nothing_is_lost() -> None:
    x = stats.laplace.rvs(size=50, random_state=9).astype(np.float32)
    decoded, used = compressed(CountSketch(), x, 1e6)
    np.testing.assert_array_equal(decoded[0], x)
    assert used == 32 * 50


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_not_hidden(value: float) -> None:
    x = np.where(np.arange(60) == 3, value, 1.0)
    for bits in (640.0, 1e5):
        assert not np.isfinite(compressed(CountSketch(), x, bits)[0]).all()
    assert not np.isfinite(compressed(CountSketch(kept=None), x, 640.0)[0]).any()
    both = sketch(tf.constant(np.stack([x, np.ones(60)]), tf.float32), draw(keys.key(6), 3, 4, 60))
    assert not np.isfinite(both[0]).any() and np.isfinite(both[1]).all()  # each device has its own largest
    assert not np.any(compressed(CountSketch(), np.zeros(60), 640.0)[0])


@pytest.mark.parametrize("exponent", [-120, -60, 60, 100])
def test_a_sketch_of_a_scaled_update_is_the_sketch_scaled(exponent: int) -> None:
    """To the bit, as long as sums are normal floats: by a power of two."""
    x = np.random.default_rng(10).uniform(1.0, 2.0, [2, 100_000]).astype(np.float32)
    hashes, scale = draw(keys.key(7), 2, 50, 100_000), np.float32(2.0) ** np.float32(exponent)
    one, other = (sketch(tf.constant(values), hashes).numpy() for values in (x, x * scale))
    assert np.all(one != 0)
    np.testing.assert_array_equal(other, one * scale)


# --- Over the air


@pytest.mark.parametrize(("rows", "granted"), [(1, 10), (2, 25), (3, 25)])
@pytest.mark.parametrize("noise", [0.0, 0.04])
def test_over_the_air_the_error_is_that_of_cells_and_noise(rows: int, granted: int, noise: float) -> None:
    size, layers, codec = 90, ((90,),), CountSketchSum(rows)
    elements = codec.elements(layers, granted)
    cells = min(2 * granted, size) // rows * rows
    assert elements == -(-cells // 2)
    g = np.random.default_rng(rows).laplace(size=[4, size]).astype(np.float32)
    total, draws = g.sum(axis=0).astype(np.float64), 1200

    def one(index: tf.Tensor) -> tf.Tensor:
        code = codec.code(layers, elements, keys.key(4, index), Past.none(layers))
        heard = tf.reduce_sum(codec.encode(tf.constant(g), layers, code), axis=0)
        heard += (2 * noise) ** 0.5 * keys.complex_normal(keys.key(5, index), [elements])  # N0/2 a real number
        return codec.decode(heard, layers, code, tf.constant(noise))

    loop = tf.function(lambda: tf.map_fn(one, tf.range(draws), tf.float32), autograph=False)
    errors = ((loop().numpy() - total) ** 2).sum(axis=1)
    assert_mean(errors, (size - 1) / cells * (total**2).sum() + size * noise)


def test_symbols_have_the_energy_of_the_update_on_average_over_hashes() -> None:
    codec, layers, x = CountSketchSum(3), ((80,),), stats.norm.rvs(size=[1, 80], random_state=0).astype(np.float32)

    def one(index: tf.Tensor) -> tf.Tensor:
        code = codec.code(layers, 20, keys.key(6, index), Past.none(layers))
        return tf.reduce_sum(unpack(codec.encode(tf.constant(x), layers, code)[0], 39) ** 2)

    energy = tf.function(lambda: tf.map_fn(one, tf.range(1500), tf.float32), autograph=False)().numpy()
    assert_mean(energy / (x**2).sum(), 1.0)
