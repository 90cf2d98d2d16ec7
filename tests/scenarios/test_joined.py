"""Results of several runs are one result: with the numbers of each, and nothing that another run said of itself."""

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import overair
from overair.scenarios import ScenarioError
from overair.scenarios.results import costs, curves, dataset, exported, fairness, joined, reached, saved, tables
from overair.scenarios.results.join import join
from overair.scenarios.results.several import names
from tests.checkout import kept, needs_checkout

SCENARIO: dict[str, Any] = {
    "devices": 10,
    "uplink": {"kind": "analog"},
    "link": {"snr_db": [0.0, 10.0], "channel": {"kind": "awgn"}, "csit": {"kind": "perfect"}},
}
VERSIONS = {"overair": "0.1.0", "numpy": "2.4.6"}


def results(
    axes: dict[str, list[Any]] | None = None,
    elements: float = 100.0,
    energy: float = 1.0,
    seeds: tuple[int, ...] = (0, 1),
    rounds: tuple[int, ...] = (5, 10),
    versions: dict[str, str] | None = None,
    start: int = 0,
    **scenario: Any,
) -> xr.Dataset:
    """Of a run over SNRs, with numbers of its own."""
    axes = {"snr_db": [0.0, 10.0]} if axes is None else axes
    along: dict[str, list[Any]] = {**axes, "seed": [*seeds], "round": [*rounds]}
    shape, dims = [len(values) for values in along.values()], [*along]
    data: dict[str, Any] = {"accuracy": np.random.default_rng(start).random(shape)}
    data |= {"resource_elements": np.full(shape, elements), "energy_max": np.full(shape, energy)}
    data |= {name: np.zeros(shape) for name in ("pilot_elements", "downlink_elements")}
    paths = {"snr_db": "link.snr_db", "channel": "link.channel", "speed": "link.channel.speed"}
    coordinates = {
        name: (name, np.array(values), {"path": paths[name]} if name in paths else {}) for name, values in along.items()
    }
    told = {"study": "federated", "title": "", "complete": 1, "failures": "[]"}
    told |= {"scenario": json.dumps(SCENARIO | scenario), "versions": json.dumps(versions or VERSIONS)}
    return xr.Dataset({name: (dims, values) for name, values in data.items()}, coordinates, told)


def assert_holds(both: xr.Dataset, **each: xr.Dataset) -> None:
    """Every number of each run where it was, and no other of it; each alone is what it was."""
    for name, one in each.items():
        there = both.accuracy.sel(run=name)
        assert int(there.notnull().sum()) == one.accuracy.size
        for place in itertools.product(*(range(size) for size in one.accuracy.shape)):
            at = {axis: one[axis].values[index] for axis, index in zip(one.accuracy.dims, place, strict=True)}
            assert there.sel(at).item() == one.accuracy[place].item()
        alone = joined.parts(both)[name]
        xr.testing.assert_equal(alone.accuracy.squeeze(), one.accuracy.squeeze())
        assert alone.attrs["scenario"] == one.attrs["scenario"]


def test_a_joint_result_has_the_numbers_of_its_parts() -> None:
    a, b = results(), results(start=1)
    both = join({"a": a, "b": b})
    assert both.accuracy.dims == ("run", "snr_db", "seed", "round") and both["run"].values.tolist() == ["a", "b"]
    np.testing.assert_array_equal(both.accuracy.values, [a.accuracy.values, b.accuracy.values])
    assert_holds(both, a=a, b=b)
    assert (both["run"].attrs["long_name"], both["snr_db"].attrs["path"]) == ("run", "link.snr_db")


def test_each_alone_says_what_it_said_and_what_is_asked_of_all() -> None:
    tuned = {"tune": json.dumps({"over": "learning rate", "unit": "1", "values": "1, 2"})}
    both = join({"a": results(), "b": results(start=1).assign_attrs(tuned, title="b alone")})
    alone = joined.parts(both.assign_attrs(asked=["accuracy"]))
    assert "tune" not in alone["a"].attrs and alone["b"].attrs["tune"] == tuned["tune"] == both.attrs["tune"]
    assert (alone["a"].attrs["title"], alone["b"].attrs["title"]) == ("", "b alone") and both.title == "b: b alone"
    assert [each.attrs["asked"] for each in alone.values()] == [["accuracy"]] * 2


def test_values_of_an_axis_are_those_of_all_runs_and_what_one_lacks_is_missing() -> None:
    a = results({"uplink": ["x", "y"], "snr_db": [20.0, 0.0]}, uplink=[{"kind": "x"}, {"kind": "y"}])
    b = results({"uplink": ["z", "y"], "snr_db": [0.0, 5.0, 10.0]}, start=1, uplink=[{"kind": "z"}, {"kind": "y"}])
    both = join({"a": a, "b": b})
    assert both["snr_db"].values.tolist() == [0.0, 5.0, 10.0, 20.0] and both["uplink"].values.tolist() == [
        "x",
        "y",
        "z",
    ]
    assert_holds(both, a=a, b=b)
    assert joined.parts(both)["a"]["snr_db"].values.tolist() == [20.0, 0.0]  # as it was


