"""What every study promises, found by its file: a record is the same wherever it is made, and grown as when whole."""

import tomllib
from functools import cache
from typing import Any

import numpy as np
import pytest

from overair.scenarios import ScenarioError, Study, studies
from overair.scenarios.reading import skeleton
from overair.scenarios.results.dataset import describe
from overair.scenarios.running import store, worker
from overair.scenarios.running.units import Record

SEED = 3
DIMENSIONS = [(name, dimension) for name in studies.names() for dimension in studies.load(name).along]
FREE = [(name, dimension) for name, dimension in DIMENSIONS if dimension not in studies.load(name).coupled]


def example(name: str) -> Study:
    """What `overair new` prints, with two coordinates and more in every dimension that is a field."""
    study: Study = studies.check(tomllib.loads(skeleton.text(name)))
    for dimension in set(study.along) - study.coupled:
        if len(values := study.dimensions()[dimension]) == 1:
            study = along(study, dimension, [*values, values[0] + 3])
    return study


def along(study: Study, dimension: str, values: list[Any]) -> Study:
    """A study with other coordinates."""
    raw = study.model_dump(mode="json")
    *above, last = study.along[dimension].split(".")
    holder = raw
    for part in above:
        holder = holder[part]
    holder[last] = values
    changed: Study = studies.check(raw)
    return changed


@cache
def whole(name: str) -> Record:
    """The record of a study's example, made in this process."""
    doing = worker.Worker()
    try:
        doing.prepare(example(name), SEED)
    except ScenarioError as error:
        if str(error).startswith("data: expected"):
            pytest.skip(str(error))
        raise
    record = doing.do(task(example(name)))
    worker._of_this_process()._shared.update(doing._shared)  # data, which take long to load
    return record


def task(study: Study) -> worker.Task:
    return worker.Task(study, SEED, key="unused", alias="the scenario", record=None, folder=None)


def assert_same(one: Record, other: Record) -> None:
    """Bit for bit."""
    assert one.coordinates == other.coordinates and one.values.keys() == other.values.keys()
    for name, values in one.values.items():
        assert np.asarray(values).tobytes() == np.asarray(other.values[name]).tobytes(), name


@pytest.mark.parametrize("name", studies.names())
def test_measures_say_what_they_are_and_over_what(name: str) -> None:
    study = example(name)
    assert len({each.name for each in study.measures}) == len(study.measures) and study.measures[0].heading
    assert all(each.unit and each.long_name for each in study.measures)
    assert all(set(study.over(each)) <= set(study.dimensions()) for each in study.measures)
    for dimension in study.dimensions():
        assert all(describe(dimension, study).values())


@pytest.mark.parametrize("name", studies.names())
def test_what_measures_say_of_others_is_there(name: str) -> None:
    measures = studies.load(name).measures
    parts = [each.part for each in measures if each.part and each.part != "elements"]  # of which there are several
    assert len({*parts}) == len(parts) and ("silent" in parts) == ("unheard" in parts)
    ends = {end for each in measures if each.interval for end in each.interval}
    assert ends <= {each.name for each in measures}


@pytest.mark.parametrize("name, dimension", DIMENSIONS)
def test_coordinates_decide_nothing_unless_they_are_coupled(name: str, dimension: str) -> None:
    study = example(name)
    fewer = along(study, dimension, study.dimensions()[dimension][:1])
    if dimension in study.coupled:
        fewer = along(study, dimension, [value / 2 for value in study.dimensions()[dimension]])
    decided = [study.identity(), study.group(SEED)] == [fewer.identity(), fewer.group(SEED)]
    assert decided == (dimension not in study.coupled)


@pytest.mark.parametrize("name", studies.names())
def test_a_record_holds_all_measures_over_their_dimensions(name: str) -> None:
    study, record = example(name), whole(name)
    assert record.failure is None
    found = study.found(record)
    assert found is not None and found.keys() == {each.name for each in study.measures}
    sizes = {dimension: len(values) for dimension, values in study.dimensions().items()}
    for measure in study.measures:
        assert found[measure.name].shape == tuple(sizes[dimension] for dimension in study.over(measure))
    main = found[study.measures[0].name]
    assert np.isfinite(main).all() and main.any()  # an example shows something


@pytest.mark.parametrize("name", studies.names())
def test_a_worker_makes_the_same_record_from_text(name: str) -> None:
    made = whole(name)
    assert_same(store.read(worker.perform(task(example(name)).packed(), None)), made)


@pytest.mark.parametrize("name, dimension", FREE)
def test_a_record_that_grows_is_the_whole_one(name: str, dimension: str) -> None:
    study, made = example(name), whole(name)
    fewer = along(study, dimension, study.dimensions()[dimension][:-1])
    grown = worker.perform(task(study).packed(), worker.perform(task(fewer).packed(), None))
    assert_same(store.read(grown), made)
