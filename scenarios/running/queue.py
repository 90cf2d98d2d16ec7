"""The units that are left, in the order that shares most: a place goes on with its group, then takes one of nobody."""

from collections import Counter, deque
from collections.abc import Iterator

from .units import Unit


class Queue:
    """Units by group."""

    def __init__(self) -> None:
        self._left: dict[str, deque[Unit]] = {}
        self._groups: dict[int, str] = {}  # by place

    def __len__(self) -> int:
        return sum(map(len, self._left.values()))

    def __iter__(self) -> Iterator[Unit]:
        for units in self._left.values():
            yield from units

    def add(self, unit: Unit) -> None:
        """A unit, which comes last in its group."""
        self._left.setdefault(unit.group, deque()).append(unit)

    def take(self, place: int) -> Unit:
        """The next unit of a place: of its own group; else of one that fewest others do, of those the largest."""
        own = self._groups.get(place)
        if own not in self._left:
            taken = Counter(self._groups.values())
            own = min(self._left, key=lambda group: (taken[group], -len(self._left[group]) * (taken[group] > 0)))
            self._groups[place] = own
        unit = self._left[own].popleft()
        if not self._left[own]:
            del self._left[own]
        return unit
