"""Files whose single tests take longest come first, and whatever is run draws one kind of numbers from a key."""

import gc
from collections.abc import Iterator

import pytest

from overair.conformance.streams import Streams, watch

LONGEST = ("test_checks.py", "test_examples.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)


def pytest_collection_finish() -> None:
    """What libraries and ten thousand tests keep in memory is never garbage: collections need not look at it."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def streams(monkeypatch: pytest.MonkeyPatch) -> Iterator[Streams]:
    """Whatever a test runs, the package draws one kind of numbers from a key."""
    watched = watch(monkeypatch.setattr)
    yield watched
    assert not watched.clashes, "\n".join(watched.clashes)
