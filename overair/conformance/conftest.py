"""Fills the arguments of tests that are named after what is to be found, and watches what is drawn from keys."""

from collections.abc import Iterator
from types import ModuleType

import pytest

from .found import FAMILIES, NOTHING, examples, fixtures, label, mistakes, or_nothing, scheme_modules
from .package import families
from .streams import Streams, watch


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """But those a test fills itself."""
    filled = [mark.args[0] for mark in metafunc.definition.iter_markers("parametrize")]
    free = set(metafunc.fixturenames).difference(*([names] if isinstance(names, str) else names for names in filled))
    for family in FAMILIES:
        for name in fixtures(family) & free:
            metafunc.parametrize(name, or_nothing(examples(family)), ids=label)
    if "family" in metafunc.fixturenames:
        metafunc.parametrize("family", families())
    if "mistake" in metafunc.fixturenames:
        metafunc.parametrize(("mistake", "field", "value"), or_nothing(mistakes(), 3))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of families of which there is no scheme are none."""
    without = [item for item in items if NOTHING in item.iter_markers("skip")]
    if without:
        config.hook.pytest_deselected(items=without)
        items[:] = [item for item in items if item not in set(without)]


@pytest.fixture
def modules(family: str) -> list[ModuleType]:
    return list(scheme_modules(family))


@pytest.fixture(autouse=True)
def streams(monkeypatch: pytest.MonkeyPatch) -> Iterator[Streams]:
    """Whatever a test runs, a scheme draws one kind of numbers from a key."""
    watched = watch(monkeypatch.setattr)
    yield watched
    assert not watched.clashes, "\n".join(watched.clashes)
