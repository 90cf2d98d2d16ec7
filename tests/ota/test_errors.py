"""Errors on given vectors are those of theory, and depend on the key and on nothing else."""

import numpy as np

from overair.learning.gradients import largest
from overair.ota import Lmmse, RandomK
from overair.ota.errors import compressing, recovering
from overair.phy import keys

SILENT = 300.0  # dB


def entries(size: int) -> np.ndarray:
    return np.random.default_rng(3).laplace(size=size)


def test_errors_of_linear_estimates_are_those_of_theory() -> None:
    """Without noise the shortest solution loses 1 - m/d. On the true support the noise is all that is lost: s2 times
    the trace of (A_S'A_S)^-1, whose mean is (m/d) (d - k - 1)/(m - k - 1) for m rows of a random orthogonal matrix.
    Shares |A x|^2/|x|^2 of such rows are of a beta law; errors on the support are a weighted sum of squared normals."""
    size, draws = 2048, 24  # no padding: A has orthogonal rows
    x, rows = largest(entries(size), 0.1), size // 2
    errors = recovering(Lmmse(), size, rows, draws, ((size,),))
    silent, noisy = errors(x, SILENT, keys.key(0)), errors(x, 20.0, keys.key(0))
    assert abs(silent.error.mean() - 0.5) < 4.5 * (0.5 / (size + 2)) ** 0.5 / draws**0.5
    count = np.count_nonzero(x)
    expected = 0.01 * count / size * (size - count - 1) / (rows - count - 1)
    columns = np.linalg.qr(np.random.default_rng(1).normal(size=[size, count]))[0][:rows]
    weights = 1 / np.linalg.eigvalsh(columns.T @ columns)
    spread = expected * (2 * (weights**2).sum()) ** 0.5 / weights.sum()
    assert abs(noisy.oracle.mean() - expected) < 4.5 * spread / draws**0.5
    assert silent.oracle.max() < 1e-9


def test_draws_depend_on_the_key_alone() -> None:
    x = largest(entries(512), 0.1)
    errors = recovering(Lmmse(), 512, 256, 2, ((512,),))
    first, again, other = (errors(x, 20.0, keys.key(seed)) for seed in (1, 1, 2))
    few = recovering(Lmmse(), 512, 256, 1, ((512,),))(x, 20.0, keys.key(1))
    for at in range(2):
        np.testing.assert_array_equal(first[at], again[at])
        np.testing.assert_array_equal(first[at][:1], few[at])
        assert np.all(first[at] != other[at]) and first[at][0] != first[at][1]


def test_a_compressor_is_drawn_anew_and_counted_at_every_budget() -> None:
    """Of k coordinates of d, each scaled by d/k: the mean error is d/k - 1."""
    x, budgets = np.ones(64), [32.0 * 64, 32.0 * 16 + 5, 31.0]
    found = compressing(RandomK(), 64, 50)(x, budgets, keys.key(0))
    np.testing.assert_allclose(found.error, np.tile([[0.0], [3.0], [1.0]], [1, 50]), rtol=1e-6)  # the last is silent
    np.testing.assert_array_equal(found.bits, np.tile([[32.0 * 64], [32.0 * 16], [0.0]], [1, 50]))
    uneven = compressing(RandomK(), 64, 50)(entries(64), budgets[1:2], keys.key(0)).error
    assert len(np.unique(uneven)) > 45
