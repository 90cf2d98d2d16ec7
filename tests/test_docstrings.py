"""``help()`` of a public class is enough: what it is, how it is reckoned, its fields, and an example that runs."""

import dataclasses
import doctest
import importlib
import inspect
import pydoc
import re
from typing import Any

import pytest

from overair.phy import Tdl, keys
from overair.scenarios.reading import catalogue, sources

PARTS = ["phy", "ota", "learning"]


def classes() -> list[Any]:
    """Those that the parts name, and all schemes of their families."""
    found = []
    for part in PARTS:
        module = importlib.import_module(f"overair.{part}")
        found += [value for name in module.__all__ if inspect.isclass(value := getattr(module, name))]
    for family, about in sources.FAMILIES.items():
        if about.folder.split("/")[0] in PARTS:
            found += [catalogue.load(family, kind) for kind in sources.sources(family)]
    return [pytest.param(cls, id=f"{cls.__module__}.{cls.__name__}") for cls in dict.fromkeys(found)]


def fields(cls: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(cls)] if dataclasses.is_dataclass(cls) else [*cls._fields]


@pytest.mark.parametrize("cls", classes())
def test_a_class_says_what_it_is_and_shows_it(cls: Any) -> None:
    first, *paragraphs = (inspect.getdoc(cls) or "").split("Fields::")[0].strip().split("\n\n")
    assert re.fullmatch(r"[A-Z0-9].*\.", first), "a line about what it is"
    assert [each for each in paragraphs if not each.startswith(">>> ")], "how it is reckoned, or what it is for"
    assert paragraphs[-1].startswith(">>> "), "an example, at the end"


@pytest.mark.parametrize("cls", classes())
def test_a_class_says_what_its_fields_mean(cls: Any) -> None:
    if not (dataclasses.is_dataclass(cls) or hasattr(cls, "_fields")):
        pytest.skip("it has none")
    about = (inspect.getdoc(cls) or "").partition("\nFields::\n\n")[2]
    told = re.findall(r"^    (\w+): .+\n        \S", about, re.MULTILINE)
    assert told[: len(fields(cls))] == fields(cls)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
@pytest.mark.parametrize("cls", [*classes(), pytest.param(keys.key, id="overair.phy.keys.key")])
def test_the_example_of_a_class_runs(cls: Any) -> None:
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(cls) or "", {}, cls.__name__, None, 0)
    wrong: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(example, out=wrong.append).failed == 0, "".join(wrong)


@pytest.mark.parametrize("cls", classes())
def test_help_begins_with_it(cls: Any) -> None:
    told = "\n".join(line.removeprefix(" |").strip() for line in pydoc.plain(pydoc.render_doc(cls)).splitlines())
    assert "\n".join(line.strip() for line in (inspect.getdoc(cls) or "?").splitlines()) in told


def test_help_prints_all_of_it() -> None:
    text = pydoc.plain(pydoc.render_doc(Tdl))
    assert "delay_spread: float, at least 0, at most 1e-3; default 100e-9" in text
    assert "J0(2 pi f_d t)" in text and "RMS delay spread, in seconds." in text and ">>> " in text