def test_what_one_run_sweeps_another_has_one_value_of() -> None:
    swept = results({"snr_db": [0.0, 10.0], "devices": [5, 10]}, devices=[5, 10])
    both = join({"swept": swept, "fixed": results(start=1)})
    assert_holds(both, swept=swept)
    assert both.accuracy.sel(run="fixed", devices=5).isnull().all()
    np.testing.assert_array_equal(both.accuracy.sel(run="fixed", devices=10), results(start=1).accuracy)
    words = results({"uplink": ["ideal", "digital"]}, uplink=[{"kind": "ideal"}, {"kind": "digital"}])
    with_words = join({"one": results(axes={}), "two": words})
    assert with_words["uplink"].values.tolist() == ["analog", "ideal", "digital"]


def test_seeds_that_differ_are_counted_for_each_run() -> None:
    both = join({"a": results(), "b": results(seeds=(1, 2, 3), start=1)})
    assert both.sizes["seed"] == 4 and joined.most_seeds(both) == 3
    assert joined.seeds(both) == "2 seeds of a, 3 seeds of b"
    assert "mean over 2 seeds of a, 3 seeds of b +- half" in str(tables.heading(both))
    assert joined.seeds(join([results(), results(seeds=(4, 5))])) == "2 seeds"
    assert tables.heading(join([results(seeds=(0,)), results(seeds=(1,))])) is None


def test_tables_have_the_rows_of_all_runs_and_no_others() -> None:
    a, b = results(), results({"snr_db": [10.0, 20.0]}, start=1)
    both = join({"a": a, "b": b})
    heading, *rows = tables.table(both)
    assert heading[:2] == ["run", "snr_db"]
    assert [row[1:] for row in rows] == tables.table(a)[1:] + tables.table(b)[1:]
    assert [row["run"] for row in exported.numbers(both)] == ["a", "a", "b", "b"]
    assert [row["accuracy"] for row in exported.numbers(both)] == [
        row["accuracy"] for one in (a, b) for row in exported.numbers(one)
    ]
    goal = reached.goal(both, "accuracy=0.5")
    assert [row[1:] for row in reached.table(both, goal)[1:]] == [
        row for one in (a, b) for row in reached.table(one, goal)[1:]
    ]


def test_differences_to_a_run_are_taken_seed_by_seed_where_both_have_a_point() -> None:
    a, b = results(), results({"snr_db": [10.0, 20.0]}, start=1)
    both = join({"a": a, "b": b})
    rows = {(row["run"], row["snr_db"]): row["difference"] for row in exported.numbers(both, tables.against(both, "a"))}
    expected = (b.accuracy.isel(snr_db=0, round=-1) - a.accuracy.isel(snr_db=1, round=-1)).mean().item()
    assert np.isclose(rows["b", 10.0], expected) and np.isnan(rows["b", 20.0]) and rows["a", 0.0] == 0.0


def test_a_run_that_shares_no_point_is_no_reference() -> None:
    both = join({"a": results(), "b": results({"snr_db": [20.0]}, start=1), "c": results({"snr_db": [10.0]}, start=2)})
    assert tables.against(both, "a") == tables.Against("run", "a")
    with pytest.raises(ScenarioError, match="--against: expected a run that has a point of another, received b"):
        tables.against(both, "b")


def test_costs_that_one_run_did_not_measure_are_none_of_a_joint_result() -> None:
    unknown = results(start=1).drop_vars(["resource_elements", "pilot_elements", "downlink_elements"])
    assert costs.words(join([results(), results(start=1)])) == ["elements"]
    assert costs.words(join([results(), unknown])) == [] == costs.words(join([unknown, results()]))
    both = join([results(), results(start=1).drop_vars("pilot_elements")])
    assert costs.unknown(both, "elements") == ["pilots"]


def test_what_failed_and_what_is_under_way_is_said_of_its_run() -> None:
    broken = results(start=1).assign_attrs(
        failures=json.dumps([{"point": {"link.snr_db": 10.0}, "seed": 1, "reason": "no memory"}]), complete=0
    )
    both = join({"a": results(), "b": broken})
    assert json.loads(both.attrs["failures"])[0]["point"] == {"run": "b", "link.snr_db": 10.0}
    assert joined.unfinished(both) == "b is not finished; what is missing is left out"
    assert joined.unfinished(broken).startswith("the run is not") and joined.unfinished(results()) == ""


