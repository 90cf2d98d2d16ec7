"""Linear regression by compressed gradients follows its second moments, and what explodes stays finite."""

import numpy as np
import pytest

from overair.learning.regression import Paths, Problem, descend, problem
from overair.ota import Compressor, Qcs, QsgdFixed, RandomK

BATCH = 32


def paths(
    wanted: Problem, compressor: Compressor, gain: float, steps: list[float], iterations: int, runs: int
) -> list[Paths]:
    return descend(wanted, compressor, 32.0 * wanted.size / gain, steps, iterations, BATCH, runs, seed=0)


@pytest.mark.parametrize("step", [0.02, 0.15])
def test_uncompressed_descent_follows_its_second_moments(step: float) -> None:
    wanted = problem(64, 50, 0)
    (path,) = paths(wanted, RandomK(), 1.0, [step], 20, 40)
    root, target = wanted
    r, moments, expected = root @ root.T, target.T @ target, []
    np.testing.assert_allclose(np.linalg.eigvalsh(r), np.linspace(1, 4, 64))
    for at in range(21):
        if at % 10 == 0:
            expected.append(np.trace(moments @ r))
        drift, both = moments @ r + r @ moments, r @ moments @ r
        # the mean over a batch: E[xx'Sxx'] = 2 RSR + R tr(SR) for normal x
        spread = both + (both + r * np.trace(moments @ r)) / BATCH
        moments = moments - step * drift + step**2 * spread
    ratio = path.excess[::10].mean(axis=1) / (np.array(expected) / expected[0])
    assert np.all(np.abs(ratio - 1) < 4.5 * spreads(wanted, step) / 40**0.5 + 1e-5)
    np.testing.assert_array_equal(path.bits, 32 * 3200 * np.arange(21)[:, None] * np.ones(40))


def spreads(wanted: Problem, step: float, runs: int = 400) -> np.ndarray:
    """Relative deviations of the excess loss at the start, after 10 and after 20 steps, of descents by numpy."""
    rng, (root, target) = np.random.default_rng(5), wanted
    off, kept = np.tile(target, [runs, 1, 1]), []
    for at in range(21):
        if at % 10 == 0:
            kept.append(((off @ root) ** 2).sum(axis=(1, 2)))
        x = rng.normal(size=[runs, BATCH, 64]) @ root.T
        off = off - step / BATCH * (off @ x.transpose(0, 2, 1)) @ x
    return np.std(kept, axis=1) / np.mean(kept, axis=1)


def test_a_run_that_explodes_stays_finite() -> None:
    (path,) = paths(problem(64, 50, 0), QsgdFixed(bucket=64), 15.0, [0.3], 40, 2)
    assert np.all(np.isfinite(path.excess)) and np.all(path.excess[-1] > 1e6)


def test_a_path_does_not_depend_on_its_length_or_on_other_steps() -> None:
    wanted = problem(16, 4, 0)
    short, _ = paths(wanted, Qcs(), 8.0, [0.1, 0.2], 5, 3)
    (long,) = paths(wanted, Qcs(), 8.0, [0.1], 12, 3)
    for one, other in zip(short, long, strict=True):
        np.testing.assert_array_equal(one, other[:6])
