"""A fixture of tests that measure seconds late in a long process: the collector does not walk what others have left."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture(scope="module", autouse=True)
def nothing_older_is_walked() -> Iterator[None]:
    gc.collect()
    gc.freeze()
    yield
