"""The study of factors: what it refuses."""

from typing import Any

import pytest

from overair.scenarios import ScenarioError, run

SMALL: dict[str, Any] = {
    "study": "factors", "data": "digits", "model": {"kind": "fc", "hidden": [8]}, "devices": 2, "samples": 8,
    "moments": [1], "seeds": [0],
}  # fmt: skip


@pytest.mark.parametrize("compressor", [{"kind": "nested", "first": 0.0}, {"kind": "m22", "fit": "past"}], ids=str)
def test_compressors_that_remember_are_refused(compressor: dict[str, Any]) -> None:
    """Each step is compressed alone, so that they would begin anew every time."""
    with pytest.raises(ScenarioError, match="^scenario field compressor: expected one that does without the last"):
        run(SMALL | {"compressor": compressor})
