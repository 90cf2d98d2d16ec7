"""Axes have short names where these tell them apart, in results and in files, and keep the path of their field."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair.figures import draw
from overair.scenarios import ScenarioError
from overair.scenarios.results import curves, saved
from overair.scenarios.results import dataset as results
from overair.scenarios.results.measures import Measure
from overair.scenarios.results.names import names, shortened
from overair.scenarios.results.tables import table
from overair.scenarios.studies.images import Images


@pytest.mark.parametrize(
    ("paths", "taken", "short"),
    [
        (["uplink", "link.snr_db", "seed", "round"], [], ["uplink", "snr_db", "seed", "round"]),
        (["uplink.codec.compression"], [], ["compression"]),
        (["uplink.codec.compression", "grant.compression"], [], ["codec.compression", "grant.compression"]),
        (["link.snr_db", "downlink.snr_db"], [], ["link.snr_db", "downlink.snr_db"]),
        (["link.snr_db", "snr_db"], [], ["link.snr_db", "snr_db"]),
        (["a.b.c", "d.b.c", "c"], [], ["a.b.c", "d.b.c", "c"]),
        (["link.impairments.0.high", "link.impairments.1.high"], [], ["impairments.0.high", "impairments.1.high"]),
        (["link.impairments.0.high"], [], ["high"]),
        (["link.impairments.0"], [], ["impairments.0"]),
        (["grant.elements", "link.seed", "seed"], ["elements"], ["grant.elements", "link.seed", "seed"]),
    ],
    ids=str,
)  # fmt: skip
def test_as_few_last_parts_as_tell_axes_apart(paths: list[str], taken: list[str], short: list[str]) -> None:
    assert list(names(paths, taken).values()) == short
    assert list(names(paths[::-1], taken).values()) == short[::-1]


def test_files_have_short_names_and_read_long_ones_too(tmp_path: Path) -> None:
    axes = ["uplink", "uplink.codec.compression", "link.snr_db", "seed", "round"]
    given = xr.Dataset(
        {"accuracy": (axes, np.random.default_rng(0).random([2, 2, 3, 1, 2]))},
        {"uplink": ["a", "b"], axes[1]: [2, 4], axes[2]: [0.0, 5.0, 9.0], "seed": [0], "round": [1, 2]},
        {"study": "federated"},
    )
    curves.save(given, tmp_path / "long.csv")
    read = curves.load(tmp_path / "long.csv")
    assert read.accuracy.dims == ("uplink", "compression", "snr_db", "seed", "round")
    assert read.snr_db.attrs["path"] == "link.snr_db" and read.compression.attrs["path"] == axes[1]
    xr.testing.assert_equal(read.accuracy, curves.load(tmp_path / "long.csv").accuracy)
    curves.save(shortened(given), tmp_path / "short.csv")
    xr.testing.assert_identical(curves.load(tmp_path / "short.csv"), read)
    rows = [line for line in (tmp_path / "short.csv").read_text().splitlines() if not line.startswith("#")]
    assert rows[0].startswith("uplink,compression,snr_db,seed,round,accuracy")


def test_short_names_of_a_file_without_comments_are_dimensions_of_its_study(tmp_path: Path) -> None:
    for name in ("snr_db", "link.snr_db"):
        (tmp_path / "curve.csv").write_text(f"scheme,seed,ratio,{name},psnr\na,0,0.5,3,20\na,0,0.5,6,23\n")
        found = curves.load(tmp_path / "curve.csv")
        assert found.psnr.dims == ("scheme", "seed", "ratio", "snr_db") and found.psnr.values.ravel().tolist() == [
            20,
            23,
        ]
        assert found.snr_db.attrs["units"] == "dB" and found.snr_db.attrs["long_name"] == "SNR"


def test_a_search_is_a_curve_without_inner_dimensions(tmp_path: Path) -> None:
    told = {"study": "federated", "find": '{"over": "SNR", "unit": "dB", "target": "accuracy >= 0.85"}'}
    given = xr.Dataset({"required": (("uplink", "seed"), [[1.5, 2.5]])}, {"uplink": ["analog"], "seed": [0, 1]}, told)
    curves.save(given, tmp_path / "curve.csv")
    found = saved.load(tmp_path / "curve.csv")
    assert found.required.dims == ("uplink", "seed") and found.required.values.tolist() == [[1.5, 2.5]]
    assert found.attrs["find"] == told["find"] and table(found)[0][:2] == ["uplink", "SNR/dB for accuracy >= 0.85"]
    for study in ("federated", "images"):
        draw(found.assign_attrs(study=study), tmp_path / "figure.png")
    (tmp_path / "curve.csv").write_text((tmp_path / "curve.csv").read_text().replace('"unit": "dB"', '"unit": 3'))
    with pytest.raises(ScenarioError, match="expected a curve of overair as CSV; find: expected over, unit and target"):
        saved.load(tmp_path / "curve.csv")


def test_measures_may_have_more_dimensions_than_the_main_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the share of queries that are right among so many has ranks, and accuracy has none."""
    measures = (Measure("psnr", "dB", "PSNR", heading="PSNR", over=("link.snr_db",)), Measure("top", "1", "top"))
    monkeypatch.setattr(Images, "measures", measures)
    along = {"seed": [0, 1], "snr_db": [0.0, 5.0], "ratio": [0.25, 0.5, 1.0]}
    random = np.random.default_rng(0)
    arrays = {"psnr": (["seed", "snr_db"], random.random([2, 2])), "top": ([*along], random.random([2, 2, 3]))}
    given = xr.Dataset(arrays, along, {"study": "images", "title": "", "complete": 1})
    results.save(given, tmp_path)
    found = saved.load(tmp_path / "results.nc")
    xr.testing.assert_identical(found, given)
    assert [row[0] for row in table(found)] == ["snr_db", "0", "5"]
