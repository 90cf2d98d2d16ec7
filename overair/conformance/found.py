"""Finds every scheme of a package, ours or another's, so that a new file is checked without being named anywhere."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator, Sequence
from functools import cache
from types import ModuleType
from typing import Any

import pytest

from ..scenarios.reading import catalogue, outside, sources
from . import files, plugin, values
from .package import kinds
from .values import hints

FAMILIES = {family: catalogue.interface(family) for family in sources.FAMILIES}  # what each scheme of a family must be
NOTHING = pytest.mark.skip(reason="there is no such scheme").mark


def fixtures(family: str) -> set[str]:
    """The arguments of a test that stand for all examples of a family: its name, or that of its interface."""
    return {family, re.sub(r"(?<!^)(?=[A-Z])", "_", FAMILIES[family].__name__).lower()}


def schemes(family: str) -> list[type]:
    return [catalogue.load(family, kind) for kind in kinds(family)]


def scheme_modules(family: str) -> Iterator[ModuleType]:
    home = importlib.import_module(_home(family))
    for info in pkgutil.iter_modules(home.__path__):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"{home.__name__}.{info.name}")


def _home(family: str) -> str:
    if not plugin.origin:
        return f"overair.{sources.FAMILIES[family].folder.replace('/', '.')}"
    module = next(each.module for each in outside.packages() if each.name == plugin.origin)
    outside.imported(module)
    return f"{module}.{family}"


def public_dataclasses(module: ModuleType) -> list[type]:
    classes = [value for name, value in vars(module).items() if inspect.isclass(value) and not name.startswith("_")]
    return [value for value in classes if value.__module__ == module.__name__ and dataclasses.is_dataclass(value)]


@cache
def told(scheme: type) -> dict[str, list[Any]]:
    """Values of the fields that annotations do not fill: what the scheme's ``examples(folder)`` says, or a file."""
    if scheme.__name__ in files.OURS and not plugin.origin:
        return {"path": [files.OURS[scheme.__name__]()]}
    said = getattr(scheme, "examples", None)
    return {} if said is None else said(files.folder())


def good_values(scheme: type, name: str) -> list[Any]:
    """A few values of a field."""
    if name in told(scheme):
        return told(scheme)[name]
    annotation = hints(scheme)[name]
    asked = [family for family, interface in FAMILIES.items() if values.wanted(annotation).kind is interface]
    of_ours = [catalogue.load(family, kind) for family in asked for kind in _for_fields(family)]
    return [each(**required(each)) for each in of_ours] or values.plain(annotation)


def _for_fields(family: str) -> list[str]:
    """Which schemes a field is tried with: all of ours; another's package has its own and the first two of ours."""
    ours = [kind for kind, source in sources.sources(family).items() if not source.origin]
    return [*kinds(family), *ours[:2]] if plugin.origin else ours


def required(scheme: type) -> dict[str, Any]:
    """Values for the fields that have no default."""
    missing = dataclasses.MISSING
    names = [f.name for f in dataclasses.fields(scheme) if f.default is missing and f.default_factory is missing]
    return {name: _first(scheme, name) for name in names}


def as_it_comes(example: Any) -> Any:
    """The scheme without what makes it a variant."""
    return type(example)(**required(type(example)))


def _first(scheme: type, name: str) -> Any:
    if found := good_values(scheme, name):
        return found[0]
    expected = "expected values, as its annotation tells none and it has no default, found none"
    raise ValueError(
        f"{_file(scheme)}: {scheme.__name__}.{name}: {expected}; return them from a class method "
        f'examples(cls, folder), such as {{"{name}": [...]}}'
    )


def _file(scheme: type) -> str:
    return inspect.getfile(scheme)


@cache
def examples(family: str) -> list[Any]:
    """Every scheme as it comes, and with one field at a time set to something else.

    Of schemes with many fields it is their first number and their switches, once each.
    """
    found: list[Any] = []
    for scheme in schemes(family):
        base, fields = required(scheme), hints(scheme)
        good = {name: good_values(scheme, name) for name in fields}
        if len(fields) > 8:
            numbers = [name for name, hint in fields.items() if values.wanted(hint).kind in (int, float)]
            good = {name: some[-1:] for name, some in good.items() if name not in numbers[1:]}
        variants = [base] + [base | {name: value} for name, some in good.items() for value in some]
        for variant in variants:
            try:
                example = scheme(**variant)
            except ValueError as error:  # fields that exclude each other, such as bounds in the wrong order
                if variant is base and plugin.origin:
                    raise ValueError(f"{_file(scheme)}: {scheme.__name__} cannot be made: {error}") from None
                continue
            if example not in found:
                found.append(example)
    return found


def label(value: Any) -> str:
    """What a test is called by: the example, without the folder of files, which another process has elsewhere."""
    return str(value).replace(f"{files.folder()}/", "")


def or_nothing(cases: Sequence[Any], arguments: int = 1) -> Sequence[Any]:
    """The cases of a test, or one that is taken away again where there are none."""
    return cases or [pytest.param(*[None] * arguments, marks=pytest.mark.skip(reason=NOTHING.kwargs["reason"]))]


def in_turn(family: str, others: Sequence[Any]) -> Sequence[Any]:
    """Every scheme as it comes with all the values, and each of its variants with one of them, in turn."""
    pairs: list[Any] = []
    for number, example in enumerate(examples(family)):
        met = others if example == as_it_comes(example) else others[number % len(others) :][:1]
        pairs += [pytest.param(example, value, id=f"{label(example)}-{value}") for value in met]
    return or_nothing(pairs, 2)


def usual(family: str) -> Sequence[Any]:
    """Every scheme as it comes."""
    first: dict[type, Any] = {}
    for example in examples(family):
        first.setdefault(type(example), example)
    return or_nothing(list(first.values()))


def mistakes() -> list[Any]:
    """A scheme, a field, and a value that it must refuse."""
    return [
        pytest.param(scheme, name, value, id=f"{scheme.__name__}-{name}-{value}")
        for family in FAMILIES
        for scheme in schemes(family)
        for name, hint in hints(scheme).items()
        for value in values.bad(hint)
    ]
