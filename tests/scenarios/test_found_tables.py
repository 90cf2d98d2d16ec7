"""Tables of a search count the seeds that have no finite answer, and say where the answer is doubtful."""

import csv
import io
import json
from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios.results import exported, searched, tables

INF = np.inf
FIND = json.dumps({"over": "SNR", "unit": "dB", "target": "accuracy >= 0.85"})
HEADING = "SNR/dB for accuracy >= 0.85"
NEEDED = [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [2.0, 4.0, 6.0, INF, INF, INF], [-INF, 0.0, 1.0, 2.0, 3.0, 4.0]]


def found(values: Any = NEEDED, fell: float = 0.0) -> xr.Dataset:
    values = np.asarray(values, float)
    dims = ("uplink", "seed")
    falls = np.full(values.shape, 0.001)
    falls[-1, 0] = fell
    held = {"required": (dims, values), "fell": (dims, falls), "probes": (dims, np.full(values.shape, 9.0))}
    places = {"uplink": ["a", "b", "c"][: len(values)], "seed": range(values.shape[1])}
    return xr.Dataset(held, places, {"study": "federated", "find": FIND})


def column(name: str, dataset: xr.Dataset, against: str | None = None) -> list[str]:
    heading, *rows = tables.table(dataset, tables.against(dataset, against) if against else None)
    return [row[heading.index(name)] for row in rows]


def test_seeds_without_a_finite_answer_are_counted_in_columns_of_their_own() -> None:
    assert column(HEADING, found()) == ["3.5 (1 to 6)", "out of reach (2 to out of reach)", "1.5 (the lowest to 4)"]
    assert column("out of reach", found()) == ["", "3 of 6", ""]
    assert column("the lowest", found()) == ["", "", "1 of 6"]
    heading = tables.table(found(np.ones((2, 3))))[0]
    assert "out of reach" not in heading and "the lowest" not in heading


def test_the_largest_fall_of_all_seeds_has_a_column_and_a_note_where_it_is_large() -> None:
    assert column("fell", found(fell=0.0123)) == ["0.001", "0.001", "0.012"]
    assert list(searched.notes(found(fell=0.0169))) == []  # 2 % of the level are 0.017
    (note,) = searched.notes(found(fell=0.0171))
    assert note.startswith("accuracy got worse by up to 0.0171 from a value to a larger one, at 1 of 3 points")
    assert note in list(tables.notes(found(fell=0.0171)))


def test_a_difference_that_nobody_knows_counts_at_both_ends() -> None:
    """Of six seeds, one out of reach with both: the median of the others' 1, 2, 3, 4, 5 and of it is 2.5 or 3.5."""
    values = [[0.0] * 5 + [INF], [1.0, 2.0, 3.0, 4.0, 5.0, INF]]
    assert column(f"{HEADING} - a", found(values), "a")[1] == "- (-inf to +inf)"
    values = [[0.0] * 5 + [INF], [2.0] * 5 + [INF]]
    assert column(f"{HEADING} - a", found(values), "a")[1] == "+2 (-inf to +inf)"
    values = [[0.0] * 5 + [INF], [2.0] * 6]
    assert column(f"{HEADING} - a", found(values), "a")[1] == "+2 (-inf to +2)"  # the other alone is out of reach


def test_other_programs_get_the_same_differences() -> None:
    dataset = found([[0.0] * 5 + [INF], [2.0] * 5 + [INF]])
    rows = list(csv.DictReader(io.StringIO(exported.to_csv(dataset, tables.against(dataset, "a")))))
    assert [float(rows[1][name]) for name in ("difference", "difference_low", "difference_high")] == [2.0, -INF, INF]


@pytest.mark.parametrize("target", ["loss <= 0.5", "log10_excess <= -0.5"])
def test_what_is_large_goes_by_the_level_whatever_its_sign(target: str) -> None:
    dataset = found(fell=0.0101)
    dataset.attrs["find"] = json.dumps({"over": "SNR", "unit": "dB", "target": target})
    assert len(list(searched.notes(dataset))) == 1
    dataset["fell"] *= 0.9
    assert list(searched.notes(dataset)) == []
