"""An air as plain data, and back: dictionaries, lists, numbers and words, as JSON has them.

A scheme is {"kind": ..., its fields}. Its kind is the name of its file in its family's folder, and the family follows
from the place where it stands: nothing but the schemes of ``phy`` can be named, and no code is ever read.
"""

import dataclasses
import importlib
import pkgutil
from collections.abc import Mapping
from typing import Any

from .air import Air
from .grid import Grid

FAMILIES = {
    "channel": "channels",
    "receiver": "receivers",
    "impairments": "impairments",
    "transmitter_knowledge": "knowledge",
    "receiver_knowledge": "knowledge",
    "rule": "power",
}  # of the fields that hold schemes


def to_plain(air: Air) -> dict[str, Any]:
    """An air as plain data."""
    plain: dict[str, Any] = {}
    for field in dataclasses.fields(air):
        value = getattr(air, field.name)
        if field.name == "grid":
            plain[field.name] = fields_of(value)
        elif field.name in FAMILIES:
            family = FAMILIES[field.name]
            many = isinstance(value, tuple)
            plain[field.name] = (
                [scheme_to_plain(each, family) for each in value] if many else scheme_to_plain(value, family)
            )
        else:
            plain[field.name] = _listed(value)
    return plain


def from_plain(plain: Mapping[str, Any]) -> Air:
    """The air of plain data."""
    known = [field.name for field in dataclasses.fields(Air)]
    for name in plain:
        if name not in known:
            raise ValueError(f"air: expected fields among {', '.join(known)}, received {name!r}")
    made: dict[str, Any] = {}
    for name, value in plain.items():
        if name == "grid":
            made[name] = Grid(**value)
        elif name in FAMILIES:
            family = FAMILIES[name]
            many = isinstance(value, list | tuple)
            made[name] = (
                tuple(scheme_from_plain(each, family) for each in value) if many else scheme_from_plain(value, family)
            )
        else:
            made[name] = _tupled(value)
    return Air(**made)


def scheme_to_plain(scheme: Any, family: str) -> dict[str, Any]:
    """A scheme of a family as its kind and its fields."""
    kind = type(scheme).__module__.rpartition(".")[2]
    if kind not in _kinds(family) or type(scheme) is not scheme_class(family, kind):
        raise ValueError(
            f"air: expected one of the {family} {', '.join(_kinds(family))}, so that it can be saved, received "
            f"{type(scheme).__name__}"
        )
    return {"kind": kind, **fields_of(scheme)}


def scheme_from_plain(plain: Mapping[str, Any], family: str) -> Any:
    """The scheme of a family with this kind and these fields."""
    if not isinstance(plain, Mapping) or plain.get("kind") not in _kinds(family):
        came = plain.get("kind") if isinstance(plain, Mapping) else plain
        raise ValueError(f"air: expected a kind of {family} among {', '.join(_kinds(family))}, received {came!r}")
    fields = {name: _tupled(value) for name, value in plain.items() if name != "kind"}
    return scheme_class(family, plain["kind"])(**fields)


def scheme_class(family: str, kind: str) -> type:
    """The one public dataclass of a scheme's file."""
    module = importlib.import_module(f".{family}.{kind}", __package__)
    own = [
        value
        for name, value in vars(module).items()
        if isinstance(value, type)
        and not name.startswith("_")
        and value.__module__ == module.__name__
        and dataclasses.is_dataclass(value)
    ]
    (found,) = own
    return found


def fields_of(scheme: Any) -> dict[str, Any]:
    """The fields of a scheme that hold nothing but numbers and words."""
    return {field.name: _listed(getattr(scheme, field.name)) for field in dataclasses.fields(scheme)}


def _kinds(family: str) -> list[str]:
    """The kinds of a family: its files."""
    package = importlib.import_module(f".{family}", __package__)
    return [module.name for module in pkgutil.iter_modules(package.__path__) if not module.name.startswith("_")]


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple) else value


def _tupled(value: Any) -> Any:
    return tuple(_tupled(each) for each in value) if isinstance(value, list | tuple) else value


__all__ = ["from_plain", "scheme_from_plain", "scheme_to_plain", "to_plain"]
