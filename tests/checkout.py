"""The checkout that tests look into, and its examples, which the wheel does not carry."""

import importlib.util
import os
from pathlib import Path
from typing import Any

CHECKOUT = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parent.parent))


def example(name: str) -> Any:
    """The module of an example."""
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "examples" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
