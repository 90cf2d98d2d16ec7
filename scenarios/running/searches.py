"""Plans of points: every seed at once, seeds until enough is known, or the best value first and then every seed."""

import math
from typing import Any

import numpy as np

from .. import studies
from ..reading.errors import ScenarioError, closest, fault
from ..reading.planned import holding
from ..reading.searches import Enough, Tune
from ..reading.sweep import Point
from ..results.ended import ENDED
from ..results.measures import Measure, named
from .campaign import Asked, Found, Plan
from .units import units


def every_seed(point: Point) -> Plan:
    """All units of a point at once."""
    return (yield Asked(units(point.scenario, point.scenario.seeds, alias(point))))


def alias(point: Point) -> str:
    """A point in words."""
    return ", ".join(f"{axis} = {label}" for axis, label in point.coordinates.items()) or "the scenario"


def changed(study: Any, path: str, value: float) -> Any:
    """The scenario with another value of a field, a list where it is of lists."""
    raw, holder, last = holding(study, path)
    new = int(value) if float(value).is_integer() else value  # which fields of all numbers take as well
    holder[last] = [new] if isinstance(holder[last], list) else new
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
        found += yield Asked(units(study, range(len(found), count), told), wanted.most - count)
        numbers = np.array([score(study, each, main) for each in found])
        if intervals.half_width(numbers[np.isfinite(numbers)], 1 - 0.05 / len(looks)) <= wanted.precision:
            break
    return found + [{}] * (wanted.most - len(found))


def best(tune: Tune, point: Point) -> Plan:
    """The value that does best on validation data, then all seeds with it; of several that do, the middle one."""
    study, told = point.scenario, alias(point)
    main = measure_of(study, "tune.by", tune.by) if tune.by else study.measures[0]
    trials = [changed(study, tune.over, value).validating() for value in tune.values]
    check_one(trials[0], main.name)
    if any(trial.dimensions() != study.dimensions() for trial in trials):
        raise ScenarioError(fault("tune.over", "a field that leaves the dimensions of results as they are", tune.over))
    asked = [
        unit
        for trial, value in zip(trials, tune.values, strict=True)
        for unit in units(trial, tune.seeds, f"{told}, {tune.over} = {value:g}")
    ]
    found = iter((yield Asked(asked, len(study.seeds))))
    means = [np.mean([score(trial, next(found), main.name) for _ in tune.seeds]) for trial in trials]
    worth = np.array(means) * (1 if main.better == "high" else -1)
    if not np.isfinite(worth).any():
        return ["no value of tune gave a number"] * len(study.seeds)
    equal = np.flatnonzero(worth == np.nanmax(worth))
    value = tune.values[equal[(len(equal) - 1) // 2]]
    tuned = yield Asked(units(changed(study, tune.over, value), study.seeds, told))
    return [each if isinstance(each, str) else {**each, "tuned": np.array(value)} for each in tuned]


def measure_of(study: Any, field: str, name: str) -> Measure:
    """The measure that a field of a search names."""
    if name in (known := named(*study.measures)):
        return known[name]
    match = closest(name, known)
    advice = f"did you mean {match}?" if match else ""
    raise ScenarioError(fault(field, f"a measure, one of {', '.join(known)}", name, advice))
