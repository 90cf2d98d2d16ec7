"""Intervals hold the truth as often as they say, and those of paired differences are as narrow as what differs."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair.cli import main
from overair.scenarios import ScenarioError
from overair.scenarios.results import dataset as results
from overair.scenarios.results import intervals, saved, tables
from overair.scenarios.results.tables import Against

UPLINKS = ["ideal", "analog", "analog codec=sparse"]
SNRS = [-5.0, 5.0]


def dataset(values: np.ndarray) -> xr.Dataset:
    """Of accuracies [uplinks, SNRs, seeds, rounds]."""
    dims = ("uplink", "snr_db", "seed", "round")
    along = {"uplink": UPLINKS, "snr_db": ("snr_db", SNRS, {"path": "link.snr_db"})}
    coordinates = along | {"seed": np.arange(values.shape[2]), "round": 1 + np.arange(values.shape[3])}
    found = xr.Dataset({"accuracy": (dims, values)}, coordinates, {"study": "federated", "title": "", "complete": 1})
    return saved._completed(found, Path("here"))


def paired(seeds: int, random: np.random.Generator) -> xr.Dataset:
    """Seeds differ by 0.1 in common, schemes by a thousandth of their own."""
    common = 0.5 + 0.1 * random.normal(size=[1, 1, seeds, 1])
    gains = np.array([0.0, -0.02, 0.01])[:, None, None, None]
    return dataset(common + gains + 1e-3 * random.normal(size=[3, 2, seeds, 2]))


@pytest.mark.parametrize(("seeds", "quantile"), [(2, 12.7062), (3, 4.30265), (10, 2.26216), (31, 2.04227)])
def test_the_quantile_is_that_of_printed_tables(seeds: int, quantile: float) -> None:
    values = np.random.default_rng(0).normal(size=[7, seeds])
    expected = quantile * values.std(axis=-1, ddof=1) / seeds**0.5
    np.testing.assert_allclose(intervals.half_width(values), expected, rtol=1e-5)


def test_an_interval_holds_the_mean_in_95_of_100_draws() -> None:
    draws = 20_000
    values = np.random.default_rng(1).normal(3.0, 2.0, [draws, 4])
    held = np.abs(values.mean(axis=-1) - 3.0) <= intervals.half_width(values)
    assert abs(held.mean() - 0.95) < 4.5 * (0.95 * 0.05 / draws) ** 0.5


def test_seeds_that_are_missing_or_infinite_do_not_count_and_one_has_no_interval() -> None:
    values = np.array([[1.0, 2.0, np.nan, np.inf], [1.0, np.nan, np.nan, np.nan], [np.nan] * 4])
    found = intervals.half_width(values)
    np.testing.assert_allclose(found, [float(intervals.half_width(values[0, :2])), np.nan, np.nan])


def test_a_dataset_has_the_ends_of_every_measure() -> None:
    given = paired(5, np.random.default_rng(2))
    found = intervals.of(given)
    assert found.accuracy.dims == ("uplink", "snr_db", "round", "bound") and found.attrs["level"] == 0.95
    half = intervals.half_width(given.accuracy.transpose(..., "seed").values)
    np.testing.assert_allclose(found.accuracy.sel(bound="high") - found.accuracy.sel(bound="low"), 2 * half)
    np.testing.assert_allclose(found.accuracy.mean("bound"), given.accuracy.mean("seed"))


def test_paired_differences_are_known_a_hundredfold_better_than_means() -> None:
    """A difference of two schemes has the deviation of what is their own, sqrt(2) / 1,000, and not that of seeds."""
    given, seeds = paired(40, np.random.default_rng(3)), 40
    rows = tables.table(given, Against("uplink", "ideal"))
    assert rows[0][:4] == ["uplink", "snr_db", "accuracy", "accuracy - ideal"]
    for row in rows[1:]:
        of_means, of_difference = (float(cell.split(" +- ")[1]) for cell in row[2:4])
        gain = float(row[3].split(" +- ")[0])
        expected = {"ideal": 0.0, "analog": -0.02, "analog codec=sparse": 0.01}[row[0]]
        own = 2**0.5 * 1e-3 * (row[0] != "ideal")
        assert abs(gain - expected) <= 4.5 * own / seeds**0.5 + 1e-12
        assert of_difference == pytest.approx(2.0227 * own / seeds**0.5, rel=4.5 / (2 * seeds) ** 0.5)
        assert of_means > 20 * of_difference


def test_a_label_or_a_value_of_a_named_axis_is_found() -> None:
    given = paired(2, np.random.default_rng(4))
    assert tables.against(given, "ideal") == Against("uplink", "ideal")
    assert tables.against(given, "analog codec=sparse") == Against("uplink", "analog codec=sparse")
    assert tables.against(given, "uplink=analog") == Against("uplink", "analog")
    assert [*tables.against(given, "link.snr_db=-5")] == ["snr_db", -5.0]
    assert tables.against(given, "snr_db=-5") == tables.against(given, "link.snr_db=-5")
    assert tables.against(given, "5").label == tables.against(given, "5.0").label == 5.0
    for told in ("digital", "uplink=5", "round=1", "", "=", "seed=0"):
        with pytest.raises(ScenarioError, match="^--against: expected a value of one axis, or AXIS=VALUE [^\n]*$"):
            tables.against(given, told)


def test_the_command_shows_them_and_says_what_they_are(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results.save(paired(3, np.random.default_rng(5)), tmp_path)
    assert main(["show", str(tmp_path), "--against", "ideal"]) == 0
    printed = capsys.readouterr().out
    assert "accuracy: mean over 3 seeds +- half of its 95 % confidence interval; accuracy - ideal: the same" in printed
    assert main(["show", str(tmp_path), "--against", "nobody"]) == 2
    assert capsys.readouterr().err.startswith("--against: expected a value of one axis, or AXIS=VALUE (uplink: ideal")


def test_small_rates_are_not_shown_as_zero() -> None:
    rows = tables.table(dataset(np.full([3, 2, 2, 1], 1e-5) * np.array([1.0, 3.0])[:, None]))
    assert rows[1][2] == "2e-05 +- 0.00013"


def test_what_has_no_number_is_said_below_the_table() -> None:
    given = paired(2, np.random.default_rng(6))
    given["nmse"] = given.accuracy.copy()
    assert not [*tables.notes(given)]
    given.nmse[0, 0, 0, -1], given.nmse[1, 1, 1, -1] = np.nan, np.inf
    given.accuracy[2, 0, 0, -1] = given.nmse[2, 0, 0, -1] = np.nan  # a unit that is missing: not of the NMSE
    assert [*tables.notes(given)] == [
        "NMSE of 1 of 11 results is not known: it was not measured, or there was nothing to divide by",
        "NMSE of 1 results is infinite: too large for its numbers",
    ]


def test_what_a_search_found_is_a_median_that_keeps_what_is_out_of_reach() -> None:
    told = {"study": "federated", "find": '{"over": "SNR", "unit": "dB", "target": "accuracy >= 0.85"}'}
    values = [[1.0, 2.0, 3.0, 4.0, 5.0, np.inf], [np.inf] * 4 + [1.0, -np.inf], [np.nan] * 6, [-np.inf] * 6]
    places = {"uplink": ["a", "b", "c", "d"], "seed": range(6)}
    found = saved._completed(xr.Dataset({"required": (("uplink", "seed"), values)}, places, told), Path("here"))
    assert [row[1] for row in tables.table(found)[1:]] == [
        "3.5 (1 to out of reach)",
        "out of reach (the lowest to out of reach)",
        "-",
        "the lowest (the lowest to the lowest)",
    ]
    assert str(tables.heading(found)).startswith("SNR/dB for accuracy >= 0.85: median over 6 seeds and")
    assert not [*tables.notes(found)]
    against = [row[2] for row in tables.table(found, Against("uplink", "a"))[1:]]
    assert against == ["+0 (+0 to +0)", "+inf (-inf to +inf)", "-", "-inf (-inf to -inf)"]
