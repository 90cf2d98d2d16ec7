"""Tables show the measures that are asked for, in their order, the first with its confidence interval."""

import csv
import io
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy import stats

from overair import cli
from overair.scenarios import ScenarioError
from overair.scenarios.results import exported, saved, tables
from overair.scenarios.results.chosen import choose
from overair.scenarios.results.tables import Against
from tests.checkout import CURVES, needs_checkout

ACCURACY = np.array([[0.5, 0.7, 0.6], [0.4, 0.4, 0.1]])


def results() -> xr.Dataset:
    """Of two uplinks and three seeds; losses are -ln of accuracies, and elements the same everywhere."""
    dims, values = ("uplink", "seed", "round"), ACCURACY[..., None]
    data = {"accuracy": values, "loss": -np.log(values), "resource_elements": np.full_like(values, 7.0)}
    data["free_bits"] = 2 * values
    places = {"uplink": ["analog", "digital"], "seed": [0, 1, 2], "round": [9]}
    return xr.Dataset({name: (dims, each) for name, each in data.items()}, places, {"study": "federated"})


def test_the_first_has_its_interval_and_the_others_are_means() -> None:
    given = choose(results(), ["loss", "elements", "accuracy"])
    heading, first, _ = tables.table(given)
    assert heading == ["uplink", "loss", "elements", "accuracy"]
    losses = -np.log(ACCURACY[0])
    half = stats.t.ppf(0.975, 2) * stats.sem(losses)
    assert first == ["analog", f"{losses.mean():.4f} +- {half:.4f}", "7", "0.6"]
    assert tables.heading(given) == "loss: mean over 3 seeds +- half of its 95 % confidence interval"
    (row, _) = exported.numbers(given)
    assert [*row] == ["uplink", "loss", "loss_low", "loss_high", "resource_elements", "accuracy"]
    assert row["loss_high"] - row["loss"] == pytest.approx(half, rel=1e-12)


def test_differences_are_those_of_the_first() -> None:
    rows = exported.numbers(choose(results(), ["loss", "accuracy"]), Against("uplink", "analog"))
    assert rows[1]["difference"] == pytest.approx(np.log(ACCURACY[0] / ACCURACY[1]).mean(), rel=1e-12)


def test_all_that_is_asked_for_stays_a_column_of_a_latex_table() -> None:
    """Elements are the same in all rows, which stand in a comment above where nobody asks for them."""
    told = exported.to_latex(choose(results(), ["accuracy", "resource_elements"])).splitlines()
    assert told[1] == r"\begin{tabular}{lrr}  % \usepackage{booktabs}"
    assert told[3] == r"uplink & accuracy & elements \\" and "elements: 7" not in "".join(told)
    assert "% elements: 7" in exported.to_latex(results())


def test_a_measure_without_a_column_of_its_own_has_its_unit() -> None:
    assert tables.table(choose(results(), ["accuracy", "free_bits"]))[0] == ["uplink", "accuracy", "free_bits/bit"]


def test_the_interval_is_over_seeds_of_means_over_what_else_a_measure_is_over() -> None:
    error = np.random.default_rng(0).random([3, 2, 4])  # by seed, moment and layer
    dims, places = ("seed", "moment", "layer"), {"seed": [0, 1, 2], "moment": [0, 9], "layer": [1, 2, 3, 4]}
    data = {"accuracy": (dims[:2], error.mean(2)), "error": (dims, error)}
    rows = exported.numbers(choose(xr.Dataset(data, places, {"study": "factors"}), ["error"]))
    of_seeds = error[:, 1].mean(1)
    half = stats.t.ppf(0.975, 2) * stats.sem(of_seeds)
    last = rows[-1]
    assert [last["error"], last["error_high"]] == pytest.approx([of_seeds.mean(), of_seeds.mean() + half], rel=1e-12)


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["acuracy"], 'of accuracy, loss, resource_elements, free_bits, received "acuracy"; did you mean accuracy?'),
        (["accuracy", "uplink"], 'received "uplink"'),
        ([], 'received ""'),
    ],
)
def test_what_is_no_measure_is_refused(names: list[str], words: str) -> None:
    with pytest.raises(ScenarioError, match="^--columns: expected measures, ") as raised:
        choose(results(), names)
    assert words in str(raised.value)


@needs_checkout
def test_what_a_search_found_comes_first_or_not_at_all() -> None:
    made = saved.load(CURVES / "required_snr.csv")
    heading, *rows = tables.table(choose(made, ["required", "probes"]))
    assert heading[2:] == ["SNR/dB for accuracy >= 0.85", "fell", "probes"] and " to " in rows[0][2]
    assert tables.table(choose(made, ["probes"]))[0][2:] == ["probes"]
    with pytest.raises(ScenarioError, match="expected required first, whose seeds have a median"):
        choose(made, ["probes", "required"])


@needs_checkout
def test_the_command_takes_columns_for_every_table_and_for_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*options: str) -> tuple[int, str, str]:
        code = cli.main(["show", str(tmp_path / "a.csv"), "--columns", "loss,energy/P", *options])
        return (code, *capsys.readouterr())

    shutil.copy(CURVES / "quickstart.csv", tmp_path / "a.csv")
    code, out, _ = shown()
    heading = next(line for line in out.splitlines() if line.startswith("uplink"))
    assert code == 0 and heading.split() == ["uplink", "snr_db", "loss", "energy/P"]
    assert next(csv.reader(io.StringIO(shown("--csv")[1])))[5:] == ["energy", "mark"]
    assert [*json.loads(shown("--json")[1])["rows"][0]][5:] == ["energy", "mark"]
    assert r"uplink & snr\_db & loss & energy/P \\" in shown("--latex")[1]
    assert shown("--to", "accuracy=0.5")[::2] == (
        2, "--columns: expected none beside --to, which shows something else, received both\n"
    )  # fmt: skip
    assert shown("--latex", "--y", "loss")[2].endswith("received both; --columns chooses what a table shows\n")