def test_fields_in_which_runs_differ_are_named_and_axes_are_none() -> None:
    other = results({"snr_db": [0.0]}, link=SCENARIO["link"] | {"snr_db": [0.0]}, data={"kind": "mnist"})
    both = join({"a": results(data={"kind": "digits"}, rounds=(5, 10)), "b": other})
    assert joined.between(both) == "runs differ in data" and "runs differ in data" in tables.notes(both)
    assert joined.between(join([results(), results()])) == "" == joined.between(results())


def test_one_name_of_two_schemes_is_a_field_in_which_runs_differ() -> None:
    def of(*bits: int) -> xr.Dataset:
        uplinks = [{"kind": "digital", "label": f"{at}", "bits": bit} for at, bit in enumerate(bits)]
        return results({"uplink": [str(at) for at in range(len(bits))], "snr_db": [0.0, 10.0]}, uplink=uplinks)

    assert joined.between(join([of(1, 2), of(1)])) == joined.between(join([of(1, 2), of(1, 2, 3)])) == ""
    assert joined.between(join([of(1, 2), of(1, 3)])) == "runs differ in uplink"


def test_a_field_that_came_later_is_no_difference_where_it_has_its_default() -> None:
    """As PAPR, of which the scenarios of earlier versions say nothing."""
    told: dict[str, Any] = {
        "data": "digits",
        "model": "softmax",
        "uplink": "ideal",
        "devices": 5,
        "rounds": 10,
        "grant": {"elements": 9},
    }
    told["link"] = {"snr_db": [0.0, 10.0]}

    def of(**more: Any) -> xr.Dataset:
        return results().assign_attrs(scenario=json.dumps(told | more))

    assert joined.between(join([of(), of(papr=False)])) == "" == joined.between(join([of(), of(link=told["link"])]))
    assert joined.between(join([of(), of(papr=True)])) == "runs differ in papr"
    assert "same links" in fairness.line(join([of(), of(link=told["link"] | {"antennas": 1})]), ["run"])
    assert joined.between(join([of(nonsense=1), of(nonsense=1, papr=False)])) == "runs differ in papr"  # none is known


SEARCH = {"find": json.dumps({"over": "SNR", "unit": "dB", "target": "accuracy >= 0.85"})}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([results()], "runs: expected two results or more, received 1"),
        (
            results(),
            "runs: expected results, as run or overair.load gives them, by name or in a list, received Dataset",
        ),
        ({"a": results(), "b": 3}, "received int for b"),
        ([results(), join([results(), results()])], "received run 2 with an axis run; join all at once"),
        (
            [results(), results().drop_vars("accuracy")],
            "expected results with accuracy over seeds, received run 2 without",
        ),
        (
            {"a": results(), "b": results().rename(accuracy="ber").assign_attrs(study="link")},
            'study: expected the same of all that is joined, received "federated" of a, "link" of b; show each alone',
        ),
        (
            {"a": results(), "b": results().rename(accuracy="required").assign_attrs(SEARCH)},
            'find: expected the same of all that is joined, received nothing of a, {over = "SNR"',
        ),
        (
            [results(), results(rounds=(5, 10, 15))],
            "round: expected the same of all that is joined, received [5, 10] of run 1, [5, 10, 15] of run 2; overair",
        ),
        (
            [results({"speed": [1.0, 2.0]}), results(axes={})],
            "link.channel.speed: expected an axis of all that is joined or a value in the scenario of each, which run",
        ),
        (
            [results({"uplink": ["a", "b"]}), results({"uplink": [1, 2]})],
            'uplink: expected numbers or words in all that is joined, received [["a", "b"], [1, 2]]',
        ),
    ],
    ids=lambda given: given[:40] if isinstance(given, str) else "",
)
def test_what_cannot_be_joined_is_refused_in_a_line(given: Any, words: str) -> None:
    with pytest.raises(ScenarioError) as error:
        join(given)
    assert words in str(error.value) and "\n" not in str(error.value)


def test_a_joint_result_is_bounded() -> None:
    """Seventy runs that share no value of three axes are 70 times 70 cubed places, of four seeds and rounds each."""
    many = [results({name: [float(at)] for name in ("snr_db", "speed", "devices")}) for at in range(70)]
    assert 5 * 4 * 70**4 > 1e8
    with pytest.raises(ScenarioError, match="runs: expected at most 100000000 numbers when joined, received"):
        join(many)


