"""What the README says, and the long examples of pages, run as they stand."""

import os
import re
import textwrap
import tomllib
from pathlib import Path

import pytest

CHECKOUT = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parent.parent))
README = CHECKOUT / "README.md"
PAGES = [README, CHECKOUT / "docs" / "phy.md", CHECKOUT / "docs" / "jscc.md"]

pytestmark = pytest.mark.skipif(not README.exists(), reason="no checkout: the wheel carries no README")


def _blocks() -> list[str]:
    text = "\n".join(page.read_text() for page in PAGES) if README.exists() else ""
    return [textwrap.dedent(block) for block in re.findall(r"(?:^(?:    .*)?\n)+", text, re.M) if block.strip()]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
@pytest.mark.parametrize("start", ["import keras", "import tensorflow", "from keras"])
def test_the_python_examples_run(start: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (block,) = (block for block in _blocks() if block.strip().startswith(start))
    space: dict = {}
    exec(block.replace("range(100)", "range(3)"), space)  # fewer rounds
    if "state" in space:
        assert bool(space["metrics"].finite)
        assert space["metrics"].energy_max <= 1.0001
    elif "received" in space:
        assert space["received"].shape == (8, 8, 8, 1) and isinstance(space["same"], space["Transmission"])
    else:
        assert space["y"].shape == (1, 4, 28, 64)
        assert space["h"].shape == space["believed"].shape == (1, 4, 20, 28, 64)


def test_the_scenario_is_valid() -> None:
    from overair.scenarios.reading.sweep import sweep

    (block,) = (block for block in _blocks() if block.strip().startswith("title"))
    assert len(sweep(tomllib.loads(block)).points) == 9
