"""Units do NumPy's and SciPy's linear algebra in one thread, and give the others back."""

from typing import Any

import numpy as np
import pytest
import scipy.linalg
from threadpoolctl import threadpool_info, threadpool_limits

from overair.scenarios import studies
from overair.scenarios.running import worker
from overair.scenarios.running.units import Record

ALLOWED = 3


def threads() -> set[int]:
    """How many those of NumPy and of SciPy are now."""
    scipy.linalg.norm(np.ones(2))  # so that both are loaded
    return {each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}


def test_a_unit_is_prepared_begun_and_done_in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = {"study": "aggregation", "entries": 16, "rounds": 3, "devices": 2, "uplink": "ideal"}
    study, seen = studies.check(raw), []

    def looks(*told: Any) -> Record:
        seen.append(threads())
        return Record({}, {})

    for step in ("prepare", "begin", "grow"):
        monkeypatch.setattr(type(study), step, looks)
    task = worker.Task(study, 0, key="unused", alias="the scenario", record=None, folder=None)
    with threadpool_limits(ALLOWED, user_api="blas"):
        doing = worker.Worker()
        doing.prepare(study, 0)
        assert not doing.do(task).failure
        assert threads() == {ALLOWED}
    assert seen == [{1}] * 3


@pytest.mark.parametrize("library", [np.linalg, scipy.linalg])
def test_eigenvectors_have_the_same_bits_whatever_the_process_is_allowed(library: Any) -> None:
    tiles = np.random.default_rng(0).normal(size=[800, 768])
    found = []
    for allowed in (1, ALLOWED):
        with threadpool_limits(allowed, user_api="blas"):
            with worker.one_thread():
                found.append(library.eigh(tiles.T @ tiles)[1])
    assert np.array_equal(*found)
