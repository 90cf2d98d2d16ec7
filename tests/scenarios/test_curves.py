"""A curve is a CSV file that explains itself, comes back as the dataset it was, and else is refused in one line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.figures import curve, draw
from overair.figures._labels import axis_label
from overair.scenarios import ScenarioError
from overair.scenarios.reading.planned import planned
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import curves, saved
from overair.scenarios.results import dataset as results
from overair.scenarios.results.tables import table
from overair.scenarios.studies.federated import Federated
from tests.checkout import CURVES, needs_checkout

RAW: dict[str, Any] = {
    "title": "A test, of commas",
    "data": "digits",
    "model": "softmax",
    "devices": [5, 20],
    "rounds": 7,
    "evaluate_every": 3,
    "uplink": ["ideal", "digital", "analog"],
    "link": {"snr_db": [5, -5]},
}
MEASURED = [each.name for each in Federated.measures if each.over is None]
AXES: dict[str, list[Any]] = {
    "scheme": ["ten", "10", "true", 'a "quoted", comma', "# no comment", "two\nlines", "\x85\u2028"],
    "alpha": [10.0, 2.0, 0.1 + 0.2],
    "count": [5, 100, 20],
    "seen": [True, False],
}


STORED = [file for file in sorted(CURVES.glob("*.csv")) if "# source " not in file.read_text()]  # off no paper's figure


@needs_checkout
@pytest.mark.parametrize("file", STORED, ids=[file.stem for file in STORED])
def test_the_scenario_of_a_stored_curve_is_one_that_is_read_today(file: Path) -> None:
    stored = curves.load(file)
    plan, _ = planned(json.loads(stored.attrs["scenario"]))
    assert plan.points[0].scenario.study == stored.attrs["study"]


@pytest.fixture
def dataset() -> xr.Dataset:
    """What a run gives, one point of it stopped."""
    random = np.random.default_rng(0)

    def unit(stopped: bool) -> dict[str, np.ndarray]:
        values = {name: 10 ** random.uniform(-7, 7, 3) for name in MEASURED}
        for each in values.values():
            each[1:] = np.nan if stopped else each[1:]
        return values | {"stopped_at": np.array(4 if stopped else -1), "ended_at": np.array(-1)}

    return results.assemble(sweep(RAW), [[unit((at, seed) == (1, 1)) for seed in (0, 1, 2)] for at in range(12)], {})


def any_axes(axes: dict[str, list[Any]]) -> xr.Dataset:
    random, dims = np.random.default_rng(1), [*axes, "seed", "round"]
    along = axes | {"seed": [3, 1], "round": [10, 20]}
    values = random.random([len(each) for each in along.values()])
    coordinates = {
        name: (name, np.array(each), {"units": "m", "long_name": f"my {name}"}) for name, each in along.items()
    }
    return xr.Dataset({"accuracy": (dims, values)}, coordinates)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines()


def test_a_curve_comes_back_as_the_dataset_it_was_to_six_digits(dataset: xr.Dataset, tmp_path: Path) -> None:
    curves.save(dataset, tmp_path / "curve.csv", "quickstart")
    found = curves.load(tmp_path / "curve.csv")
    assert found.attrs == dataset.attrs | {"preset": "quickstart"}
    for name, coordinate in dataset.coords.items():
        xr.testing.assert_identical(found[name], coordinate)
        assert found[name].dtype.kind == coordinate.dtype.kind
    for name in MEASURED:
        xr.testing.assert_allclose(found[name], dataset[name], rtol=5.1e-6)
        assert found[name].attrs == dataset[name].attrs
    xr.testing.assert_identical(found.stopped_at, dataset.stopped_at)
    digits = {
        name: dataset[name].copy(data=np.vectorize(lambda v: float(f"{v:.6g}"))(dataset[name])) for name in MEASURED
    }
    assert table(found) == table(dataset.assign(digits))
    curves.save(found, tmp_path / "again.csv")
    assert (tmp_path / "again.csv").read_bytes() == (tmp_path / "curve.csv").read_bytes()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["again.csv", "curve.csv"]


def test_its_comments_say_what_made_it(dataset: xr.Dataset, tmp_path: Path) -> None:
    curves.save(dataset, tmp_path / "curve.csv", "quickstart")
    about = dict(line[2:].split(" ", 1) for line in lines(tmp_path / "curve.csv") if line.startswith("# "))
    assert (about["preset"], about["title"], about["seeds"]) == ("quickstart", "A test, of commas", "[0, 1, 2]")
    assert {"overair", "tensorflow", "sionna"} <= json.loads(about["versions"]).keys()
    assert sweep(json.loads(about["scenario"])) == sweep(RAW)
    numbers = [line for line in lines(tmp_path / "curve.csv") if not line.startswith("#")]
    assert numbers[0] == (
        "devices,uplink,snr_db,seed,round,accuracy,loss,personal_accuracy,personal_worst,nmse,nmse_sent,"
        "resource_elements,pilot_elements,downlink_elements,energy,energy_max,airtime,bits,decoded,free_bits,silent,unheard,papr_db,epsilon,"
        "seconds,elapsed,compute_joules,radio_joules,stopped_at"
    )
    assert len(numbers) == 1 + 12 * 3 * 3 and numbers[1].startswith("5,ideal,5.0,0,3,")


def test_axes_of_texts_numbers_and_truths_keep_kind_and_order(tmp_path: Path) -> None:
    before = any_axes(AXES)
    curves.save(before, tmp_path / "curve.csv")
    after = curves.load(tmp_path / "curve.csv")
    assert after.accuracy.dims == before.accuracy.dims
    for name in before.coords:
        xr.testing.assert_identical(after[name], before[name])
        assert after[name].dtype.kind == before[name].dtype.kind
    np.testing.assert_allclose(after.accuracy, before.accuracy, rtol=5.1e-6)
    assert (after.stopped_at == -1).all() and after.loss.isnull().all()


@pytest.mark.parametrize("axes", [{}, {"snr_db": [-5.0, 5.0]}, {"seen": [False, True]}, {"devices": [7]}], ids=str)
def test_the_figure_draws_what_was_loaded_as_it_draws_the_run(axes: dict[str, list[Any]], tmp_path: Path) -> None:
    dataset = any_axes(axes)
    curves.save(dataset, tmp_path / "curve.csv")
    found = curves.load(tmp_path / "curve.csv")
    assert curve.abscissa(found) == curve.abscissa(dataset)
    assert [axis_label(found, name) for name in axes] == [axis_label(dataset, name) for name in axes]
    draw(found, tmp_path / "figure.png")
    assert table(found)[0][: len(axes)] == [*axes]


def test_missing_rows_are_nan_and_empty_places_too(tmp_path: Path) -> None:
    file = tmp_path / "curve.csv"
    file.write_text(
        "link.snr_db,uplink,seed,round,accuracy,loss\n0,ideal,0,5,0.5,\n\n10,ideal,0,5,0.25,1\n0,none,0,5,1,2\n"
    )
    found = curves.load(file)
    np.testing.assert_array_equal(found.accuracy[:, :, 0, 0], [[0.5, 1], [0.25, np.nan]])
    np.testing.assert_array_equal(found.loss[:, :, 0, 0], [[np.nan, 2], [1, np.nan]])
    assert found["snr_db"].attrs == {"units": "dB", "long_name": "SNR", "path": "link.snr_db"}
    assert found["snr_db"].dtype.kind == "i" and found.uplink.dtype.kind == "U"
    draw(found, tmp_path / "figure.png")


HEAD = "uplink,seed,round,accuracy\n"
ROW = "ideal,0,1,0.5\n"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "something",
        b"\x89PNG\r\n\x1a\n\x00\xff",
        b"\x00" * 100,
        HEAD,
        "# scenario {\n" + HEAD + ROW,
        "# column {]\n" + HEAD + ROW,
        "# column " + "[" * 100_000 + "\n" + HEAD + ROW,
        "# column []\n# column {}\n" + '# column {"name": []}\n',
        "# only comments",
        "uplink,seed,accuracy\n" + "ideal,0,0.5\n",
        "uplink,seed,seed,round,accuracy\n" + "ideal,0,0,1,0.5\n",
        "seed,uplink,round,accuracy\n" + "0,ideal,1,0.5\n",
        "accuracy,seed,round\n" + "0.5,0,1\n",
        ",seed,round,accuracy\n" + ROW,
        HEAD + "ideal,0,1\n",
        HEAD + "ideal,0,1,0.5,7\n",
        HEAD + "ideal,0,1,high\n",
        HEAD + "ideal,0,1.5,0.5\n",
        HEAD + "ideal,zero,1,0.5\n",
        HEAD + "ideal," + "9" * 30 + ",1,0.5\n",
        HEAD + "ideal," + "9" * 5000 + ",1,0.5\n",
        HEAD + ROW + ROW,
        HEAD + '"ideal,0,1,0.5\n',
        HEAD + "x" * 200_000 + ",0,1,0.5\n",
        "uplink,seed,round,accuracy,stopped_at\nideal,0,1,0.5,1.5\n",
        "uplink,seed,round,accuracy,stopped_at\nideal,0,1,0.5,1e40\n",
        '# column {"name": "uplink", "type": "float"}\n' + HEAD + ROW,
        '# column {"name": "uplink", "type": "float"}\n' + HEAD + ROW.replace("ideal", "nan"),
        '# column {"name": "uplink", "type": "bool"}\n' + HEAD + ROW,
        "a,b,c,seed,round,accuracy\n" + "".join(f"{i},{i},{i},0,1,0.5\n" for i in range(300)),
    ],
    ids=lambda content: repr(content[:40]),
)
def test_what_is_no_curve_is_refused_in_one_line(content: str | bytes, tmp_path: Path) -> None:
    file = tmp_path / "curve.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ScenarioError, match="expected a curve") as refused:
        saved.load(file)
    assert "\n" not in str(refused.value) and len(str(refused.value)) < 400


def test_columns_told_nonsense_about_are_described_as_results_are(tmp_path: Path) -> None:
    told = (
        '# column {"name": "uplink", "type": "no", "units": "", "long_name": ""}\n# column 3\n# column {"name": "x"}\n'
    )
    (tmp_path / "curve.csv").write_text(told + HEAD + ROW)
    found = curves.load(tmp_path / "curve.csv")
    assert found.uplink.attrs == {"units": "1", "long_name": "uplink"}
    draw(found, tmp_path / "figure.png")


def test_a_file_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="nothing.csv: expected results, No such file or directory; name the "):
        saved.load(tmp_path / "nothing.csv")


def test_a_curve_is_there_whole_or_not_at_all(
    dataset: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curves.save(dataset, tmp_path / "curve.csv")
    before = (tmp_path / "curve.csv").read_bytes()

    def fail(_: xr.Dataset) -> Any:
        yield ["half"]
        raise KeyboardInterrupt

    monkeypatch.setattr(curves, "_rows", fail)
    with pytest.raises(KeyboardInterrupt):
        curves.save(dataset, tmp_path / "curve.csv")
    assert (tmp_path / "curve.csv").read_bytes() == before
