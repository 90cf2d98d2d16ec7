"""Words of earlier scenarios are refused with the new one, wherever a scenario or a result can have them."""

from typing import Any

import numpy as np
import pytest
import xarray as xr

from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading import faults, renamed
from overair.scenarios.reading.catalogue import Table
from overair.scenarios.reading.listing import listing
from overair.scenarios.reading.sources import FAMILIES
from overair.scenarios.results import saved
from overair.scenarios.results.dataset import write

OLD = {word.replace("|", ""): new for word, new in renamed.NAMES.items()}
SIDE, BOOST = "transmitter_know" + "ledge", "boost" + "_db"


class Inner(Table):
    """A table with new words."""

    csit: int = 0
    margin_db: float = 0.0


class Outer(Table):
    """A table that holds it."""

    link: Inner = Inner()


def lines(raw: dict[str, Any]) -> list[str]:
    try:
        Outer.model_validate(raw)
    except ValueError as error:
        return faults.lines(error, raw, Outer)  # type: ignore[arg-type]
    return []


@pytest.mark.parametrize("old", OLD)
def test_an_old_word_is_known_where_the_new_one_is(old: str) -> None:
    assert renamed.now(old, {OLD[old], "other"}) == OLD[old]
    assert renamed.now(old, {"other"}) is None
    assert renamed.now(OLD[old], {OLD[old]}) is None


def test_no_old_word_stands_in_the_table_as_it_was() -> None:
    assert all("|" in word for word in renamed.NAMES)


def test_an_old_field_is_refused_with_the_new_one() -> None:
    expected = f"scenario field link.{SIDE}: expected csit, received the old name; write link.csit"
    assert lines({"link": {SIDE: 1}}) == [expected]
    (line,) = lines({"link": {BOOST: 1.0}})
    assert line.endswith("write link.margin_db, with the opposite sign")


@pytest.mark.parametrize("old", ["know" + "ledge", "receiv" + "ers", "send" + "ers"])
def test_an_old_family_is_listed_under_its_new_name(old: str) -> None:
    if old in FAMILIES:
        assert listing(old)
        return
    with pytest.raises(ScenarioError, match=f"received the old name; write overair list {OLD[old]}"):
        listing(old)


@pytest.mark.parametrize(
    ("old", "new"), [(SIDE, "csit"), (BOOST, "margin_db"), ("ro" + "ad", "domain"), ("mod" + "es", "mcs")]
)
def test_an_old_kind_or_field_that_is_asked_for_is_known_too(old: str, new: str) -> None:
    with pytest.raises(ScenarioError, match=f"received the old name; write overair list {new}"):
        listing(old)
    assert listing(new)


def test_results_with_an_old_variable_say_what_it_is_now(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    table = studies.load("federated")
    measures = tuple(each for each in table.measures if each.name in ("accuracy", "decoded"))
    monkeypatch.setattr(table, "measures", measures)
    old = {"accuracy": ("x", np.zeros(1)), "stopped_at": ("x", np.zeros(1)), "hea" + "rd": ("x", np.zeros(1))}
    write(xr.Dataset(old, attrs={"study": "federated"}), tmp_path / "results.nc")
    with pytest.raises(ScenarioError, match="which is decoded now; run it anew"):
        saved.load(tmp_path / "results.nc")
