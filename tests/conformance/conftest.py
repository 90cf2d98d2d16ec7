"""Finds every scheme of the package, so that a new file is checked without being named anywhere."""

import dataclasses
import importlib
import inspect
import os
import pkgutil
import re
import tempfile
import typing
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal

import numpy as np
import pytest
from annotated_types import Ge, Gt, Le, Lt

from overair.scenarios.reading import catalogue, sources

SHAPE, CLASSES = (32, 32, 3), 7  # of what models are built for

FAMILIES = {family: catalogue.interface(family) for family in sources.FAMILIES}  # what each scheme of a family must be


def fixtures(family: str) -> set[str]:
    """The arguments of a test that stand for all examples of a family: its name, or that of its interface."""
    return {family, re.sub(r"(?<!^)(?=[A-Z])", "_", FAMILIES[family].__name__).lower()}


def scheme_modules(family: str) -> Iterator[ModuleType]:
    folder = importlib.import_module("overair." + sources.FAMILIES[family].folder.replace("/", "."))
    for info in pkgutil.iter_modules(folder.__path__):
        if not info.name.startswith("_"):
            yield importlib.import_module(f"{folder.__name__}.{info.name}")


def public_dataclasses(module: ModuleType) -> list[type]:
    classes = [value for name, value in vars(module).items() if inspect.isclass(value) and not name.startswith("_")]
    return [value for value in classes if value.__module__ == module.__name__ and dataclasses.is_dataclass(value)]


def schemes(family: str) -> list[type]:
    return [scheme for module in scheme_modules(family) for scheme in public_dataclasses(module)]


class Wanted(typing.NamedTuple):
    """The annotation of a field, taken apart."""

    kind: Any
    bounds: list[Any]
    optional: bool


def wanted(annotation: Any) -> Wanted:
    optional = False
    if typing.get_origin(annotation) in (typing.Union, UnionType):
        rest = [part for part in typing.get_args(annotation) if part is not NoneType]
        optional, annotation = len(rest) < len(typing.get_args(annotation)), rest[0]
    if typing.get_origin(annotation) is Annotated:
        kind, *bounds = typing.get_args(annotation)
        return Wanted(kind, bounds, optional)
    return Wanted(annotation, [], optional)


def edge(bound: Any) -> Any:
    return getattr(bound, type(bound).__name__.lower())  # Ge(ge=...), Gt(gt=...) and so on


@cache
def own_responses() -> str:
    """A file of impulse responses, of one name in all processes, as names of tests hold it."""
    file = Path(tempfile.gettempdir()) / "overair-conformance-responses.npz"
    rng = np.random.default_rng(0)
    a = rng.normal(size=[50, 3, 2, 1]) + 1j * rng.normal(size=[50, 3, 2, 1])
    with tempfile.NamedTemporaryFile(suffix=".npz", delete=False) as fresh:
        np.savez(fresh, a=a, tau=rng.uniform(0, 1e-7, [50, 2]))
    os.replace(fresh.name, file)
    return str(file)


@cache
def own_network() -> str:
    """A file of a network for the images and classes of the tests of models, of one name in all processes."""
    import keras

    file = Path(tempfile.gettempdir()) / "overair-conformance-network.keras"
    start = keras.initializers.GlorotUniform(0)
    model = keras.Sequential(
        [keras.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(CLASSES, kernel_initializer=start)]
    )
    with tempfile.NamedTemporaryFile(suffix=".keras", delete=False) as fresh, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)  # Keras, when it saves
        model.save(fresh.name)
    os.replace(fresh.name, file)
    return str(file)


@cache
def own_trace() -> str:
    """A file of measured times of devices, of one name in all processes."""
    file = Path(tempfile.gettempdir()) / "overair-conformance-trace.csv"
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as fresh:
        fresh.write("device,seconds,joules\n0,0.1,1\n1,0.3,2\n0,0.2,3\n")
    os.replace(fresh.name, file)
    return str(file)


WIDE = 50  # bounds that only keep sizes possible
FILES = {"CirFile": own_responses, "Saved": own_network, "Trace": own_trace}  # what schemes with a path read


