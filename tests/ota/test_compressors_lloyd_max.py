"""Levels of least squared error for the entries of an update, in real bytes."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.ota import Layered, LloydMax
from overair.ota.coding import decode, encode
from overair.ota.compressors import Known
from overair.phy import keys

PLENTY = 1e7  # bits


def compressed(scheme: LloydMax | Layered, x: np.ndarray, bits: float = PLENTY, layers: tuple = ()) -> tuple:
    decoded, used = scheme.compress(tf.constant(x, tf.float32), tf.constant(bits), keys.key(0), Known(layers))
    return decoded.numpy().astype(np.float64), float(used)


def least_error(x: np.ndarray, levels: int) -> float:
    """Of any levels for sorted numbers, by dynamic programming over the cells' ends."""
    x = np.sort(x)
    first, second = (np.concatenate([[0.0], np.cumsum(x**power)]) for power in (1, 2))
    begin, end = np.meshgrid(np.arange(len(x) + 1), np.arange(len(x) + 1), indexing="ij")
    count = np.maximum(end - begin, 1)
    cost = np.where(
        end > begin,
        second[end] - second[begin] - (first[end] - first[begin]) ** 2 / count,
        np.where(end == begin, 0, np.inf),
    )
    best = cost[0]
    for _ in range(levels - 1):
        best = np.min(best[:, None] + cost, axis=0)
    return float(best[-1])


@pytest.mark.parametrize("levels", [2, 3, 4, 8])
def test_no_other_levels_err_by_less(levels: int) -> None:
    for law, slack in ((stats.norm, 1.02), (stats.uniform, 1.02)):  # whose densities have one best quantiser
        x = law.rvs(size=400, random_state=levels)
        decoded, _ = compressed(LloydMax(levels), x)
        error = np.sum((decoded - x) ** 2)
        least = least_error(x, levels)
        assert len(np.unique(decoded)) <= levels
        assert least * (1 - 1e-5) <= error <= least * slack  # of few entries, Lloyd's iteration finds one nearby


@pytest.mark.parametrize(("levels", "error"), [(2, 1 - 2 / np.pi), (3, 0.190174), (4, 0.117482)])
def test_of_a_normal_law_errors_are_those_of_max(levels: int, error: float) -> None:
    """Table I of Max (1960); the first in closed form."""
    size = 200_000
    x = stats.norm.rvs(size=size, random_state=levels)
    decoded, _ = compressed(LloydMax(levels), x)
    found = (decoded - x) ** 2 / np.mean(x**2)
    assert abs(found.mean() - error) < 4 * found.std() / size**0.5


def test_every_level_is_the_mean_of_its_cell_so_that_silence_errs_by_more() -> None:
    x = stats.laplace.rvs(loc=0.4, size=5000, random_state=1)
    decoded, _ = compressed(LloydMax(5), x)
    cells = [x[decoded == level] for level in np.unique(decoded)]
    np.testing.assert_allclose(np.unique(decoded), [cell.mean() for cell in cells], atol=2e-3)
    delivered = sum(len(cell) * cell.mean() ** 2 for cell in cells)
    assert np.sum((decoded - x) ** 2) == pytest.approx(np.sum(x**2) - delivered, rel=1e-4)


@pytest.mark.parametrize("levels", [2, 3, 16, 256])
def test_bits_charged_are_those_of_the_levels_and_of_real_bytes(levels: int) -> None:
    x = stats.t.rvs(5, size=3000, random_state=levels)
    decoded, used = compressed(LloydMax(levels), x)
    names, symbols = np.unique(decoded, return_inverse=True)
    data = encode(symbols, levels)
    np.testing.assert_array_equal(names[decode(data, len(x), levels)], decoded)
    assert used - 64 - 32 * levels < 8 * len(data) <= used - 32 * levels


@pytest.mark.parametrize("levels", [2, 5])
def test_what_does_not_fit_is_not_sent(levels: int) -> None:
    x = stats.norm.rvs(size=2000, random_state=levels)
    decoded, used = compressed(LloydMax(levels), x)
    assert compressed(LloydMax(levels), x, used)[1] == used > 0 and decoded.any()
    short, none = compressed(LloydMax(levels), x, used - 1.0)
    assert none == 0 and not short.any()


def test_layers_have_levels_of_their_own_in_layered() -> None:
    layers = ((30, 20), (500,))
    x = np.concatenate(
        [scale * stats.norm.rvs(size=size, random_state=size) for scale, size in ((1, 600), (1e-3, 500))]
    )
    apart = Layered(LloydMax(2), allocation="entries")
    decoded, _ = compressed(apart, x, layers=layers)
    np.testing.assert_allclose(decoded[:600], compressed(LloydMax(2), x[:600])[0], rtol=1e-6)
    np.testing.assert_allclose(decoded[600:], compressed(LloydMax(2), x[600:])[0], rtol=1e-6)
    assert len(np.unique(decoded)) == 4


def test_constants_are_exact_zeros_are_silent_and_nan_stays() -> None:
    for value in (3.0, -2.5e37, 1e-30):
        decoded, used = compressed(LloydMax(4), np.full(9, value))
        np.testing.assert_allclose(decoded, value, rtol=1e-6)
        assert used > 0
    assert compressed(LloydMax(4), np.zeros(50))[1] == 0
    for odd in (np.nan, np.inf):
        assert np.all(np.isnan(compressed(LloydMax(2), np.array([1.0, odd, -1.0]))[0]))
    wide = np.array([-3e38, 1e37, 3e38, -3e38])
    np.testing.assert_allclose(compressed(LloydMax(3), wide)[0], wide, rtol=1e-6)
