"""Scenario files: the presets of the package by name, and yours by path."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from .catalogue import Table
from .errors import ScenarioError, closest, one_of

PRESETS = Path(__file__).parents[1] / "presets"


@cache
def presets() -> dict[str, str]:
    """Titles of the presets, by name."""
    return {file.stem: parse(file).get("title", "") for file in sorted(PRESETS.glob("*.toml"))}


def read(source: str | Path | Mapping[str, Any] | Table) -> tuple[str, dict[str, Any]]:
    """A name and the raw table of a preset, a file, a table or a scenario."""
    if isinstance(source, Table):
        return "scenario", source.model_dump(mode="json")
    if isinstance(source, Mapping):
        return "scenario", dict(source)
    file = Path(source)
    if file.suffix == ".toml" or file.exists() and str(source) not in presets():
        return file.stem, parse(file)
    if str(source) not in presets():
        match = closest(source, presets())
        advice = f"did you mean {match}?" if match else "or the path of a .toml file"
        raise ScenarioError(f"scenario: expected {one_of(presets())}, received {source}; {advice}")
    return str(source), parse(PRESETS / f"{source}.toml")


def text(name: str) -> str:
    """A preset's file, with its comments."""
    read(name)
    return (PRESETS / f"{name}.toml").read_text(encoding="utf-8") if name in presets() else Path(name).read_text("utf-8")


def parse(file: Path) -> dict[str, Any]:
    """The raw table of a TOML file."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{file}: expected a TOML file; {error}") from None
    except OSError as error:
        raise ScenarioError(f"{file}: {error.strerror}; name a preset or a .toml file") from None
