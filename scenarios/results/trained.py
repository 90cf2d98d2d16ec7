"""Models that the units of a run ended with, made of their records and saved as .keras: nothing is trained again."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ... import durable
from ...quiet import import_tensorflow
from ..reading.errors import ScenarioError
from ..reading.planned import planned
from ..reading.searches import Tune
from ..reading.sweep import Point
from ..running.searches import changed
from ..running.store import DAMAGED, read
from ..running.units import units
from . import names
from .partial import about_of
from .saved import load
from .sealed import content_of

LONGEST = 150  # bytes of a file's name that tell a point
TO_ITS_END = "run the scenario in this folder again, which does what is missing"
RETRY = "overair run --retry does it again"


class Kept(NamedTuple):
    """Of a unit."""

    file: Path
    missing: str | None  # why there is no model


def keep(folder: Path, out: Path) -> Iterator[Kept]:
    """Save the model of each unit in ``out``, a file a point and seed; those that have none say why."""
    about = about_of(folder / "scenario.json")
    plan, asked = planned(about["scenario"])
    if asked.find:
        raise ScenarioError("find: expected a scenario without, as it tries values and ends with none, received one")
    dataset = load(folder)
    seeds: list[int] = dataset["seed"].values.tolist()
    shared, ready = dict[str, Any](), dict[str, Any]()
    try:
        durable.folder(out)
    except (FileExistsError, NotADirectoryError):
        raise ScenarioError(f"{out}: expected a folder for models, found a file in its place; name another") from None
    import_tensorflow()  # after all that can be wrong with the folder
    for number, point in enumerate(plan.points):
        study = _tuned(point.scenario, asked.tune, dataset, number) if asked.tune else point.scenario
        for unit in units(study, seeds, made_with=about["versions"]):
            file = out / f"{_name(number, point, len(plan.points))}seed={unit.seed}.keras"
            if unit.group not in ready:
                ready = {unit.group: study.prepare(shared)}
            try:
                content = _saved(_model(study, ready[unit.group], folder / "records" / f"{unit.key}.npz"))
            except ScenarioError as error:
                yield Kept(file, str(error))
                continue
            durable.write(file, content)
            yield Kept(file, None)


def _tuned(study: Any, tune: Tune, dataset: xr.Dataset, number: int) -> Any:
    """The scenario of a point with the value that was chosen for it; as it is where none was."""
    if "tuned" not in dataset:
        return study
    chosen = dataset["tuned"].values.reshape(-1, dataset.sizes["seed"])[number]
    known = chosen[np.isfinite(chosen)]
    return changed(study, tune.over, float(known[0])) if known.size else study


def _model(study: Any, prepared: Any, file: Path) -> Any:
    if not file.exists():
        raise ScenarioError(f"record: expected one of a finished unit, found none; {TO_ITS_END}")
    try:
        record = read(content_of(file))
    except DAMAGED:
        raise ScenarioError(f"record: expected a whole one, found {file.name} damaged; {TO_ITS_END}") from None
    if not record.values:
        failed = f"one that failed ({record.failure})"
        raise ScenarioError(f"record: expected one of a finished unit, found {failed}; {RETRY}")
    return study.trained(prepared, record)


def _saved(model: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "model.keras"
        model.save(file)
        return file.read_bytes()


def _name(number: int, point: Point, count: int) -> str:
    """The number of a point, which tells all apart, and its labels as far as a file's name takes them."""
    told = [f"{names.last(axis)}={label}" for axis, label in point.coordinates.items()]
    plain = re.sub(r"[^\w=.+-]+", "-", "_".join(told)).encode()[:LONGEST].decode(errors="ignore")
    return f"{number:0{len(str(count - 1))}}_{plain}_" if told else ""
