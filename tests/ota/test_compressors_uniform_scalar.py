"""Uniform levels from the smallest to the largest entry of each layer."""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.ota import UniformScalar
from overair.ota.compressors import Known
from overair.ota.layers import Layers
from overair.phy import keys

PLENTY = 1e6  # bits


@cache
def compiled(scheme: UniformScalar, layers: Layers) -> Callable:
    return tf.function(lambda x, bits: scheme.compress(x, bits, keys.key(0), Known(layers)), autograph=False)


def compressed(scheme: UniformScalar, x: np.ndarray, bits: float = PLENTY, layers: Layers = ()) -> tuple:
    run = compiled(scheme, layers or ((len(x),),))
    decoded, used = run(tf.constant(x, tf.float32), tf.constant(bits, tf.float32))
    return decoded.numpy().astype(np.float64), float(used)


def nearest(x: np.ndarray, depth: int) -> np.ndarray:
    levels = np.linspace(x.min(), x.max(), 2**depth)
    return levels[np.argmin(np.abs(x[:, None] - levels), axis=1)]


@pytest.mark.parametrize("depth", [1, 2, 5, 8])
def test_every_entry_becomes_the_nearest_of_the_levels_of_its_layer(depth: int) -> None:
    layers = ((20, 30), (50,), (7,))
    x = np.concatenate([stats.laplace.rvs(loc=i, size=math.prod(s), random_state=i) for i, s in enumerate(layers)])
    decoded, used = compressed(UniformScalar(depth), x, layers=layers)
    parts = np.split(x, [600, 650])
    np.testing.assert_allclose(decoded, np.concatenate([nearest(part, depth) for part in parts]), atol=1e-5)
    assert used == 3 * 64 + 657 * depth


@pytest.mark.parametrize("depth", [2, 3, 6])
def test_entries_spread_evenly_err_by_a_twelfth_of_a_step_squared(depth: int) -> None:
    size, width = 20_000, 0.8
    x = np.random.default_rng(depth).uniform(-0.3, -0.3 + width, size)
    decoded, _ = compressed(UniformScalar(depth), x)
    errors, expected = (decoded - x) ** 2, width**2 / (12 * (2**depth - 1) ** 2)
    assert abs(errors.mean() - expected) < 4.5 * errors.std() / size**0.5 + 4 / size * expected  # ends lie within


@pytest.mark.parametrize(("depth", "bits"), [(1, 300.0), (3, 900.0), (8, 2000.0)])
def test_where_not_all_fit_the_largest_are_sent_with_their_positions(depth: int, bits: float) -> None:
    size = 500
    x = stats.laplace.rvs(size=size, random_state=1)
    decoded, used = compressed(UniformScalar(depth), x, bits)
    cost = [64 + depth * k + math.log2(math.comb(size, k)) for k in range(size + 1)]
    kept = max(k for k in range(size + 1) if cost[k] <= bits)
    largest = np.argsort(-np.abs(x))[:kept]
    assert 0 < kept < size and used == pytest.approx(cost[kept], rel=1e-5)
    expected = np.zeros(size)
    expected[largest] = nearest(x[largest], depth)
    np.testing.assert_allclose(decoded, expected, atol=1e-5)


@pytest.mark.parametrize("bits", [150.0, 700.0, 1300.0, 5000.0])
def test_the_depth_that_errs_least_is_chosen_and_told_or_nothing_is_sent(bits: float) -> None:
    for x in (stats.laplace.rvs(size=400, random_state=2), stats.norm.rvs(size=400, random_state=3) ** 3):
        decoded, used = compressed(UniformScalar(), x, bits)
        others = [((compressed(UniformScalar(b), x, bits - 4)[0] - x) ** 2).sum() for b in range(1, 9)]
        least = min(*others, (x**2).sum())
        assert ((decoded - x) ** 2).sum() == pytest.approx(least, rel=1e-5)
        assert used <= bits and (used > 0) == (least < (x**2).sum())


def test_one_bit_of_a_dense_layer_errs_by_more_than_silence() -> None:
    x = stats.norm.rvs(size=400, random_state=4)
    assert ((compressed(UniformScalar(1), x)[0] - x) ** 2).sum() > (x**2).sum()
    assert not UniformScalar(1).contractive and UniformScalar().contractive
    assert compressed(UniformScalar(), x, 1.2 * 400)[1] > 0  # the largest at more bits


def test_constant_empty_and_silent_layers() -> None:
    layers = ((0, 3), (5,), (2, 0), (4,), (3,))
    x = np.array([-0.37] * 5 + [0.0] * 4 + [1e-9, 2e-9, 1e-9])
    for scheme in (UniformScalar(), UniformScalar(1)):
        decoded, used = compressed(scheme, x, layers=layers)
        np.testing.assert_allclose(decoded, x, rtol=1e-6)
        assert used in (3 * 64 + 12, 3 * 64 + 12 + 4)  # what has no entries costs nothing


def test_a_layer_with_nan_decodes_to_nan_and_leaves_the_others() -> None:
    x = stats.norm.rvs(size=90, random_state=5)
    x[3] = np.nan
    decoded, _ = compressed(UniformScalar(6), x, layers=((40,), (50,)))
    assert not np.any(np.isfinite(decoded[:40])) and np.all(np.isfinite(decoded[40:]))
    assert np.isnan(compressed(UniformScalar(), x)[0][3])


@pytest.mark.parametrize("values", [[0.0], [3.0], [-2.5] * 7, [1e-42] * 5, [1e18, -1e18, 1e17]], ids=str)
def test_odd_inputs_give_finite_numbers(values: list[float]) -> None:
    for scheme in (UniformScalar(), UniformScalar(2)):
        for bits in (0.0, 65.0, 69.0, 80.0, PLENTY):
            decoded, used = compressed(scheme, np.array(values), bits)
            assert np.all(np.isfinite(decoded)) and 0 <= used <= bits and (used > 0 or not decoded.any())


def test_values_near_the_largest_float_are_decoded() -> None:
    update = tf.constant([-2e38, 1e37, 2e38], tf.float32)
    decoded, used = UniformScalar().compress(update, tf.constant(1e4), keys.key(0))
    assert used > 0 and np.all(np.isfinite(decoded))
    np.testing.assert_allclose(decoded / 2e38, update / 2e38, atol=0.01)
