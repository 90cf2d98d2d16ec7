"""A downlink is a scheme: its kind, or a table; a table that names none is a broadcast."""

from typing import Any

import pytest

from overair.scenarios import ScenarioError, studies
from overair.scenarios.reading import overrides
from overair.scenarios.reading.sweep import sweep

RAW: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 2, "uplink": "ideal"}
FIVE = {"kind": "broadcast", "snr_db": 5.0, "offsets_db": [], "sends": "estimate"}


def downlinks(raw: dict[str, Any]) -> list[dict[str, Any]]:
    return [point.scenario.downlink.model_dump() for point in sweep(raw).points]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, [{"kind": "ideal"}]),
        ({"downlink": "ideal"}, [{"kind": "ideal"}]),
        ({"downlink": {"kind": "broadcast", "snr_db": 5}}, [FIVE]),
        ({"downlink": {"snr_db": 5}}, [FIVE]),
        ({"downlink": {"snr_db": [5, -5]}}, [FIVE, FIVE | {"snr_db": -5.0}]),
        ({"downlink": {"snr_db": 5, "offsets_db": [0, -3]}}, [FIVE | {"offsets_db": [0.0, -3.0]}]),
        ({"downlink": ["ideal", {"snr_db": 5}]}, [{"kind": "ideal"}, FIVE]),
    ],
    ids=str,
)
def test_a_table_that_names_no_kind_is_a_broadcast(said: dict[str, Any], meant: list[dict[str, Any]]) -> None:
    assert downlinks(RAW | said) == meant


@pytest.mark.parametrize("before", [{}, {"downlink": {"snr_db": 0, "sends": "received"}}], ids=str)
def test_an_snr_set_on_the_command_line_makes_a_broadcast(before: dict[str, Any]) -> None:
    kept = before.get("downlink", {}).get("sends", "estimate")
    assert downlinks(overrides.apply(RAW | before, ["downlink.snr_db=5"])) == [FIVE | {"sends": kept}]
    both = overrides.apply(RAW | before, ["downlink.snr_db=[5,-5]", "downlink.offsets_db=[1,2]"])
    assert [each["offsets_db"] for each in downlinks(both)] == [[1.0, 2.0]] * 2


@pytest.mark.parametrize(
    ("said", "line"),
    [
        (
            {"snr_db": 5, "snr": 5},
            'downlink.snr: expected one of snr_db, offsets_db, sends, received "snr"',
        ),
        ({"sends": "received"}, "downlink.snr_db: expected a value, received nothing"),
        ("noisy", 'downlink: expected one of broadcast, ideal, received "noisy"'),
        (
            {"kind": "ideal", "snr_db": 5},
            "downlink.snr_db: expected no field, as ideal has none, received .* broadcast has",
        ),
        ({}, "downlink: expected one of broadcast, ideal, received {}"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_downlink_is_told_in_one_line(said: Any, line: str) -> None:
    with pytest.raises(ScenarioError, match=f"^scenario field {line}[^\n]*$"):
        studies.check(RAW | {"downlink": said})
