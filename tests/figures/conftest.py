"""Figures as they are when they would be written."""

from typing import Any

import pytest
from matplotlib.figure import Figure


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Those drawn, which are kept and not written: to look at what stands on their axes."""
    drawn: list[Figure] = []

    def keep(figure: Figure, *arguments: Any, **options: Any) -> None:
        drawn.append(figure)

    monkeypatch.setattr(Figure, "savefig", keep)
    return drawn
