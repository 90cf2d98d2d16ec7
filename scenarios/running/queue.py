"""The units that are left, in the order that shares most: a place goes on with its group, then takes one of nobody."""

from collections import Counter, deque

from .units import Unit


class Queue:
    """Units by group."""

    def __init__(self, units: list[Unit]) -> None:
        self._left: dict[str, deque[Unit]] = {}
        self._groups: dict[int, str] = {}  # by place
        for unit in units:
            self._left.setdefault(unit.group, deque()).append(unit)

    def __len__(self) -> int:
        return sum(map(len, self._left.values()))

    def take(self, place: int) -> Unit:
        """The next unit of a place."""
        own = self._groups.get(place)
        if own not in self._left:
            taken = Counter(self._groups.values())
            own = min(self._left, key=lambda group: (taken[group], -len(self._left[group]) if taken[group] else 0))
            self._groups[place] = own
        unit = self._left[own].popleft()
        if not self._left[own]:
            del self._left[own]
        return unit

    def put_back(self, unit: Unit) -> None:
        """A unit that somebody else holds, or whose worker died, comes last in its group."""
        self._left.setdefault(unit.group, deque()).append(unit)
