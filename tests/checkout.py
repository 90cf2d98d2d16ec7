"""The checkout that tests look into, and its examples, which the wheel does not carry."""

import importlib.util
import os
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from overair.scenarios.results import curves

CHECKOUT = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parent.parent))
CURVES = CHECKOUT / "docs" / "curves"
NEEDED = "needs the checkout: set OVERAIR_CHECKOUT to its folder"
needs_checkout = pytest.mark.skipif(not CURVES.is_dir(), reason=NEEDED)


def published() -> Path:
    """The folder of published curves; the test is skipped where there is no checkout."""
    if not CURVES.is_dir():
        pytest.skip(NEEDED)
    return CURVES


def kept(name: str) -> xr.Dataset:
    """A published curve."""
    return curves.load(published() / f"{name}.csv")


def example(name: str) -> Any:
    """The module of an example."""
    spec = importlib.util.spec_from_file_location(name, CHECKOUT / "examples" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
