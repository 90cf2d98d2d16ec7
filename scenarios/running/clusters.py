"""Clusters that exist already, as executors: Dask and Ray. Their workers need overair, and no disk of ours."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

from ..reading.errors import ScenarioError


@contextmanager
def dask(address: str) -> Iterator[Executor]:
    """Of a Dask scheduler, such as tcp://10.0.0.1:8786."""
    try:
        from dask.distributed import Client
    except ImportError:
        raise ScenarioError("--dask: expected Dask to be installed; pip install 'overair[dask]'") from None
    try:
        client = Client(address, timeout=10, set_as_default=False)  # else xarray would write through it
    except (OSError, ValueError) as error:
        raise ScenarioError(f"--dask: expected the address of a scheduler, received {address}; {error}") from None
    try:
        yield client.get_executor(pure=False, retries=0)
    finally:
        client.close()


@contextmanager
def ray(address: str) -> Iterator[Executor]:
    """Of a Ray cluster: ``auto`` for the one of this machine, or ray://HOST:10001."""
    try:
        import ray
    except ImportError:
        raise ScenarioError("--ray: expected Ray to be installed; pip install 'overair[ray]'") from None
    try:
        ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ScenarioError(f"--ray: expected the address of a cluster, received {address}; {error}") from None
    try:
        yield RayExecutor()
    finally:
        ray.shutdown()


class RayExecutor(Executor):
    """Python's interface to Ray's tasks, one CPU each; a worker that dies is no try of ours."""

    def submit(self, function: Callable[..., Any], /, *values: Any, **named: Any) -> "Future[Any]":
        import ray

        task = ray.remote(num_cpus=1, max_retries=0)(function)
        future: Future[Any] = task.remote(*values, **named).future()
        return future
