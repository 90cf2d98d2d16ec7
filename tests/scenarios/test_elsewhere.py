"""A worker that lacks a file of the scenario says so, and is not said to have died."""

import json
import platform
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair.scenarios import run

RAW: dict[str, Any] = {
    "study": "aggregation", "devices": 3, "entries": 4, "rounds": 2, "seeds": [0], "uplink": "analog",
    "link": {"snr_db": [10]},
}  # fmt: skip


class WithoutFile(Executor):
    """Workers that do not see a file of ours."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def submit(self, function: Any, /, *values: Any, **named: Any) -> "Future[Any]":
        hidden, future = self.file.with_name("hidden"), Future[Any]()
        self.file.rename(hidden)
        try:
            future.set_result(function(*values, **named))
        except Exception as error:
            future.set_exception(error)
        finally:
            hidden.rename(self.file)
        return future


@pytest.mark.parametrize("ending", ["npy", "csv"])
def test_vectors_that_a_worker_cannot_see_are_named(ending: str, tmp_path: Path) -> None:
    file, vectors = tmp_path / f"mine.{ending}", np.arange(12.0).reshape(3, 4)
    (np.save if ending == "npy" else lambda name, rows: np.savetxt(name, rows, delimiter=","))(file, vectors)
    made = run(RAW | {"vectors": str(file)}, executor=WithoutFile(file))
    (failed,) = json.loads(made.attrs["failures"])
    assert failed["reason"].startswith(f"its worker on {platform.node()} finds what the command did not: ")
    assert f"vectors: expected a file that can be read, received {file}" in failed["reason"]
