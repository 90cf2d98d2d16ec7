"""Plans that find the least value that reaches a target, by a bisection within each seed.

With low <= x* <= high, a bisection takes 2 + ceil(log2((high - low) / within)) probes, and one where the target is out
of reach. Every probe is a unit with a record of its own, so that a finer search or another target uses it again.
Beside ``tune`` each of its values is searched first, on validation data and seeds of its own, and that which needs
least is kept: min over steps of inf{x: m(x, step) >= level} is inf{x: max over steps of m(x, step) >= level}.
"""

import math
from collections.abc import Generator, Sequence
from typing import Any

import numpy as np

from ..reading.errors import ScenarioError
from ..reading.searches import Find, Tune
from ..reading.sweep import Point
from ..results.ended import STOPPED
from .campaign import Asked, Found, Plan
from .searches import alias, changed, check_one, measure_of, score
from .units import Unit, units


class _Bisection:
    """The search of one scenario with one seed."""

    def __init__(self, find: Find, study: Any, seed: int, whole: bool, told: str) -> None:
        self.find, self.study, self.seed, self.whole, self.told = find, study, seed, whole, told
        self.low, self.high = find.low, find.high
        self.tried: dict[float, float] = {}

    @property
    def next(self) -> float | None:
        """The value to try, None where the search is over."""
        find, tried = self.find, self.tried
        if any(map(math.isnan, tried.values())):
            return None
        if find.high not in tried:
            return find.high
        if not find.reached(tried[find.high]):
            return None
        if find.low not in tried:
            return find.low
        if find.reached(tried[find.low]) or self.high - self.low <= (1 if self.whole else find.within):
            return None
        middle = (self.low + self.high) / 2
        middle = float(math.floor(middle)) if self.whole else middle
        return None if middle in tried else middle  # as near as numbers are

    @property
    def left(self) -> int:
        """Values that it tries yet, at most."""
        if self.next is None:
            return 0
        ends = sum(end not in self.tried for end in (self.find.low, self.find.high))
        return ends + math.ceil(math.log2(max(1.0, (self.high - self.low) / (1 if self.whole else self.find.within))))

    def probe(self, value: float) -> Unit:
        """The unit that tries a value."""
        told = f"{self.told}, {self.find.over} = {value:g}"
        return units(changed(self.study, self.find.over, value), [self.seed], told)[0]

    def take(self, value: float, measured: float) -> None:
        self.tried[value] = measured
        if self.find.low < value < self.find.high:
            if self.find.reached(measured):
                self.high = value
            else:
                self.low = value

    @property
    def required(self) -> float:
        """What the target needs: infinite where it is out of reach, minus infinite where low is enough."""
        if any(map(math.isnan, self.tried.values())):
            return math.nan
        if not self.find.reached(self.tried[self.find.high]):
            return math.inf
        return -math.inf if self.find.reached(self.tried[self.find.low]) else self.high

    @property
    def worth(self) -> tuple[float, float]:
        """How little it needs, and what is measured there; of both more is better."""
        if math.isnan(self.required):
            return math.nan, math.nan
        at = min(max(self.required, self.find.low), self.find.high)
        return -self.required, self.find.sense * self.tried[at]

    def measures(self) -> Found:
        """As results hold them."""
        if math.isnan(self.required):
            return "a probe gave no number"
        ordered = [self.find.sense * self.tried[value] for value in sorted(self.tried)]
        fell = max(
            (before - after for at, before in enumerate(ordered) for after in ordered[at:] if after < before),
            default=0.0,
        )
        found = {"required": self.required, "probes": float(len(self.tried)), "fell": fell}
        return {name: np.array(value) for name, value in found.items()}


def required(find: Find, point: Point) -> Plan:
    """The least value that reaches the target, seed by seed; all seeds step together."""
    searches = _of_seeds(find, point.scenario, point.scenario.seeds, alias(point))
    yield from _together(searches)
    return [search.measures() for search in searches]


def required_at_best(find: Find, tune: Tune, point: Point) -> Plan:
    """The same with the value of another field that needs least on validation data; of several, the middle one."""
    study, told = point.scenario, alias(point)
    trials = [
        _of_seeds(find, changed(study, tune.over, value).validating(), tune.seeds, f"{told}, {tune.over} = {value:g}")
        for value in tune.values
    ]
    later = len(study.seeds) * trials[0][0].left
    yield from _together([search for searches in trials for search in searches], later)
    worth = [_median([search.worth for search in searches]) for searches in trials]
    known = [each for each in worth if not math.isnan(each[0])]
    if not known:
        return ["no value of tune gave a number"] * len(study.seeds)
    equal = [value for value, each in zip(tune.values, worth, strict=True) if each == max(known)]
    value = equal[(len(equal) - 1) // 2]
    chosen = _of_seeds(find, changed(study, tune.over, value), study.seeds, told)
    yield from _together(chosen)
    found = [search.measures() for search in chosen]
    return [each if isinstance(each, str) else {**each, "tuned": np.array(value)} for each in found]


def _of_seeds(find: Find, study: Any, seeds: Sequence[int], told: str) -> list[_Bisection]:
    """A search for each seed, of what can be searched."""
    measure_of(study, "find.target", find.measure)
    for value in (find.low, find.high):  # both are possible
        check_one(changed(study, find.over, value), find.measure)
    whole = _is_whole(study, find)
    return [_Bisection(find, study, seed, whole, told) for seed in seeds]


def _together(searches: Sequence[_Bisection], after: int = 0) -> Generator[Asked, list[Found], None]:
    """Searches until all are over, a probe of each at a time; ``after``: probes at most that others take then."""
    while left := [(search, search.next) for search in searches if search.next is not None]:
        asked = [search.probe(value) for search, value in left]
        found = yield Asked(asked, sum(search.left for search, _ in left) - len(asked) + after)
        for (search, value), unit, each in zip(left, asked, found, strict=True):
            search.take(value, _measured(search.find, unit, each))


def _measured(find: Find, unit: Unit, found: Found) -> float:
    """What a probe gave; of a training whose numbers stopped being finite what reaches no target."""
    stopped = not isinstance(found, str) and int(found.get(STOPPED, -1)) >= 0
    return -math.inf * find.sense if stopped else score(unit.study, found, find.measure)


def _median(worth: list[tuple[float, float]]) -> tuple[float, float]:
    """Of the searches of one value; of an even number the lesser of the two in the middle."""
    lacking = any(math.isnan(each[0]) for each in worth)
    return (math.nan, math.nan) if lacking else sorted(worth)[(len(worth) - 1) // 2]


def _is_whole(study: Any, find: Find) -> bool:
    """Whether a field refuses what lies between two values that it takes: it is of whole numbers."""
    try:
        changed(study, find.over, find.low + (find.high - find.low) / math.pi)
    except ScenarioError:
        return True
    return False
