"""The study of recovery of real gradients: its parts do what they say, and its tables are what is simulated again."""

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair.figures import bayes_gradients as study
from overair.figures import bayes_recovery as figure
from overair.ota.layers import size_of
from overair.scenarios import ScenarioError

CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"
DATA = Path(os.environ.get("OVERAIR_DATA", "/nowhere")) / "mnist"
LAYERS = ((5, 5, 2, 3), (3,), (40, 10))
Rows = list[dict[str, str]]

needs_mnist = pytest.mark.skipif(not DATA.is_dir(), reason="needs MNIST: $OVERAIR_DATA/mnist is not there")


def entries(size: int = size_of(LAYERS)) -> np.ndarray:
    return np.random.default_rng(3).laplace(size=size)


def test_the_largest_are_kept() -> None:
    x = entries(1000)
    kept = study.largest(x, 0.25)
    assert np.count_nonzero(kept) == 250
    assert np.abs(kept[kept != 0]).min() > np.abs(x[kept == 0]).max()
    np.testing.assert_array_equal(kept[kept != 0], x[kept != 0])


def test_shuffling_moves_entries_within_kernels_only() -> None:
    x, bounds = study.largest(entries(), 0.3), np.cumsum([150, 3])
    kernel, *rest = np.split(study.variant(x, "shuffled", LAYERS), bounds)
    before, *untouched = np.split(x, bounds)
    assert not np.array_equal(kernel, before)
    np.testing.assert_array_equal(np.sort(kernel), np.sort(before))
    for part, same in zip(rest, untouched, strict=True):
        np.testing.assert_array_equal(part, same)


def test_normal_amplitudes_stand_on_the_same_support() -> None:
    x = study.largest(entries(4000), 0.3)
    normal = study.variant(x, "normal")
    np.testing.assert_array_equal(normal != 0, x != 0)
    power = (normal[x != 0] ** 2).mean()
    assert abs(power - 1) < 4.5 * (2 / 1200) ** 0.5
    np.testing.assert_array_equal(study.variant(x, "real"), x)


def test_errors_of_linear_estimates_are_those_of_theory() -> None:
    """Without noise the shortest solution loses 1 - m/d. On the true support the noise is all that is lost: s2 times
    the trace of (A_S'A_S)^-1, whose mean is (m/d) (d - k - 1)/(m - k - 1) for m rows of a random orthogonal matrix.
    Shares |A x|^2/|x|^2 of such rows are of a beta law; errors on the support are a weighted sum of squared normals."""
    size, draws = 2048, 24  # no padding: A has orthogonal rows
    x = study.largest(entries(size), 0.1)
    silent = study.simulate(x, np.inf, draws, layers=((size,),))
    noisy = study.simulate(x, 20.0, draws, layers=((size,),))
    lmmse = 1 + list(study.SCHEMES).index("lmmse")
    linear = silent[lmmse - 1]
    assert abs(linear.mean() - 0.5) < 4.5 * (0.5 / (size + 2)) ** 0.5 / draws**0.5
    count, rows = np.count_nonzero(x), size // 2
    expected = 0.01 * count / size * (size - count - 1) / (rows - count - 1)
    columns = np.linalg.qr(np.random.default_rng(1).normal(size=[size, count]))[0][:rows]
    weights = 1 / np.linalg.eigvalsh(columns.T @ columns)
    spread = expected * (2 * (weights**2).sum()) ** 0.5 / weights.sum()
    assert abs(noisy[-1].mean() - expected) < 4.5 * spread / draws**0.5
    assert silent[-1].max() < 1e-9


