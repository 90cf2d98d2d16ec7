"""Any scheme may carry a label: axes show it, and it decides no number."""

from typing import Any

import pytest

from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading import overrides
from overair.scenarios.reading.sweep import sweep

FIVE: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
SPARSE = {"kind": "analog", "codec": "sparse", "label": "A-DSGD"}


def uplinks(*values: Any) -> list[Any]:
    return sweep(FIVE | {"uplink": list(values)}).axes["uplink"]


def refusal(*values: Any) -> str:
    with pytest.raises(ScenarioError) as caught:
        uplinks(*values)
    (line,) = caught.value.lines
    return line


def test_a_label_stands_in_place_of_the_derived_name() -> None:
    assert uplinks("ideal", SPARSE) == ["ideal", "A-DSGD"]
    plain = {"kind": "analog", "codec": "identity"}
    assert uplinks(plain, SPARSE) == ["analog", "A-DSGD"]
    assert uplinks(plain, {"kind": "analog", "codec": "random_linear"}, SPARSE)[2] == "A-DSGD"


def test_a_label_inside_a_scheme_is_a_word_of_its_name() -> None:
    codecs = [{"kind": "sparse", "label": "chosen entries"}, "identity"]
    assert uplinks({"kind": "analog", "codec": codecs}) == ["analog chosen entries", "analog identity"]
    plan = sweep(FIVE | {"uplink": {"kind": "analog", "codec": codecs}})
    assert plan.axes == {"uplink.codec": ["chosen entries", "identity"]}


def test_labels_are_in_the_resolved_scenario() -> None:
    plan = sweep(FIVE | {"uplink": ["ideal", SPARSE]})
    assert plan.resolved["uplink"][1]["label"] == "A-DSGD" and "label" not in plan.resolved["uplink"][0]
    assert sweep(plan.resolved) == plan


def test_a_label_can_be_set() -> None:
    raw = overrides.apply(FIVE, ["uplink.label=Ours", "uplink=[{kind=analog,label=Theirs},ideal]"])
    assert sweep(raw).axes == {"uplink": ["Theirs", "ideal"]}


def test_equal_labels_on_an_axis_are_refused() -> None:
    line = refusal(SPARSE, {"kind": "digital", "label": "A-DSGD"})
    assert line.startswith("scenario field uplink: expected different labels, received [")
    assert line.endswith('"A-DSGD" is there twice')
    assert "ideal" in refusal("ideal", SPARSE | {"label": "ideal"})
    assert "is there twice" in refusal({"kind": "digital", "margin_db": [0, 3], "label": "D"})


@pytest.mark.parametrize("label", ["", "  ", "a\nb", "a\x1b[31mb", "\u202eleft", "x" * 81])
def test_a_label_is_a_short_printable_text(label: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        studies.check(FIVE | {"uplink": SPARSE | {"label": label}})
    (line,) = caught.value.lines
    assert line.startswith("scenario field uplink.label: expected a printable text of at most 80 characters, received ")
    assert line.isprintable()


def test_a_label_is_a_text() -> None:
    assert refusal("ideal", SPARSE | {"label": 3}) == "scenario field uplink.label: expected a text, received 3"


def test_names_of_very_many_alike_schemes_are_told_apart_by_few_words() -> None:
    codecs = [{"kind": "random_linear", "compression": value, "block": 64} for value in (2, 4)]
    assert uplinks({"kind": "analog", "codec": codecs}) == ["analog compression=2", "analog compression=4"]
