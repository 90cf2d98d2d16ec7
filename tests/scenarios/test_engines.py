"""Where a unit is done changes no bit of its record: one process, several, Dask, Ray, and workers that are killed."""

import hashlib
import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from overair.scenarios import run
from overair.scenarios.running import clusters

ROOT = Path(__file__).parents[2]
RAW: dict[str, Any] = {
    "data": "digits",
    "model": "softmax",
    "devices": 5,
    "rounds": 20,
    "seeds": [0, 1],
    "uplink": ["analog", "digital"],
    "link": {"snr_db": [0, 10], "channel": "rayleigh"},
}


def hashes(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (folder / "records").glob("*.npz")}


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one process that nobody disturbs."""
    folder: Path = tmp_path_factory.mktemp("alone")
    run(RAW, out=folder)
    assert len(hashes(folder)) == 8
    return folder


def test_two_processes_make_the_records_of_one(alone: Path, tmp_path: Path) -> None:
    counted: list[tuple[int, int]] = []
    made = run(RAW, out=tmp_path, processes=2, progress=lambda done, total: counted.append((done, total)))
    assert hashes(tmp_path) == hashes(alone)
    assert counted[-1] == (160, 160) and sorted(counted) == counted
    xr.testing.assert_identical(made, run(RAW, out=alone))


def test_a_worker_that_is_killed_is_replaced_and_its_unit_taken_up_again(alone: Path, tmp_path: Path) -> None:
    killed: list[int] = []

    def kill(done: int, total: int) -> None:
        workers = multiprocessing.active_children()
        if not killed and workers:
            killed.append(workers[0].pid or 0)
            os.kill(killed[0], signal.SIGKILL)

    run(RAW, out=tmp_path, processes=2, progress=kill)
    assert killed and hashes(tmp_path) == hashes(alone)


@pytest.fixture
def dask_address() -> Iterator[str]:
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


@pytest.mark.filterwarnings("default")  # of the cluster's own
def test_a_dask_cluster_makes_the_records_of_one_process(alone: Path, tmp_path: Path, dask_address: str) -> None:
    with clusters.dask(dask_address) as executor:
        run(RAW, out=tmp_path, processes=2, executor=executor)
    assert hashes(tmp_path) == hashes(alone)


@pytest.fixture
def ray_executor() -> Iterator[Executor]:
    ray = pytest.importorskip("ray")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        yield clusters.RayExecutor()
    finally:
        ray.shutdown()


@pytest.mark.filterwarnings("default")
def test_a_ray_cluster_makes_the_records_of_one_process(alone: Path, tmp_path: Path, ray_executor: Executor) -> None:
    run(RAW, out=tmp_path, processes=2, executor=ray_executor)
    assert hashes(tmp_path) == hashes(alone)
