"""Scenario files: the presets of the package by name, and yours by path."""

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ... import plain_files
from ...terminal import printable
from . import instances, limits
from .catalogue import Table
from .errors import ScenarioError, closest

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
        try:
            return "scenario", instances.plain(source)
        except RecursionError:  # what lies too deep is refused when it is checked
            return "scenario", dict(source)
    file = Path(source)
    if file.suffix == ".toml" or str(source) not in presets() and _is_file(file):
        return file.stem, parse(file)
    if str(source) not in presets():
        match = closest(source, presets())
        advice = f"did you mean {match}?" if match else "overair list scenarios names presets"
        raise ScenarioError(f"scenario: expected a preset or the path of a .toml file, received {source}; {advice}")
    return str(source), parse(PRESETS / f"{source}.toml")


def _is_file(file: Path) -> bool:
    try:
        return file.exists()
    except (OSError, ValueError):  # no path at all
        return False


def text(name: str) -> str:
    """A preset's file, with its comments."""
    read(name)
    content = _content(PRESETS / f"{name}.toml" if name in presets() else Path(name))
    return "\n".join(map(printable, content.splitlines())) + "\n"


def parse(file: Path) -> dict[str, Any]:
    """The raw table of a TOML file."""
    content = _content(file)
    try:
        return parsed(content)
    except RecursionError:
        raise ScenarioError(f"{file}: expected a TOML file; tables and lists lie too deep in each other") from None
    except ValueError as error:
        raise ScenarioError(f"{file}: expected a TOML file; {error}") from None


def parsed(text: str) -> dict[str, Any]:
    """The raw table of the text of a TOML file."""
    limits.check_text(text)
    return tomllib.loads(text)


def _content(file: Path) -> str:
    """Of a file, which is no larger than scenarios are."""
    try:
        content = plain_files.content(file, limits.BYTES)
    except plain_files.TooLarge:
        wanted = f"a scenario of at most {limits.BYTES} bytes"
        raise ScenarioError(f"{file}: expected {wanted}, received a larger file") from None
    except OSError as error:
        raise ScenarioError(f"{file}: {error.strerror}; name a preset or a .toml file") from None
    except ValueError as error:
        raise ScenarioError(f"{file}: expected the path of a .toml file; {error}") from None
    try:
        return content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{file}: expected a TOML file; {error}") from None
