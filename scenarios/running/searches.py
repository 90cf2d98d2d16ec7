"""Plans of points: every seed at once, a bisection within each seed, or the best value first and then every seed.

With low <= x* <= high, a bisection takes 2 + ceil(log2((high - low) / within)) probes a seed, and one where the target
is out of reach. Every probe is a unit with a record of its own, so that a finer search or another target uses it again.
"""

import math
from typing import Any

import numpy as np

from .. import studies
from ..reading.described import described
from ..reading.errors import ScenarioError, closest, fault
from ..reading.searches import Enough, Find, Tune
from ..reading.sweep import Point
from ..results.ended import ENDED
from ..results.measures import Measure, named
from .campaign import Found, Plan
from .units import units


def every_seed(point: Point) -> Plan:
    """All units of a point at once."""
    return (yield units(point.scenario, point.scenario.seeds, alias(point)))


def alias(point: Point) -> str:
    """A point in words."""
    return ", ".join(f"{axis} = {label}" for axis, label in point.coordinates.items()) or "the scenario"


def changed(study: Any, path: str, value: float) -> Any:
    """The scenario with another value of a field, a list where it is of lists."""
    raw = study.model_dump(mode="json")
    *above, last = path.split(".")
    holder: Any = raw
    try:
        for part in above:
            holder = holder[int(part) if isinstance(holder, list) else part]
        now = holder[last]
    except (KeyError, IndexError, ValueError, TypeError):
        match = closest(path, described(type(study)))
        advice = f"did you mean {match}?" if match else f"see overair list fields {study.study}"
        raise ScenarioError(fault("over", "a field of the scenario", path, advice)) from None
    if isinstance(now, bool | str | dict):
        raise ScenarioError(fault("over", "a field that holds a number", path))
    new = int(value) if float(value).is_integer() else value  # which fields of all numbers take as well
    holder[last] = [new] if isinstance(now, list) else new
    return studies.check(raw)


def score(study: Any, found: Found, measure: str) -> float:
    """The number of a unit: of what is shown last the last; NaN of a unit that failed."""
    if isinstance(found, str):
        return math.nan
    values = found[measure]
    names = study.over(named(*study.measures)[measure])
    if study.shown_last in names:
        spent = int(found.get(ENDED, -1)) >= 0
        at = int(np.isfinite(values).sum()) - 1 if spent else -1  # before the end of a budget
        values = np.take(values, at, axis=names.index(study.shown_last))
    return float(values.reshape(-1)[0]) if values.size == 1 else math.nan


def check_one(study: Any, measure: str) -> None:
    """Refuses a scenario whose measure has several values, of which a search could not say which counts."""
    inner = study.dimensions()
    for name in study.over(named(*study.measures)[measure]):
        if name != study.shown_last and len(inner[name]) > 1:
            path = study.along.get(name, name)
            raise ScenarioError(fault(path, f"one value, as a search goes by one {measure}", inner[name]))


def enough(wanted: Enough, point: Point) -> Plan:
    """Seeds until the main measure is known well enough, looked at after 8, 16, 32 ... of them.

    Whoever looks several times stops by luck more often: the intervals that are looked at share the 5 % (Bonferroni).
    """
    from ..results import intervals  # heavy

    study, told, main = point.scenario, alias(point), point.scenario.measures[0].name
    check_one(study, main)
    looks = [count for count in (8 * 2**at for at in range(20)) if count < wanted.most] + [wanted.most]
    found: list[Any] = []
    for count in looks:
        found += yield units(study, range(len(found), count), told)
        numbers = np.array([score(study, each, main) for each in found])
        if intervals.half_width(numbers[np.isfinite(numbers)], 1 - 0.05 / len(looks)) <= wanted.precision:
            break
    return found + [{}] * (wanted.most - len(found))


