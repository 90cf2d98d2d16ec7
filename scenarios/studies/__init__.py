"""Studies: what scenarios simulate, one file each.

A file holds one public table that inherits from ``Study`` (``base.py``); the file's name is the study's. Nothing is
registered, and no file imports TensorFlow before something runs.
"""

import ast
import importlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..reading import faults
from ..reading.errors import ScenarioError, closest, fault, one_of
from .base import Study

USUAL = "federated"
FOLDER = Path(__file__).parent


@cache
def names() -> tuple[str, ...]:
    """All studies, in order of name."""
    return tuple(sorted(file.stem for file in FOLDER.glob("[!_]*.py") if file.stem != "base"))


@cache
def load(name: str) -> type[Study]:
    """The table of a study."""
    module = importlib.import_module(f".{name}", __package__)
    found = [each for each in vars(module).values() if isinstance(each, type) and each.__module__ == module.__name__]
    tables = [each for each in found if issubclass(each, Study) and not each.__name__.startswith("_")]
    if len(tables) != 1:
        raise TypeError(f"studies/{name}.py: expected one public table of Study, found {len(tables)}")
    return tables[0]


def summary(name: str) -> str:
    """The first line of a study's file."""
    return (load_docstring(FOLDER / f"{name}.py")).partition("\n")[0]


def load_docstring(file: Path) -> str:
    """Of a file, which is not imported."""
    return ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""


def of(raw: Mapping[str, Any]) -> type[Study]:
    """The table that a raw scenario is checked by: federated learning unless it names another study."""
    name = raw.get("study", USUAL)
    if "task" in raw:
        raise ScenarioError('scenario field task: expected study, received the old name; write study = "images"')
    if isinstance(name, str) and name in names():
        return load(name)
    match = closest(name, names())
    raise ScenarioError(fault("study", one_of(names()), name, f"did you mean {match}?" if match else ""))


def check(raw: Mapping[str, Any]) -> Any:
    """The scenario of a raw table without axes; ScenarioError with a line for every fault."""
    table = of(raw)
    try:
        return table.model_validate(dict(raw))
    except ValidationError as error:
        raise ScenarioError(*faults.lines(error, raw, table)) from None
