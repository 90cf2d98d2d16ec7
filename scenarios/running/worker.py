"""What does units, in this process or in a worker of any engine: one after another, what a group shares kept."""

import contextlib
import json
import platform
import sys
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from threadpoolctl import ThreadpoolController

from ...quiet import import_tensorflow
from .. import studies
from ..reading.errors import ScenarioError
from ..studies.base import Study
from . import store
from .units import Progress, Record, Work


class Task(NamedTuple):
    """A unit to do."""

    study: Study
    seed: int
    key: str
    alias: str
    record: Record | None
    folder: Path | None
    progress: Progress = lambda done, total: None

    def packed(self) -> str:
        """As text, without its record."""
        scenario = self.study.model_dump(mode="json")
        told = {"scenario": scenario, "seed": self.seed, "key": self.key, "alias": self.alias}
        return json.dumps(told | {"folder": str(self.folder.absolute()) if self.folder else None})


def one_thread() -> contextlib.AbstractContextManager[Any]:
    """NumPy's and SciPy's linear algebra in one thread: otherwise its last bits depend on how many there are."""
    return _linear_algebra().limit(limits=1, user_api="blas")


@cache
def _linear_algebra() -> ThreadpoolController:
    import scipy.linalg  # noqa: F401  # only what is loaded is found

    return ThreadpoolController()


class Worker:
    """Prepares groups and does their units; what the last group shares is kept."""

    def __init__(self) -> None:
        self._shared: dict[str, Any] = {}
        self._prepared: dict[str, Any] = {}
        self._current: tuple[str, Any] | None = None

    def prepare(self, study: Study, seed: int) -> Any:
        """What a unit's group is made of."""
        group = study.group(seed)
        if group not in self._prepared:
            with one_thread():
                self._prepared[group] = study.prepare(self._shared)
        return self._prepared[group]

    def _prepare_again(self, study: Study, seed: int) -> Any:
        """What was prepared where the command runs; a worker elsewhere may lack what the scenario reads."""
        try:
            return self.prepare(study, seed)
        except ScenarioError as error:
            raise ScenarioError(f"its worker on {platform.node()} finds what the command did not: {error}") from None

    def do(self, task: Task) -> Record:
        """The record of a unit; one that fails is a record too, with its reason."""
        study, kept = task.study, store.Store(task.folder)

        def save(record: Record) -> None:
            kept.keep(task.key, record)

        networks = task.folder / "networks" if task.folder else None
        work = Work(task.seed, study.dimensions(), task.record, networks, task.progress, save, task.alias)
        try:
            prepared, group = self._prepare_again(study, task.seed), study.group(task.seed)
            with one_thread():
                if self._current is None or self._current[0] != group:
                    self._current = None  # free the memory before more is taken
                    self._current = group, study.begin(prepared, work)
                return study.grow(self._current[1], work)
        except Exception as error:
            self._current = None
            if sys.flags.dev_mode:
                raise
            told = str(error) if isinstance(error, ScenarioError) else f"{type(error).__name__}: {error}"
            return Record({}, {}, failure=" ".join(told.split())[:500])


@cache
def _of_this_process() -> Worker:
    """With one thread, as there are workers enough, unless TensorFlow runs already."""
    threading = import_tensorflow().config.threading
    with contextlib.suppress(RuntimeError):
        threading.set_intra_op_parallelism_threads(1)
        threading.set_inter_op_parallelism_threads(1)
    return Worker()


def perform(packed: str, record: bytes | None) -> bytes:
    """A unit done in a worker of an engine, from text and a record's file to the file of its record."""
    told = json.loads(packed)
    folder = Path(told["folder"]) if told["folder"] else None
    there = store.read(record) if record else None
    study = studies.check(told["scenario"])
    return store.written(_of_this_process().do(Task(study, told["seed"], told["key"], told["alias"], there, folder)))
