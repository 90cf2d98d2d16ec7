"""What a study is: the table of a scenario, and how a unit of it, one point with one seed, is done."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from annotated_types import MinLen
from pydantic import Field, field_validator

from ..reading.catalogue import Table, without_labels
from ..reading.described import docstring
from ..reading.errors import ScenarioError, fault
from ..reading.tables import Seed, all_different
from ..results.measures import Measure
from ..running.units import Record, Values, Work

if TYPE_CHECKING:
    import numpy as np

Coordinates = dict[str, list[Any]]
TOLD = ("title", "seeds")  # decide no number: of all seeds a unit has one


class Study(Table):
    """A scenario of one study, checked.

    A study says what its results are over besides axes and seeds (``dimensions``), what they hold (``measures``), what
    decides a unit's numbers (``identity``), what units share (``group``), and does a unit (``perform``). Sweeps,
    stores, engines, results, tables and curves are written once and know no study. Its file imports nothing heavy:
    methods do.

        prepare    once a group, before anything runs: all that can be wrong with it is found here
        check      once a point, then: all that can be wrong with it beyond its group
        begin      once a group, when its first unit is due: what is compiled or trained and shared
        perform    a unit: its measures at the coordinates that are wanted

    >>> from overair.scenarios import Study
    >>> from overair.scenarios.studies.link import Link
    >>> scenario = Link(study="link", link={"snr_db": [0, 10]})
    >>> isinstance(scenario, Study), scenario.dimensions(), scenario.measures[0].name
    (True, {'link.snr_db': [0.0, 10.0]}, 'ber')
    """

    measures: ClassVar[tuple[Measure, ...]] = ()
    """What results hold, the main one first."""
    fixed: ClassVar[Mapping[str, str]] = {}
    """Fields that are no axes, and what is expected there in words."""
    along: ClassVar[Mapping[str, str]] = {}
    """Dimensions whose coordinates are the values of a field, by the field's path."""
    coupled: ClassVar[frozenset[str]] = frozenset()
    """Those of them at which values depend on the other coordinates, as of one network trained for all."""
    shown_last: ClassVar[str | None] = None
    """A dimension of which tables show the last coordinate only."""
    same_links: ClassVar[bool] = False
    """Whether points see the same links, seed by seed, that differ in no field of the air."""
    example: ClassVar[Mapping[str, Any]] = {}
    """A small scenario that runs in seconds: what must be given, and what defaults make long."""

    title: str = Field(default="", description="for tables and figures")
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0, 1, 2], description="independent repetitions")

    _different = field_validator("seeds")(all_different)

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Docstrings say the fields, as `overair list fields` does."""
        if text := vars(cls).get("__doc__"):
            cls.__doc__ = docstring(text, cls)

    def dimensions(self) -> Coordinates:
        """What a unit's values are over, with their coordinates."""
        return {name: list(self._at(path)) for name, path in self.along.items()}

    def identity(self) -> dict[str, Any]:
        """What decides a unit's numbers at any coordinate, besides its seed."""
        decides: dict[str, Any] = without_labels(self.model_dump(mode="json", exclude=set(TOLD)))
        for path in (path for name, path in self.along.items() if name not in self.coupled):
            *above, last = path.split(".")
            holder = decides
            for part in above:
                holder = holder[part]
            del holder[last]
        return decides

    def group(self, seed: int) -> str:
        """Equal for units that share what ``begin`` makes."""
        return json.dumps([self.identity(), seed], sort_keys=True)

    def steps(self) -> int:
        """What a unit counts in a bar of progress."""
        return 100

    def prepare(self, shared: dict[str, Any]) -> Any:
        """What a group is made of, cheap and checked; what many groups load is kept in ``shared``."""
        return None

    def check(self, prepared: Any) -> None:
        """Refuses what is wrong with a point alone, where the points of a group differ in more than coordinates."""

    def begin(self, prepared: Any, work: Work) -> Any:
        """What the units of a group share while they run."""
        return prepared

    def perform(self, common: Any, work: Work) -> Values:
        """The measures of a unit at the coordinates ``work.wanted``, by name: arrays over the dimensions that each has.

        ``common`` is what ``begin`` gave, ``work.seed`` the seed. The same bits in any process, in any order.
        """
        raise NotImplementedError

    def grow(self, common: Any, work: Work) -> Record:
        """The record of a unit that holds all dimensions, made of the one there is, if any."""
        there = work.record
        if there is None:
            return Record(work.wanted, self.perform(common, work))
        missing = _missing(there.coordinates, work.wanted)
        if len(missing) > 1:
            every = {name: _union(there.coordinates[name], values) for name, values in work.wanted.items()}
            return Record(every, self.perform(common, work._replace(wanted=every)))
        alone = there.coordinates | missing
        return self._joined(there, Record(alone, self.perform(common, work._replace(wanted=alone))), *missing)

    def found(self, record: Record) -> Values | None:
        """The measures over ``dimensions`` in a record, None where it does not hold them all."""
        wanted = self.dimensions()
        if not record.values or _missing(record.coordinates, wanted):
            return None
        places = {name: [record.coordinates[name].index(value) for value in values] for name, values in wanted.items()}
        return {each.name: self._taken(record.values[each.name], each, places) for each in self.measures}

    def over(self, measure: Measure) -> tuple[str, ...]:
        """The dimensions that a measure has."""
        return tuple(self.dimensions()) if measure.over is None else measure.over

    def validating(self) -> "Study":
        """The same, measured on validation data, for choices that must not see test data."""
        name = type(self).__module__.rpartition(".")[2]
        raise ScenarioError(fault("tune", "a study that holds out validation data", name))

    def trained(self, prepared: Any, record: Record) -> Any:
        """The Keras model that a finished unit ended with; ScenarioError where none is kept."""
        name = type(self).__module__.rpartition(".")[2]
        raise ScenarioError(fault("study", "one whose records keep a model, such as federated", name))

    def _taken(self, values: "np.ndarray", measure: Measure, places: Mapping[str, Sequence[int]]) -> "np.ndarray":
        for axis, name in enumerate(self.over(measure)):
            values = values.take(places[name], axis=axis)
        return values

    def _joined(self, there: Record, new: Record, along: str) -> Record:
        import numpy as np

        values = {
            each.name: np.concatenate([there.values[each.name], new.values[each.name]], self.over(each).index(along))
            if along in self.over(each)
            else there.values[each.name]
            for each in self.measures
        }
        return Record(there.coordinates | {along: there.coordinates[along] + new.coordinates[along]}, values)

    def _at(self, path: str) -> Any:
        value: Any = self
        for part in path.split("."):
            value = getattr(value, part)
        return value


def _missing(there: Coordinates, wanted: Coordinates) -> Coordinates:
    """The coordinates that are not there, of the dimensions that lack any."""
    lacking = {name: [value for value in values if value not in there[name]] for name, values in wanted.items()}
    return {name: values for name, values in lacking.items() if values}


def _union(there: Sequence[Any], wanted: Sequence[Any]) -> list[Any]:
    return list(dict.fromkeys([*there, *wanted]))
