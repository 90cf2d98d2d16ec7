"""Every scheme, found by its file, whatever its family: fields, interface, and what it refuses."""

import re
from types import ModuleType
from typing import Any

import pytest

from ..scenarios.reading.quantities import of
from ..scenarios.reading.sources import sources
from .found import FAMILIES, examples, public_dataclasses, schemes


def test_a_file_holds_one_frozen_scheme_that_is_what_its_folder_says(family: str, modules: list[ModuleType]) -> None:
    assert sum(bool(public_dataclasses(module)) for module in modules), f"{family}: expected at least one scheme"
    for module in modules:
        classes = public_dataclasses(module)
        assert classes or family == "data", f"{module.__name__}: expected one scheme"  # readers of files are there too
        for scheme in classes:
            assert len(classes) == 1, f"{module.__name__}: expected one scheme, found {classes}"
            assert vars(scheme)["__dataclass_params__"].frozen
            kind = module.__name__.rpartition(".")[2].replace("_", "")
            assert scheme.__name__.lower().startswith(kind)  # and may say more, where two families have that kind
            assert scheme.__doc__ and module.__doc__


def test_every_scheme_has_the_interface_of_its_family(family: str) -> None:
    interface = FAMILIES[family]
    assert isinstance(interface, type) and getattr(interface, "_is_runtime_protocol", False)
    assert not isinstance(object(), interface)
    for example in examples(family):
        assert isinstance(example, interface), example


def test_every_field_says_what_it_means(family: str) -> None:
    for source in sources(family).values():
        for field in source.fields:
            assert re.fullmatch(r"[A-Z].*\.", field.about), f"{family}/{source.kind}: {field.name}: {field.about!r}"
            assert len(of(field.name, field.about)[1]) < 80


def test_wrong_values_are_refused(mistake: type, field: str, value: Any) -> None:
    with pytest.raises(ValueError, match=field):
        mistake(**{field: value})


def test_a_field_that_does_not_exist_is_refused(family: str) -> None:
    for scheme in schemes(family):
        with pytest.raises(ValueError, match="spelt_wrong"):
            scheme(**{"spelt_wrong": 1})
