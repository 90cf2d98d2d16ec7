"""The study of leakage: what is exact is exact, as many antennas as devices show each, and curves keep pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.learning.data.digits import Digits
from overair.scenarios import ScenarioError, studies
from overair.scenarios.results import curves, dataset, saved
from overair.scenarios.running import worker

SMALL: dict[str, Any] = {"study": "leakage", "devices": 4, "pictures": 8, "shown": 2, "link": {"snr_db": [0.0, 40.0]}}


def found(**fields: Any) -> dict[str, np.ndarray]:
    study = studies.check(SMALL | fields)
    doing = worker.Worker()
    doing.prepare(study, 0)
    record = doing.do(worker.Task(study, 0, key="unused", alias="the scenario", record=None, folder=None))
    assert record.failure is None
    values = study.found(record)
    assert values is not None
    return values


def test_without_error_every_picture_is_there() -> None:
    values = found(uplink={"kind": "ideal"})
    assert values["psnr"] == pytest.approx(2 * [10 * np.log10(12 * 255**2)]) and values["recovered"].tolist() == [1, 1]
    np.testing.assert_allclose(values["picture"], np.stack(2 * [values["original"]]), atol=1e-4)
    assert values["together"] == 1
    x, y = Digits().load()[:2]
    shown = [np.flatnonzero(np.all(x.reshape(len(x), -1) == each, axis=1))[0] for each in values["original"]]
    assert len({*shown}) == 2 and 10 < values["baseline"] < 17


def test_antennas_as_many_as_devices_show_each() -> None:
    """The sum of four shows means of classes, whatever the SNR; four antennas show what the noise leaves."""
    few = found(uplink={"kind": "analog"}, link={"snr_db": [60.0], "antennas": 3}, devices=8)
    many = found(uplink={"kind": "analog"}, link={"snr_db": [60.0], "antennas": 8}, devices=8)
    assert few["together"] == 8 and many["together"] == 1
    assert many["psnr"] > 40 > 30 > few["psnr"]
    grouped = found(uplink={"kind": "analog", "groups": 2}, link={"snr_db": [60.0]}, grant={"elements": 2000})
    assert grouped["together"] == 2


@pytest.mark.parametrize(
    "fields, told",
    [
        ({"pictures": 3}, "scenario field pictures: expected at least 4, of 4 devices with 1 each, received 3"),
        ({"pictures": 2000}, "scenario field pictures: expected at most 1436, as 1437 are there in rounds of 4"),
        ({"shown": 9}, "scenario field shown: expected at most 8, as many as are tried, received 9"),
        ({"uplink": {"kind": "analog", "groups": 3}}, "scenario field devices: expected a multiple of 3, as there are"),
        ({"model": {"kind": "dlg_lenet"}}, "scenario field attack: expected a network whose first layer is dense on"),
        ({"model": {"kind": "lenet"}}, "scenario field model: expected images of height, width and channels, at least"),
        (
            {"model": {"kind": "dropout_cnn"}, "attack": {"kind": "dlg"}, "side": 28},
            "attack: expected a network without",
        ),
    ],
)
def test_what_cannot_be_is_told_in_a_line(fields: dict[str, Any], told: str) -> None:
    study = studies.check({**SMALL, "uplink": {"kind": "ideal"}, **fields})
    with pytest.raises(ScenarioError) as caught:
        worker.Worker().prepare(study, 0)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def result() -> xr.Dataset:
    """One with pictures, and a place that failed."""
    rng = np.random.default_rng(0)
    pictures = rng.random((2, 1, 3, 2, 16))
    pictures[1] = np.nan
    measured = {
        "psnr": (("uplink", "seed", "snr_db"), rng.random((2, 1, 3)) * 30),
        "picture": (("uplink", "seed", "snr_db", "shown", "pixel"), pictures),
        "original": (("uplink", "seed", "shown", "pixel"), rng.random((2, 1, 2, 16))),
    }
    along = {"uplink": ["ideal", "analog"], "seed": [0], "snr_db": [0.0, 5.0, 10.0], "shown": [0, 1]}
    made = xr.Dataset(measured, along | {"pixel": np.arange(16)}, {"study": "leakage"})
    for each in studies.load("leakage").measures:
        if each.name not in made:
            over = [name for name in ("snr_db",) if each.over and "link.snr_db" in each.over]
            made[each.name] = (("uplink", "seed", *over), np.ones((2, 1, *(made.sizes[name] for name in over))))
        made[each.name].attrs.update(dataset.units_of(each))
    return made


def test_a_curve_keeps_pictures_in_eight_bits(tmp_path: Path) -> None:
    made, file = result(), tmp_path / "curve.csv"
    curves.save(made, file)
    lines = file.read_text().splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    assert len(rows) == 1 + 2 * 3 and "pixel" not in rows[0] and "picture" not in rows[0]
    again = saved.load(file)
    assert again.picture.dims == made.picture.dims and again.picture.attrs == made.picture.attrs
    for name in ("picture", "original"):
        np.testing.assert_allclose(again[name], made[name], atol=0.5 / 254 + 1e-9)
    curves.save(again, tmp_path / "again.csv")
    np.testing.assert_array_equal(saved.load(tmp_path / "again.csv").picture, again.picture)


def test_a_curve_without_pictures_is_one(tmp_path: Path) -> None:
    made, file = result(), tmp_path / "curve.csv"
    curves.save(made.drop_vars(["picture", "original"]), file)
    assert "picture" not in saved.load(file) and "# pixels" not in file.read_text()


@pytest.mark.parametrize(
    "old, new, told",
    [
        ('"name": "picture"', '"name": "psnr"', "expected a measure of pictures, received psnr"),
        ('"shape": [2, 1, 3, 2, 16]', '"shape": [2, 1, 3, 2, 15]', "expected 180 bytes, received 181 and maybe more"),
        ('"shape": [2, 1, 3, 2, 16]', '"shape": [2, 1, 3, 2, 17]', "expected 204 bytes, received 192"),
        ('"shape": [2, 1, 3, 2, 16]', '"shape": [2, 1, 4, 2, 12]', "expected picture at all places of the lines"),
        ('"shape": [2, 1, 3, 2, 16]', '"shape": [2, 1, 3, 2, 9e99]', "expected a name, dimensions, their sizes"),
        ('"bytes": "eN', '"bytes": "x!', "expected bytes of zlib in base64"),
    ],
)
def test_damaged_pictures_are_told_in_a_line(tmp_path: Path, old: str, new: str, told: str) -> None:
    file = tmp_path / "curve.csv"
    curves.save(result(), file)
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(ScenarioError, match="pixels: ") as caught:
        saved.load(file)
    assert told in str(caught.value) and "\n" not in str(caught.value)
