"""Schemes of one's own leave ours as they are, run nothing before they are used, and their mistakes are explained."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from overair.scenarios import ScenarioError
from overair.scenarios.reading import catalogue, outside
from overair.scenarios.reading.sources import sources
from tests.scenarios.test_outside import CLASS, PACKAGE, own

__all__ = ["own"]


def scheme(folder: Path, place: str, name: str, fields: str = "    level: float = 1.0\n") -> Path:
    """A folder with a file of one scheme."""
    file = folder / f"{place}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(CLASS.format(name) + fields)
    return folder


def test_a_class_of_the_name_of_ours_is_the_default_of_its_own_package_alone(own: Any, tmp_path: Path) -> None:
    scheme(tmp_path / "a", "csi/noisy", "Perfect")
    scheme(
        tmp_path / "a", "codecs/chained", "Chained", "    code: Codec = Identity()\n    csi: Csi = Perfect(level=2.0)\n"
    )
    scheme(tmp_path / "b", "codecs/other", "Identity", "    csi: Csi = Perfect()\n")
    own(tmp_path / "a", tmp_path / "b")
    air = catalogue.table_of_class("phy/air.py", "Air", without=("grid", "devices"))
    assert air.model_fields["csit"].default == {"kind": "perfect"}
    codecs = catalogue.tables("codecs")
    told = {name: field.default for name, field in codecs["chained"].model_fields.items()}
    assert told["code"] == {"kind": "identity"} and told["csi"] == {"kind": "noisy", "level": 2.0}
    assert codecs["other"].model_fields["csi"].default == {"kind": "perfect"}
