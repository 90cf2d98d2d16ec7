"""What a scenario is refused for before it runs is what a federation of the same parts is refused for, in its words."""

from typing import Any

import pytest

from overair.scenarios import studies
from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.studies import _federation

GIVEN: dict[str, Any] = {
    **{"data": "digits", "model": "softmax", "devices": 6, "rounds": 2, "uplink": "analog", "seeds": [0]},
    "link": {"channel": "rayleigh"},
}
SHARED: dict[str, Any] = {}
FAULTS: list[tuple[dict[str, Any], str]] = [
    (
        {"algorithm": "scaffold", "downlink": {"kind": "broadcast", "snr_db": 5.0}},
        "algorithm: expected one whose server",
    ),
    ({"algorithm": "mocha"}, "uplink: expected one that decodes every device with mocha"),
    ({"scheduler": {"kind": "deadline", "seconds": 1.0}}, "scheduler: expected hardware with a scheduler"),
    ({"attackers": {"kind": "sign_flip", "count": 7}}, "attackers.count: expected"),
    ({"effort": {"paces": [1.0] * 7}}, "effort.paces: expected"),
    ({"aggregator": "median"}, "aggregator: expected mean for an uplink"),
    ({"protection": {"kind": "device", "clip": 1.0}}, "uplink.rule: expected"),
]


def prepared(raw: dict[str, Any]) -> _federation.FederationParts:
    return _federation.prepare(studies.check(raw), SHARED)


@pytest.mark.parametrize("change, words", FAULTS, ids=[words for _, words in FAULTS])
def test_both_say_the_same(change: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ScenarioError) as early:
        prepared(GIVEN | change)
    assert str(early.value).startswith(f"scenario field {words}")
    with monkeypatch.context() as patched:  # parts that nobody has checked
        patched.setattr("overair.learning.federated.setup.agreed", lambda setup: FOUND)
        unchecked = prepared(GIVEN | change)
    with pytest.raises(ScenarioError) as late:
        _federation.build(unchecked)
    assert str(late.value) == str(early.value)


class FOUND:
    """What nobody has checked."""

    class guard:
        """Which keeps any number of rounds."""

        @staticmethod
        def check_rounds(rounds: int) -> None:
            pass