def test_draws_depend_on_the_seed_alone() -> None:
    x = study.largest(entries(512), 0.1)
    first, again, other = (study.simulate(x, 20.0, 2, seed, ((512,),)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert np.all(first != other)
    assert np.all(first[:, 0] != first[:, 1])


def test_the_kernel_is_a_matrix_of_places_by_depth_and_filter() -> None:
    gradient = np.arange(size_of(study.LAYERS))
    found = study.kernel(gradient)
    first = 125 + 5 + 1250 + 10
    assert found.shape == (25, 200)
    for h, w, depth, f in ((0, 0, 0, 0), (1, 0, 0, 0), (2, 3, 4, 5), (4, 4, 9, 19)):
        assert found[5 * h + w, 20 * depth + f] == first + np.ravel_multi_index((h, w, depth, f), study.KERNEL)


def errors() -> Rows:
    """Of the right shape, with numbers of no meaning."""
    cases = [("real", ratio) for ratio in study.RATIOS] + [(name, 0.25) for name in study.GRADIENTS[1:]]
    return [
        dict(zip(study.COLUMNS, (scheme, name, moment, f"{ratio:g}", f"{snr:g}", "2", "0.1", "0.01"), strict=True))
        for scheme in [*study.SCHEMES, study.ORACLE]
        for name, ratio in cases
        for moment in ("0", "100", "400")
        for snr in study.SNRS
    ]


def dataset(axis: str = "uplink") -> xr.Dataset:
    uplinks = ["ideal", *(f"analog {name}" for name in study.SCHEMES)]
    values = np.random.default_rng(0).uniform(0.5, 0.9, [5, 2, 3, 4])
    coordinates = {axis: uplinks, "link.snr_db": [20.0, 0.0], "seed": [0, 1, 2], "round": [1, 2, 3, 4]}
    return xr.Dataset({"accuracy": ([axis, "link.snr_db", "seed", "round"], values)}, coordinates)


def test_all_panels_are_drawn_into_a_file(tmp_path: Path) -> None:
    kernel = entries(5000).reshape(25, 200)
    figure.draw(dataset(), errors(), kernel, tmp_path / "figure.png")
    assert (tmp_path / "figure.png").stat().st_size > 100_000


def test_other_results_are_refused(tmp_path: Path) -> None:
    kernel, wrong = entries(5000).reshape(25, 200), dataset()
    with pytest.raises(ValueError, match="results: expected the axes uplink and link.snr_db"):
        figure.draw(dataset("scheme"), errors(), kernel, tmp_path / "figure.png")
    with pytest.raises(ValueError, match="results: expected the uplinks of bayes_recovery"):
        figure.draw(wrong.assign_coords(uplink=list("abcde")), errors(), kernel, tmp_path / "figure.png")
    assert not (tmp_path / "figure.png").exists()


@pytest.mark.parametrize("content", ["", "a,b\n1,2\n", ",".join(study.COLUMNS) + "\n" + "x," * 7 + "x\n", "\0"])
def test_a_table_that_is_none_is_refused_in_one_line(content: str, tmp_path: Path) -> None:
    file = tmp_path / "table.csv"
    file.write_text(content)
    for read in (study.errors_of, study.kernel_of):
        with pytest.raises(ScenarioError, match="^.*table.csv: expected a curve of overair as CSV; [^\n]*$"):
            read(file)


def decibel(rows: Rows, scheme: str, snr: str = "20", ratio: str = "0.25", gradient: str = "real") -> np.ndarray:
    """NMSE of every moment."""
    here = {"scheme": scheme, "gradient": gradient, "ratio": ratio, "snr_db": snr}
    return 10 * np.log10([float(row["nmse"]) for row in rows if here.items() <= row.items()])


def test_the_table_says_what_the_documentation_says() -> None:
    rows = study.errors_of(CURVES / "bayes_errors.csv")
    amp, alone, spatial = study.SCHEMES.keys() - {"lmmse"}, "em_bg_amp spatial=false", "em_bg_amp spatial=true"
    for snr in ("inf", "20"):
        for scheme in amp:  # the published setting lies past what any of them recovers
            assert np.all(np.abs(decibel(rows, scheme, snr) + 11) < 3)
        assert np.all(np.abs(decibel(rows, "lmmse", snr) + 3) < 0.2)
    assert np.all(decibel(rows, alone, "inf", gradient="normal") < -60)  # amplitudes are why, not their number
    assert np.all(decibel(rows, alone, "20", "0.05") < decibel(rows, "amp", "20", "0.05") - 9)
    gain = decibel(rows, alone) - decibel(rows, spatial)
    shuffled = decibel(rows, alone, gradient="shuffled") - decibel(rows, spatial, gradient="shuffled")
    assert np.all((gain > 0.3) & (gain < 0.8))
    assert np.all(shuffled > gain / 2)  # most of it is the layers' own shares, not the neighbours


@pytest.mark.slow
@needs_mnist
@pytest.mark.parametrize(("ratio", "name"), [(0.25, "real"), (0.05, "real"), (0.25, "shuffled")])
def test_errors_in_the_table_are_those_of_other_matrices(ratio: float, name: str) -> None:
    rows = study.errors_of(CURVES / "bayes_errors.csv")
    gradient = study.gradients((100,))[0]
    found = study.simulate(study.variant(study.largest(gradient, ratio), name), 20.0, seed=1)
    for scheme, errors in zip([*study.SCHEMES, study.ORACLE], found, strict=True):
        here = {"scheme": scheme, "gradient": name, "moment": "100", "ratio": f"{ratio:g}", "snr_db": "20"}
        (row,) = [row for row in rows if here.items() <= row.items()]
        spread = np.hypot(errors.std(ddof=1), float(row["deviation"])) / study.DRAWS**0.5
        assert abs(errors.mean() - float(row["nmse"])) < 6 * spread  # of Student's t with six degrees of freedom


@pytest.mark.slow
@needs_mnist
def test_the_gradient_in_the_table_is_that_of_the_network() -> None:
    stored = study.kernel_of(CURVES / "bayes_gradient.csv")
    np.testing.assert_allclose(stored, study.kernel(study.gradients((100,))[0]), rtol=6e-4, atol=1e-6)