def best(tune: Tune, point: Point) -> Plan:
    """The value that does best on validation data, then all seeds with it; of several that do, the middle one."""
    study, told = point.scenario, alias(point)
    main = _measure(study, "tune.by", tune.by) if tune.by else study.measures[0]
    trials = [changed(study, tune.over, value).validating() for value in tune.values]
    check_one(trials[0], main.name)
    if any(trial.dimensions() != study.dimensions() for trial in trials):
        raise ScenarioError(fault("tune.over", "a field that leaves the dimensions of results as they are", tune.over))
    asked = [
        unit
        for trial, value in zip(trials, tune.values, strict=True)
        for unit in units(trial, tune.seeds, f"{told}, {tune.over} = {value:g}")
    ]
    found = iter((yield asked))
    means = [np.mean([score(trial, next(found), main.name) for _ in tune.seeds]) for trial in trials]
    worth = np.array(means) * (1 if main.better == "high" else -1)
    if not np.isfinite(worth).any():
        return ["no value of tune gave a number"] * len(study.seeds)
    equal = np.flatnonzero(worth == np.nanmax(worth))
    value = tune.values[equal[(len(equal) - 1) // 2]]
    tuned = yield units(changed(study, tune.over, value), study.seeds, told)
    return [each if isinstance(each, str) else {**each, "tuned": np.array(value)} for each in tuned]


class _Bisection:
    """The search of one seed."""

    def __init__(self, find: Find, whole: bool) -> None:
        self.find, self.whole = find, whole
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

    def take(self, value: float, measured: float) -> None:
        self.tried[value] = measured
        if self.find.low < value < self.find.high:
            if self.find.reached(measured):
                self.high = value
            else:
                self.low = value

    def measures(self) -> Found:
        """What the target needs: infinite where it is out of reach, minus infinite where low is enough."""
        tried, find = self.tried, self.find
        if any(map(math.isnan, tried.values())):
            return "a probe gave no number"
        ordered = [tried[value] for value in sorted(tried)]
        signs = [each if find.reached(math.inf) else -each for each in ordered]
        fell = max((before - after for at, before in enumerate(signs) for after in signs[at:]), default=0.0)
        required = self.high
        if not find.reached(tried[find.high]):
            required = math.inf
        elif find.reached(tried[find.low]):
            required = -math.inf
        found = {"required": required, "probes": float(len(tried)), "fell": fell}
        return {name: np.array(value) for name, value in found.items()}


def required(find: Find, point: Point) -> Plan:
    """The least value that reaches the target, seed by seed; all seeds step together."""
    study, told = point.scenario, alias(point)
    _measure(study, "find.target", find.measure)
    for value in (find.low, find.high):  # both are possible
        check_one(changed(study, find.over, value), find.measure)
    whole = _is_whole(study, find)
    searches = {seed: _Bisection(find, whole) for seed in study.seeds}
    while left := {seed: search.next for seed, search in searches.items() if search.next is not None}:
        scenarios = {seed: changed(study, find.over, value) for seed, value in left.items()}
        asked = [
            units(scenario, [seed], f"{told}, {find.over} = {left[seed]:g}")[0] for seed, scenario in scenarios.items()
        ]
        found = yield asked
        for unit, each in zip(asked, found, strict=True):
            searches[unit.seed].take(left[unit.seed], score(unit.study, each, find.measure))
    return [search.measures() for search in searches.values()]


def _measure(study: Any, field: str, name: str) -> Measure:
    """The measure that a field of a search names."""
    if name in (known := named(*study.measures)):
        return known[name]
    match = closest(name, known)
    advice = f"did you mean {match}?" if match else ""
    raise ScenarioError(fault(field, f"a measure, one of {', '.join(known)}", name, advice))


def _is_whole(study: Any, find: Find) -> bool:
    """Whether a field refuses what lies between two values that it takes: it is of whole numbers."""
    try:
        changed(study, find.over, find.low + (find.high - find.low) / math.pi)
    except ScenarioError:
        return True
    return False