def test_runs_are_named_by_their_folders_and_files(tmp_path: Path) -> None:
    for name in ("one/a", "two/a", "b"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "results.nc").touch()
    (tmp_path / "c.csv").touch()
    assert names([tmp_path / "b", tmp_path / "c.csv", tmp_path / "one" / "a" / "results.nc"]) == ["b", "c", "a"]
    assert names([tmp_path / "one" / "a", tmp_path / "two" / "a", tmp_path / "b"]) == ["one/a", "two/a", "b"]
    (tmp_path / "b.csv").touch()
    (tmp_path / "b.nc").touch()
    assert names([tmp_path / "b", tmp_path / "b.csv", tmp_path / "b.nc"]) == ["b", "b.csv", "b.nc"]
    (tmp_path / "ring").symlink_to("ring")
    assert names([tmp_path / "b", tmp_path / "ring"]) == ["b", "ring"]  # which nothing reads
    with pytest.raises(
        ScenarioError, match=r"runs: expected each once, received .*b and .*results.nc, which are of one"
    ):
        names([tmp_path / "b", tmp_path / "b" / "results.nc"])


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ({"said": {"study": "nonsense"}}, "runs: expected what is said of runs of the study"),
        ({"said": {"study": "link"}}, "runs: expected what is said of runs of the study"),
        ({"said": {"study": "federated"}, "has": {}}, "runs: expected what is said of runs of the study"),
        ({"said": {"scenario": "{"}}, "expected its scenario as a JSON object"),
        ({"said": {"scenario": '{"variants": 3}'}}, "expected the variants of its scenario as tables"),
        ({"said": {"versions": "[1]"}}, "expected the versions that made them as a JSON object"),
        ({"said": {"failures": "3"}}, "expected the units that failed as a list"),
    ],
    ids=str,
)
def test_what_a_file_says_of_one_of_its_runs_is_checked(run: dict[str, Any], words: str, tmp_path: Path) -> None:
    both = join({"a": results(), "b": results(start=1)})
    told = json.loads(both.attrs["runs"])
    told["b"] |= run
    dataset.write(both.assign_attrs(runs=json.dumps(told)), tmp_path / "wrong.nc")
    with pytest.raises(ScenarioError, match=words):
        saved.load(tmp_path / "wrong.nc")


def test_a_part_of_a_joint_result_is_of_the_runs_that_have_some_of_it() -> None:
    both = join({"a": results(), "b": results({"snr_db": [0.0, 5.0]}, start=1)}).sel(snr_db=[5.0])
    assert [*joined.parts(both)] == ["b"] and len(tables.table(both)) == 2
    assert fairness.line(both, ["run"]) == "" != fairness.line(both, ["run", "seed"])


@pytest.mark.parametrize("ending", ["nc", "csv"])
def test_a_joint_result_is_kept_and_read_again(ending: str, tmp_path: Path) -> None:
    both, file = (
        join({"a": results(), "b": results({"snr_db": [10.0]}, seeds=(0, 1, 2), start=1)}),
        tmp_path / f"j.{ending}",
    )
    curves.save(both, file) if ending == "csv" else dataset.write(both, file)
    again = saved.load(file)
    np.testing.assert_allclose(again.accuracy, both.accuracy, rtol=1e-5)
    assert fairness.line(again, ["run"]) == fairness.line(both, ["run"]) and tables.heading(again) == tables.heading(
        both
    )
    dataset.write(both.assign_attrs(runs='{"a": 3}'), tmp_path / "wrong.nc")
    with pytest.raises(ScenarioError, match="runs: expected what each run says of itself"):
        saved.load(tmp_path / "wrong.nc")
    dataset.write(both.assign_attrs(runs="{}"), tmp_path / "wrong.nc")
    with pytest.raises(ScenarioError, match="runs: expected what is said of a, b, received nothing of one"):
        saved.load(tmp_path / "wrong.nc")


@needs_checkout
def test_searches_of_the_same_are_joined_and_what_each_tried_is_its_own() -> None:
    needed = kept("required_snr")
    mine, baseline = needed.isel(variant=[0, 1]), needed.isel(variant=[1, 3], seed=slice(0, 5))
    both = overair.join({"mine": mine, "baseline": baseline})
    rows, own = tables.table(both), [tables.table(mine)[1:], tables.table(baseline)[1:]]
    assert [row[:4] for row in rows[1:4]] == [["mine", *row[:3]] for row in own[0][:3]]
    assert [row[1:4] for row in rows[1:]] == [row[:3] for part in own for row in part]
    notes = [*tables.notes(both)]
    assert all(note.startswith(("mine: ", "baseline: ")) for note in notes) and notes


@needs_checkout
def test_chosen_steps_are_noted_by_the_values_that_each_run_tried() -> None:
    first, second = kept("quickstart"), kept("power_rules")
    both = overair.join({"a": first, "b": second})
    assert json.loads(both.attrs["tune"])["values"] == "values of its own"
    notes = [note for note in tables.notes(both) if "widen tune.values" in note]
    assert notes == [
        f"{name}: {note}"
        for name, one in (("a", first), ("b", second))
        for note in tables.notes(one)
        if "widen tune.values" in note
    ]
