"""What there is of a run: its folder read as it stands, by records, whether it is finished, under way or was stopped.

Nothing is written and nothing heavy is imported. Records are those of the versions that the folder names.
"""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from ...terminal import printable
from ..reading.errors import ScenarioError
from ..reading.planned import planned
from ..running import store
from ..running.units import Unit, units
from ..studies.base import Study
from . import dataset
from .dataset import Found
from .sealed import content_of

LARGEST = 2**26  # bytes of scenario.json

log = logging.getLogger("overair")


def load(folder: str | Path) -> xr.Dataset:
    """The results of a folder's scenario; NaN, and ``complete`` 0, where units are missing."""
    about = about_of(Path(folder) / "scenario.json")
    plan, asked = planned(about["scenario"])
    dataset.check(plan)
    records, versions = Path(folder) / "records", about["versions"]
    every = [units(point.scenario, point.scenario.seeds, made_with=versions) for point in plan.points]
    found = [[None if asked.find or asked.tune else _found(records, unit) for unit in some] for some in every]
    return dataset.assemble(plan, found, {"versions": json.dumps(versions)}, asked)


def scenario_of(file: Path) -> str:
    """The scenario of a folder's scenario.json, as results have it."""
    return json.dumps(about_of(file)["scenario"])


def about_of(file: Path) -> dict[str, Any]:
    """What a folder's scenario.json says: the scenario and the versions of the records."""
    try:
        about = json.loads(content_of(file, LARGEST))
        scenario, versions = about["scenario"], about["versions"]
        if isinstance(scenario, dict) and all(isinstance(each, str) for each in versions.values()):
            return {"scenario": scenario, "versions": versions}
    except ScenarioError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    raise ScenarioError(f"{file}: expected results of a run, found a damaged file; run it again")


def _found(records: Path, unit: Unit) -> Found:
    file = records / f"{unit.key}.npz"
    if not file.exists():
        return None
    try:
        record = store.read(content_of(file))
        found = _whole(unit.study, unit.study.found(record))
        return record.failure if found is None else found
    except store.DAMAGED as error:
        log.warning("%s is damaged, and its unit counts as missing (%s)", file, printable(str(error)))
        return None


def _whole(study: Study, values: dict[str, np.ndarray] | None) -> dict[str, np.ndarray] | None:
    """As long as the study's dimensions are."""
    inner = study.dimensions()
    for measure in study.measures:
        wanted = tuple(len(inner[name]) for name in study.over(measure))
        if values is not None and np.shape(values[measure.name]) != wanted:
            raise ValueError(f"{measure.name} is not over {', '.join(study.over(measure))}")
    return values
