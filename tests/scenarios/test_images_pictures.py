"""Pictures kept of images sent: those whose errors are told, whatever their sizes, and they change no number."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.cli import main
from overair.figures import report
from overair.scenarios import ScenarioError, run, studies
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import dataset, saved
from overair.scenarios.running import worker
from overair.scenarios.studies import _images
from tests.checkout import CHECKOUT

RAW: dict[str, Any] = {
    "study": "images",
    "data": "digits",
    "scheme": [{"kind": "linear", "block": 8}, {"kind": "linear", "block": 8, "scale": "known"}],
    "ratios": [0.125, 0.25],
    "train_images": 40,
    "test_images": 2,
    "link": {"snr_db": [0, 10]},
}
CURVES = CHECKOUT / "docs" / "curves"


def errors(dataset: xr.Dataset) -> xr.DataArray:
    """Squared errors of the pictures, as a mean over all that are shown."""
    return ((dataset.picture - dataset.original) ** 2).mean(["shown", "colour", "pixel"])


def test_pictures_have_the_psnr_that_is_told(tmp_path: Path) -> None:
    """In a curve each value is within 1/508, so that a picture's error e is within 2 sqrt(e) / 254 + 1 / 254^2."""
    made = run(RAW, out=tmp_path / "run")
    assert made.picture.dims == ("scheme", "seed", "ratio", "snr_db", "shown", "colour", "pixel")
    assert made.picture.dtype == np.float32 and int(made.original.isel(scheme=0).notnull().sum()) == 2 * 64
    told = 10 ** (-made.psnr / 10)
    np.testing.assert_allclose(errors(made), told, rtol=1e-5)
    xr.testing.assert_identical(saved.load(tmp_path / "run"), made)
    curve = saved.load(tmp_path / "run" / "curve.csv")
    assert curve.picture.dims == made.picture.dims
    np.testing.assert_array_less(np.abs(errors(curve) - told), 2 * np.sqrt(told) / 254 + 1 / 254**2)
    assert main(["report", str(tmp_path / "run")]) == main(["report", str(tmp_path / "run" / "curve.csv")]) == 0
    for page in ("report.html", "curve.html"):
        assert (tmp_path / "run" / page).read_text().count("<image ") == 4 * 2


def test_shown_changes_no_number_and_none_are_kept_where_none_are_shown(tmp_path: Path) -> None:
    some, none = (run(RAW | {"shown": shown}, out=tmp_path / str(shown)) for shown in (1, 0))
    assert some.sizes["shown"] == 1 and not {"picture", "original", "shown", "pixel"} & {*none.variables}
    for name in none.data_vars:
        xr.testing.assert_identical(none[name], some[name])
    for file in ("0", "0/curve.csv"):
        assert set(saved.load(tmp_path / file).variables) == set(none.variables)
    assert "Pictures" not in report.text(none)


def test_a_run_that_grows_keeps_the_pictures_of_all_its_snrs(tmp_path: Path) -> None:
    whole = run(RAW)
    run(RAW | {"link": {"snr_db": [10]}}, out=tmp_path)
    xr.testing.assert_identical(run(RAW, out=tmp_path), whole)


def test_images_of_several_sizes_are_counted_together_and_their_middle_is_kept() -> None:
    """Of two images of 3 x 8 in colour and three of 8 x 2 in grey the first four, squares of 4 x 4."""
    study = studies.check(RAW | {"scheme": RAW["scheme"][0], "shown": 6, "side": 4})
    wide, high = np.arange(2 * 3 * 8 * 3.0).reshape(2, 3, 8, 3), np.arange(3 * 8 * 2.0).reshape(3, 8, 2, 1)
    assert [_images._counts([wide, high], count) for count in (0, 1, 3, 9)] == [[0, 0], [1, 0], [2, 1], [2, 3]]
    kept = _images._kept([wide, high[:2]], study).reshape(6, 3, 4, 4)
    np.testing.assert_array_equal(kept[:2, :, :3], wide[:, :, 2:6].transpose(0, 3, 1, 2))
    np.testing.assert_array_equal(kept[2:4, 0, :, :2], high[:2, 2:6, :, 0])
    assert np.isfinite(kept).sum() == 2 * 3 * 12 + 2 * 8
    over_snrs = _images._kept([wide[None].repeat(5, 0), high[None, :2].repeat(5, 0)], study)
    np.testing.assert_array_equal(over_snrs, np.stack(5 * [kept.reshape(6, 3, 16)]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"shown": 100, "side": 256}, "scenario field shown: expected at most 21 of this side, at so many ratios and "),
        ({"side": [8, 16]}, "scenario field side: expected one number"),
        ({"shown": [1, 2]}, "scenario field shown: expected one number"),
    ],
)
def test_what_cannot_be_kept_is_told_in_a_line(change: dict[str, Any], told: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        (point, *_) = sweep(RAW | change).points
        worker.Worker().prepare(point.scenario, 0)
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)


@pytest.mark.skipif(not CURVES.is_dir(), reason="no checkout: the wheel carries no curves")
def test_curves_of_before_have_reports_without_pictures() -> None:
    found = saved.load(CURVES / "deepjscc_kodak.csv")
    text = report.text(found)
    assert ("picture" in found) == ("Pictures" in text) and "<svg" in text


def test_results_of_before_open_without_pictures(tmp_path: Path) -> None:
    made = run(RAW | {"shown": 1})
    dataset.save(made.drop_vars(["picture", "original", "shown", "colour", "pixel"]), tmp_path)
    again = saved.load(tmp_path)
    assert "picture" not in again and again.psnr.identical(made.psnr)
    assert "Pictures" not in report.text(again)
