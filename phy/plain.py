"""An air as plain data, and back: tables, lists, numbers and words, as JSON has them.

A scheme is {"kind": ..., and its fields}. Its kind is the name of its file in its family's folder, and the family is
that of the interface which the field that holds it asks for: nothing but the schemes of ``phy`` can be named, and no
code is ever read.
"""

import dataclasses
import importlib
import pkgutil
import sys
from collections.abc import Mapping
from typing import Any, get_args, get_type_hints

from pydantic import ValidationError

from .air import Air
from .grid import Grid


def _interface(hint: Any) -> Any:
    """The interface of a field that holds a scheme or several, None of any other field."""
    inner = next(iter(get_args(hint)), hint)
    home = sys.modules.get(getattr(inner, "__module__", ""))
    return inner if getattr(home, "FAMILY", None) is inner else None


INTERFACES = {name: found for name, hint in get_type_hints(Air).items() if (found := _interface(hint))}


def to_plain(air: Air) -> dict[str, Any]:
    """An air as plain data."""
    return {field.name: _field_to_plain(field.name, getattr(air, field.name)) for field in dataclasses.fields(air)}


def from_plain(plain: Any) -> Air:
    """The air of plain data."""
    _check_fields("air", Air, plain)
    return Air(**{name: _field_from_plain(name, value) for name, value in plain.items()})


def scheme_to_plain(field: str, scheme: Any, interface: type) -> dict[str, Any]:
    """A scheme of this package with that interface, as its kind and its fields; ``field`` is for complaints."""
    kinds, kind = _kinds(interface), type(scheme).__module__.rpartition(".")[2]
    if kind not in kinds or type(scheme) is not _scheme_class(interface, kind):
        raise ValueError(
            f"{field}: expected one of {', '.join(kinds)}, so that it can be saved, received {type(scheme).__name__}"
        )
    return {"kind": kind, **_values(scheme)}


def scheme_from_plain(field: str, plain: Any, interface: type) -> Any:
    """The scheme of this kind and these fields, from the family of that interface; ``field`` is for complaints."""
    kind, kinds = plain.get("kind") if isinstance(plain, Mapping) else plain, _kinds(interface)
    if kind not in kinds:
        raise ValueError(f"{field}: expected a kind among {', '.join(kinds)}, received {kind!r}")
    return _made(field, _scheme_class(interface, kind), {name: plain[name] for name in plain if name != "kind"})


def _field_to_plain(name: str, value: Any) -> Any:
    if name == "grid":
        return _values(value)
    if wanted := INTERFACES.get(name):
        many = isinstance(value, tuple)
        plain = [scheme_to_plain(name, each, wanted) for each in (value if many else (value,))]
        return plain if many else plain[0]
    return _listed(value)


def _field_from_plain(name: str, value: Any) -> Any:
    if name == "grid":
        return _made("grid", Grid, value)
    if wanted := INTERFACES.get(name):
        many = isinstance(value, list | tuple)
        made = tuple(scheme_from_plain(name, each, wanted) for each in (value if many else (value,)))
        return made if many else made[0]
    return _tupled(value)


def _scheme_class(interface: type, kind: str) -> type:
    """The one public dataclass of a scheme's file."""
    module = importlib.import_module(f"{interface.__module__}.{kind}")
    public = (value for name, value in vars(module).items() if isinstance(value, type) and not name.startswith("_"))
    (own,) = (each for each in public if each.__module__ == module.__name__ and dataclasses.is_dataclass(each))
    return own


def _kinds(interface: type) -> list[str]:
    folder = sys.modules[interface.__module__]
    return [module.name for module in pkgutil.iter_modules(folder.__path__) if not module.name.startswith("_")]


def _made(field: str, wanted: type, values: Any) -> Any:
    _check_fields(field, wanted, values)
    try:
        return wanted(**{name: _tupled(value) for name, value in values.items()})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, (field, *first["loc"]))) + ": " if first["loc"] else ""
        raise ValueError(place + first["msg"].removeprefix("Value error, ")) from None


def _check_fields(field: str, wanted: Any, values: Any) -> None:
    known = {each.name: each.default is dataclasses.MISSING for each in dataclasses.fields(wanted) if each.init}
    given = values if isinstance(values, Mapping) else {}
    unknown, missing = [n for n in given if n not in known], [n for n in known if known[n] and n not in given]
    if given is not values or unknown or missing:
        came = f"{', '.join(map(str, [*unknown, *given]))}" if given is values else repr(values)
        raise ValueError(f"{field}: expected a table of {', '.join(known) or 'no fields'}, received {came or 'none'}")


def _values(scheme: Any) -> dict[str, Any]:
    return {field.name: _listed(getattr(scheme, field.name)) for field in dataclasses.fields(scheme)}


def _listed(value: Any) -> Any:
    return [_listed(each) for each in value] if isinstance(value, tuple) else value


def _tupled(value: Any) -> Any:
    return tuple(_tupled(each) for each in value) if isinstance(value, list | tuple) else value


__all__ = ["from_plain", "scheme_from_plain", "scheme_to_plain", "to_plain"]
