"""What decides the numbers of a unit, which is a point with a seed; and which units can share a federation.

Equal identities are equal numbers: a record is filed under its identity, and what is asked for twice is done once.
"""

import json
from typing import Any

TOLD = {"title", "seeds"}  # decides no number: of all seeds a unit has one
STEPS: dict[str, Any] = {"rounds": True, "evaluate_every": True, "link": {"snr_db"}}  # inputs of a compiled federation
AIR = {"link", "grid", "grant"}


def identity(scenario: Any, seed: int) -> str:
    """The scenario and the seed as text, without what decides nothing."""
    decides = scenario.model_dump(mode="json", exclude=TOLD | _idle(scenario))
    return json.dumps({"scenario": decides, "seed": seed}, sort_keys=True)


def group(scenario: Any) -> str:
    """Equal for units that one federation serves."""
    return scenario.model_dump_json(exclude=dict.fromkeys(TOLD, True) | STEPS)


def _idle(scenario: Any) -> set[str]:
    """The tables that an uplink without air leaves unused; a broadcast back has an airtime on the grid."""
    uplink = getattr(scenario, "uplink", None)
    if uplink is None or uplink.source.traits["uses_air"]:
        return set()
    return AIR - {"grid"} if scenario.downlink.source.traits["uses_air"] else AIR
