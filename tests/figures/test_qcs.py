"""The study of quantised compressive sampling: its parts follow theory, and its tables are what is simulated again."""

import os
from pathlib import Path

import numpy as np
import pytest

from overair.figures import qcs_errors as study
from overair.figures import qcs_regression as regression
from overair.figures import qcs_variance
from overair.figures._fixed_length import FixedLength
from overair.figures._tables import Rows, select, table
from overair.scenarios import ScenarioError

CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"
ABOUT = ["seed 0"]


@pytest.mark.parametrize(("bits", "s"), [(2.0, 1), (3.0, 3), (6.1, 33)])
@pytest.mark.parametrize("bucket", [60, 300])
def test_qsgd_of_fixed_length_errs_by_the_fractions_of_its_levels(bits: float, s: int, bucket: int) -> None:
    x = np.random.default_rng(0).laplace(size=300)
    gain = 32 * 300 / (300 * bits + 32 * 300 / bucket)
    errors, gains = study.simulate(FixedLength(bucket), x, [gain], 400)
    parts = x.reshape(-1, bucket)
    norms = np.linalg.norm(parts, axis=1, keepdims=True)
    up = s * np.abs(parts) / norms % 1  # the chance of the next level: errs by 1 - up, and by up otherwise
    energy = s**2 * (x**2).sum()
    expected = (norms**2 * up * (1 - up)).sum() / energy
    spread = (norms**4 * up * (1 - up) * (1 - 2 * up) ** 2).sum() ** 0.5 / energy
    assert abs(errors.mean() - expected) < 4.5 * spread / 20
    np.testing.assert_allclose(gains, 32 * 300 / (300 * np.log2(2 * s + 1) + 32 * 300 / bucket), rtol=1e-5)


@pytest.mark.parametrize("step", [0.02, 0.15])
def test_uncompressed_descent_follows_its_second_moments(step: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "ITERATIONS", 20)
    excess, _ = regression.simulate(regression.SCHEMES["baseline"], [step], runs=40)
    root, target = regression.problem()
    r, moments, expected = root @ root.T, target.T @ target, []
    np.testing.assert_allclose(np.linalg.eigvalsh(r), np.linspace(1, 4, 64))
    for at in range(21):
        if at % regression.EVERY == 0:
            expected.append(np.trace(moments @ r))
        drift, both = moments @ r + r @ moments, r @ moments @ r
        # the mean over a batch: E[xx'Sxx'] = 2 RSR + R tr(SR) for normal x
        spread = both + (both + r * np.trace(moments @ r)) / regression.BATCH
        moments = moments - step * drift + step**2 * spread
    ratio = excess[0].mean(axis=0) / (np.array(expected) / expected[0])
    assert np.all(np.abs(ratio - 1) < 4.5 * spreads(step) / 40**0.5 + 1e-5)


def spreads(step: float, runs: int = 400) -> np.ndarray:
    """Relative deviations of the excess loss at the start, after 10 and after 20 steps, of descents by numpy."""
    rng, (root, target) = np.random.default_rng(5), regression.problem()
    off, kept = np.tile(target, [runs, 1, 1]), []
    for at in range(21):
        if at % 10 == 0:
            kept.append(((off @ root) ** 2).sum(axis=(1, 2)))
        x = rng.normal(size=[runs, 32, 64]) @ root.T
        off = off - step / 32 * (off @ x.transpose(0, 2, 1)) @ x
    return np.std(kept, axis=1) / np.mean(kept, axis=1)


def test_a_run_that_explodes_stays_finite(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regression, "ITERATIONS", 40)
    excess, _ = regression.simulate(regression.SCHEMES["QSGD fixed length"], [0.3], runs=2)
    assert np.all(np.isfinite(excess)) and np.all(excess[:, :, -1] > 1e6)


def tables() -> tuple[Rows, Rows]:
    """Of the right shape, with numbers of no meaning."""
    numbers = ("3", "1e-2", "1e-3", "2e-2")
    errors = [
        dict(zip(study.COLUMNS, (name, "0", f"{gain}", f"{gain}", *numbers), strict=True))
        for name in study.schemes(8)
        for gain in (1, 2, 4)
    ]
    runs = [
        dict(zip(regression.COLUMNS, (name, step, at, "3", "5e3", "0.5", "-1", "0.1"), strict=True))
        for name in regression.SCHEMES
        for step in ("0.05", "0.1", "0.2")
        for at in ("0", "10")
    ]
    return errors, runs


def test_both_studies_are_drawn_into_a_file(tmp_path: Path) -> None:
    qcs_variance.draw(*tables(), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 50_000


def test_a_table_is_simulated_once_and_then_read(tmp_path: Path) -> None:
    errors, file = tables()[0], tmp_path / "curves" / "qcs_variance.csv"
    made = iter([study.COLUMNS, *(tuple(row.values()) for row in errors)])
    assert table(file, study.COLUMNS, made, 1, ABOUT) == errors
    assert table(file, study.COLUMNS, iter(()), 1, ABOUT) == errors
    about = [line for line in file.read_text().splitlines() if line.startswith("# ")]
    assert about[0] == "# study qcs_variance" and "overair" in about[1] and about[2] == "# seed 0"


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", ",".join(study.COLUMNS) + "\nQCS" + ",high" * 7 + "\n", "\0"])
def test_a_table_that_is_none_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    (tmp_path / "qcs_variance.csv").write_text(content)
    with pytest.raises(ScenarioError, match="^.*qcs_variance.csv: expected a curve of overair as CSV; [^\n]*$"):
        table(tmp_path / "qcs_variance.csv", study.COLUMNS, iter(()), 1, ABOUT)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "target"), [("QCS", "16"), ("QSGD fixed length", "8"), ("QSGD entropy coded", "128"), ("random-k", "64")]
)
def test_errors_in_the_table_are_those_simulated_again(name: str, target: str) -> None:
    rows = table(CURVES / "qcs_variance.csv", study.COLUMNS, iter(()), 1, ABOUT)
    mean, deviation, draws, limit = select(
        rows, "error", "deviation", "draws", "bound", scheme=name, target_gain=target, moment="50"
    )[:, 0]
    gradient = study.gradients((50,))[0]
    errors, _ = study.simulate(study.schemes(len(gradient))[name], gradient, [float(target)], seed=1)
    assert abs(errors.mean() - mean) < 4.5 * np.hypot(errors.std(ddof=1) / errors.size**0.5, deviation / draws**0.5)
    assert name == "random-k" or mean < limit


@pytest.mark.slow
@pytest.mark.parametrize("name", ["QCS", "top-k"])
def test_losses_in_the_table_are_those_simulated_again(name: str) -> None:
    rows = table(CURVES / "qcs_regression.csv", regression.COLUMNS, iter(()), 1, ABOUT)
    mean, deviation, runs = select(
        rows, "log10_excess", "deviation", "runs", scheme=name, step_size="0.1", iteration=str(regression.ITERATIONS)
    )[:, 0]
    excess, _ = regression.simulate(regression.SCHEMES[name], [0.1], seed=1)
    logs = np.log10(excess[0, :, -1])
    assert abs(logs.mean() - mean) < 4.5 * np.hypot(logs.std(ddof=1) / len(logs) ** 0.5, deviation / runs**0.5)
