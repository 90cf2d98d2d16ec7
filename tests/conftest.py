"""The order of files: whose single tests take longest come first, so that no worker waits for them at the end."""

import pytest

LONGEST = ("test_checks.py", "test_examples.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in LONGEST)
