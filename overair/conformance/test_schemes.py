"""Every scheme, found by its file, whatever its family: fields, interface, and what it refuses."""

import inspect
import re
from types import ModuleType
from typing import Any

from ..scenarios.reading.quantities import of
from ..scenarios.reading.sources import sources
from .found import FAMILIES, examples, public_dataclasses, schemes
from .package import kinds


def test_a_file_holds_one_frozen_scheme_that_is_what_its_folder_says(family: str, modules: list[ModuleType]) -> None:
    assert sum(bool(public_dataclasses(module)) for module in modules), f"{family}: expected at least one scheme"
    for module in modules:
        classes = public_dataclasses(module)
        assert classes or family == "data", f"{module.__name__}: expected one scheme"  # readers of files are there too
        for scheme in classes:
            assert len(classes) == 1, f"{module.__name__}: expected one scheme, found {classes}"
            where = f"{module.__file__}: {scheme.__name__}"
            assert vars(scheme)["__dataclass_params__"].frozen, f"{where}: expected @dataclass(frozen=True)"
            kind = module.__name__.rpartition(".")[2].replace("_", "")  # may be longer, where two families have it
            assert scheme.__name__.lower().startswith(kind), f"{where}: expected a name like that of the file"
            assert scheme.__doc__ and module.__doc__, f"{where}: expected docstrings of the file and of the class"


def test_every_scheme_has_the_interface_of_its_family(family: str) -> None:
    interface = FAMILIES[family]
    assert isinstance(interface, type) and getattr(interface, "_is_runtime_protocol", False)
    assert not isinstance(object(), interface)
    for example in examples(family):
        assert isinstance(example, interface), example


def test_every_field_says_what_it_means(family: str) -> None:
    for source in (sources(family)[kind] for kind in kinds(family)):
        for field in source.fields:
            where = f"{source.file}: {source.class_name}.{field.name}: expected a docstring below it,"
            assert re.fullmatch(r"[A-Z].*\.", field.about), f"{where} a sentence, received {field.about!r}"
            assert len(of(field.name, field.about)[1]) < 80, f"{where} under 80 characters before a semicolon"


def test_wrong_values_are_refused(mistake: type, field: str, value: Any) -> None:
    assert _refuses(mistake, field, value), _told(mistake, field, value)


def test_a_field_that_does_not_exist_is_refused(family: str) -> None:
    for scheme in schemes(family):
        assert _refuses(scheme, "spelt_wrong", 1), _told(scheme, "spelt_wrong", 1)


def _refuses(scheme: type, field: str, value: Any) -> bool:
    try:
        scheme(**{field: value})
    except ValueError as error:
        return field in str(error)
    return False


def _told(scheme: type, field: str, value: Any) -> str:
    expected = f"a ValueError that names the field when it is {value!r}"
    advice = "take dataclass(frozen=True) of overair.phy.strict"
    return f"{inspect.getfile(scheme)}: {scheme.__name__}.{field}: expected {expected}, received none; {advice}"
