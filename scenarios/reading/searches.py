"""Searches over a field of every point: the value that a target needs, or the value that does best.

    find = { over = "link.snr_db", target = "accuracy >= 0.85", low = -30, high = 30, within = 0.25 }
    tune = { over = "optimizer.learning_rate", values = [0.1, 0.3, 1.0] }
    seeds = { precision = 0.005, most = 32 }

``find`` takes the place of an axis: a bisection within each seed, so that schemes are compared on the same links.
``tune`` chooses a value for each point on validation data and seeds of its own, never on test data; beside ``find`` the
one with which the target needs least. ``seeds`` runs each point with as many as its main measure needs.
"""

import math
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NamedTuple

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field, ValidationError, field_validator

from . import faults
from .catalogue import Table
from .errors import ScenarioError, fault
from .tables import Seed, all_different

TARGET = re.compile(r"\s*(?P<measure>[A-Za-z_][A-Za-z0-9_]*)\s*(?P<sense><=|>=)\s*(?P<level>[-+0-9.eE]+)\s*")


class Find(Table):
    """A search for the least value of a field that reaches a target."""

    over: str = Field(description="the field that is searched, by dotted path")
    target: str = Field(description='what is to be reached, such as "accuracy >= 0.85"')
    low: float = Field(description="where the search begins")
    high: float = Field(description="the largest value; seeds that need more are counted")
    within: Annotated[float, Gt(0)] = Field(default=1.0, description="how exactly it is found, in the field's unit")

    @field_validator("target")
    @classmethod
    def _can_be_read(cls, target: str) -> str:
        parts(target)
        return target

    @field_validator("high")
    @classmethod
    def _above(cls, high: float, info: Any) -> float:
        if high <= info.data.get("low", high - 1):
            raise ValueError(f"expected more than low, {info.data['low']:g}, received {high:g}")
        return high

    @property
    def measure(self) -> str:
        """What the target is about."""
        return parts(self.target)[0]

    @property
    def sense(self) -> int:
        """1 where more of the measure is better, -1 where less is."""
        return 1 if self.reached(math.inf) else -1

    def reached(self, value: float) -> bool:
        """Whether a value of the measure reaches the target."""
        _, sense, level = parts(self.target)
        return value >= level if sense == ">=" else value <= level


class Tune(Table):
    """A choice of the best of some values of a field, for each point."""

    over: str = Field(description="the field that is chosen, by dotted path")
    values: Annotated[list[float], MinLen(2)] = Field(description="what is tried")
    by: str | None = Field(
        default=None,
        description="the measure that it goes by; the main one unless given",
        exclude_if=lambda by: by is None,
    )
    seeds: Annotated[list[Seed], MinLen(1)] = Field(
        default=[2**31], description="of the trials, none of which is one of the results"
    )

    _different = field_validator("values", "seeds")(all_different)


class Enough(Table):
    """As many seeds for each point as its main measure needs."""

    precision: Annotated[float, Gt(0)] = Field(description="half of the 95 % confidence interval that is wanted")
    most: Annotated[int, Ge(8), Le(10_000)] = Field(default=32, description="seeds at most, from 0")


class Searches(NamedTuple):
    """The searches of a scenario."""

    find: Find | None = None
    tune: Tune | None = None
    seeds: Enough | None = None

    @property
    def may_end_early(self) -> bool:
        """Whether only the most that a run may take is known beforehand."""
        return self.find is not None or self.seeds is not None

    def over(self) -> dict[str, str]:
        """The field of each search over one."""
        return {name: each.over for name, each in (("find", self.find), ("tune", self.tune)) if each}

    def told(self) -> dict[str, Any]:
        """As a scenario has them."""
        return {name: each.model_dump(mode="json") for name, each in self._asdict().items() if each}

    def check(self, varied: Iterable[str]) -> None:
        """Refuses a search over what a sweep gives values to, as these would not count."""
        given = list(varied)
        for name, over in self.over().items():
            for path in (path for path in given if f"{path}.".startswith(f"{over}.")):
                advice = f"give {path} one value or none, as {name} chooses it"
                raise ScenarioError(fault(f"{name}.over", "a field that is no axis and in no variant", path, advice))


TABLES: Mapping[str, type[Table]] = {"find": Find, "tune": Tune, "seeds": Enough}  # of a scenario, beside its fields


def taken(raw: Mapping[str, Any]) -> tuple[dict[str, Any], Searches]:
    """A scenario without its searches, and these."""
    listed = not isinstance(raw.get("seeds"), Mapping)
    tables = {name: table for name, table in TABLES.items() if not (name == "seeds" and listed)}
    plain = {name: value for name, value in raw.items() if name not in tables}
    searches = Searches(**{name: _checked(name, table, raw[name]) for name, table in tables.items() if name in raw})
    if searches.seeds:
        plain["seeds"] = list(range(searches.seeds.most))
    if sum(map(bool, searches)) > 1 and not (searches.find and searches.tune):
        advice = "name the seeds in a list"
        raise ScenarioError(fault("seeds", "a list beside find or tune", raw["seeds"], advice))
    if searches.find and searches.tune:
        _check_both(searches.find, searches.tune)
    for name, path in searches.over().items():
        if not re.fullmatch(r"[a-z_][a-z0-9_]*(\.[a-z0-9_]+)*", path):
            raise ScenarioError(fault(f"{name}.over", "the path of a field, such as link.snr_db", path))
    return plain, searches


def _check_both(find: Find, tune: Tune) -> None:
    """Refuses a choice that would not be one of the value with which the search finds the least."""
    if tune.by:
        advice = "leave it out, as the value is chosen that needs least for find.target"
        raise ScenarioError(fault("tune.by", "none beside find", tune.by, advice))
    if f"{find.over}.".startswith(f"{tune.over}.") or f"{tune.over}.".startswith(f"{find.over}."):
        raise ScenarioError(fault("tune.over", f"another field than that of find, {find.over}", tune.over))


def _checked(name: str, table: type[Table], value: Any) -> Any:
    try:
        return table.model_validate(value)
    except ValidationError as error:
        raw = value if isinstance(value, Mapping) else {}
        lines = faults.lines(error, raw, table)
        raise ScenarioError(
            *(line.replace("scenario field ", f"scenario field {name}.", 1) for line in lines)
        ) from None


def parts(target: str) -> tuple[str, str, float]:
    """The measure, >= or <=, and the level of a target; ValueError where it is none."""
    found = TARGET.fullmatch(target)
    try:
        if found:
            return found["measure"], found["sense"], float(found["level"])
    except ValueError:
        pass
    raise ValueError(f'expected a measure, >= or <=, and a number, such as "accuracy >= 0.85", received "{target}"')