def good_values(annotation: Any, name: str = "", scheme: str = "") -> list[Any]:
    """A few values that the annotation of a field of a scheme allows."""
    kind, bounds, _ = wanted(annotation)
    if kind is str:
        return [FILES[scheme]()] if name == "path" else []
    if typing.get_origin(kind) is Literal:
        return [typing.get_args(kind)[0], typing.get_args(kind)[-1]]
    if kind is bool:
        return [False, True]
    if kind in (int, float):
        low = max((edge(b) for b in bounds if isinstance(b, Ge | Gt)), default=0)
        high = min((edge(b) for b in bounds if isinstance(b, Le | Lt)), default=low + 4)
        high = low + 4 if high - low > WIDE else high
        return [kind(low + (high - low) * share) for share in (0.25, 0.5)]
    if typing.get_origin(kind) is tuple:
        return []
    asked = [family for family, interface in FAMILIES.items() if kind is interface]
    return [scheme(**required(scheme)) for family in asked for scheme in schemes(family)]


def bad_values(annotation: Any) -> list[Any]:
    """Values that the annotation forbids."""
    kind, bounds, _ = wanted(annotation)
    values: list[Any] = ["nonsense"]
    for bound in bounds:
        values.append(edge(bound) + {Ge: -1, Gt: 0, Lt: 0, Le: 1}[type(bound)])
    if kind is float:
        values.append(float("nan"))
    return values


def hints(scheme: type) -> dict[str, Any]:
    annotations = typing.get_type_hints(scheme, include_extras=True)
    return {field.name: annotations[field.name] for field in dataclasses.fields(scheme)}


def required(scheme: type) -> dict[str, Any]:
    """Values for the fields that have no default."""
    missing = dataclasses.MISSING
    names = [f.name for f in dataclasses.fields(scheme) if f.default is missing and f.default_factory is missing]
    return {name: good_values(hints(scheme)[name], name, scheme.__name__)[0] for name in names}


@cache
def examples(family: str) -> list[Any]:
    """Every scheme as it comes, and with one field at a time set to something else.

    Of schemes with many fields it is their first number and their switches, once each.
    """
    found: list[Any] = []
    for scheme in schemes(family):
        base, fields = required(scheme), hints(scheme)
        good = {name: good_values(hint, name, scheme.__name__) for name, hint in fields.items()}
        if len(fields) > 8:
            numbers = [name for name, hint in fields.items() if wanted(hint).kind in (int, float)]
            good = {name: values[-1:] for name, values in good.items() if name not in numbers[1:]}
        variants = [base] + [base | {name: value} for name, values in good.items() for value in values]
        for variant in variants:
            try:
                example = scheme(**variant)
            except ValueError:  # fields that exclude each other, such as bounds in the wrong order
                continue
            if example not in found:
                found.append(example)
    return found


def in_turn(family: str, values: Sequence[Any]) -> list[Any]:
    """Every scheme as it comes with all the values, and its variants with every other of them, one by one in turn.

    Of two values of a field one thus meets the first half, and the other the second. A variant that holds another
    scheme of the family, which meets all values on its own, meets one of them.
    """
    pairs: list[Any] = []
    usual: dict[type, Any] = {}
    siblings = {type(example) for example in examples(family)}
    for number, example in enumerate(examples(family)):
        base = usual.setdefault(type(example), example)
        met = values if example is base else values[number % 2 :: 2]
        if any(type(one) in siblings and one != getattr(base, name) for name, one in vars(example).items()):
            met = values[number % len(values) :][:1]
        pairs += [pytest.param(example, value, id=f"{example}-{value}") for value in met]
    return pairs


def mistakes() -> list[Any]:
    """A scheme, a field, and a value that it must refuse."""
    return [
        pytest.param(scheme, name, value, id=f"{scheme.__name__}-{name}-{value}")
        for family in FAMILIES
        for scheme in schemes(family)
        for name, hint in hints(scheme).items()
        for value in bad_values(hint)
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Fills the arguments of a test that are named after what is to be found, but those it fills itself."""
    filled = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    free = set(metafunc.fixturenames).difference(*([names] if isinstance(names, str) else names for names in filled))
    for family in FAMILIES:
        for name in fixtures(family) & free:
            metafunc.parametrize(name, examples(family), ids=str)
    if "family" in metafunc.fixturenames:
        metafunc.parametrize("family", sorted(FAMILIES))
    if "mistake" in metafunc.fixturenames:
        metafunc.parametrize(("mistake", "field", "value"), mistakes())


@pytest.fixture
def modules(family: str) -> list[ModuleType]:
    return list(scheme_modules(family))
