"""What the README says runs as it stands."""

import os
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parent.parent))
README = CHECKOUT / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="no checkout: the wheel carries no README")


def _blocks() -> list[str]:
    text = README.read_text() if README.exists() else ""
    return [textwrap.dedent(block) for block in re.findall(r"(?:^(?:    .*)?\n)+", text, re.M) if block.strip()]


@pytest.mark.parametrize("start", ["import keras", "import tensorflow"])
def test_the_python_examples_run(start: str) -> None:
    (block,) = (block for block in _blocks() if block.strip().startswith(start) and "model.fit(" not in block)
    space: dict = {}
    exec(block.replace("range(100)", "range(3)"), space)  # fewer rounds
    if "state" in space:
        assert bool(space["metrics"].finite)
        assert space["metrics"].energy_max <= 1.0001
    else:
        assert space["y"].shape == (1, 4, 28, 64)
        assert space["h"].shape == space["believed"].shape == (1, 4, 20, 28, 64)


def test_the_scenario_is_valid() -> None:
    from overair.scenarios.sweep import sweep

    (block,) = (block for block in _blocks() if block.strip().startswith("title"))
    assert len(sweep(tomllib.loads(block)).points) == 9
