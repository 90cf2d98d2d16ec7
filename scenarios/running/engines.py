"""Engines: where units run. Each has places that take a unit at a time, and gives a future of its record.

The interface to other machines is Python's own ``concurrent.futures.Executor``. Processes are spawned, never forked, as
TensorFlow hangs in a fork; each is a pool of its own, so that a worker that dies takes nothing with it.
"""

import multiprocessing
import signal
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Protocol

from . import store, worker
from .units import Record


class Engine(Protocol):
    """Where units run."""

    places: int

    def submit(self, place: int, task: worker.Task) -> "Future[Record]":
        """A unit in a place that is free."""
        ...

    def replace(self, place: int) -> None:
        """A new worker, where one has died."""
        ...

    def close(self) -> None:
        """No more units."""
        ...


class Here:
    """This process."""

    places = 1

    def __init__(self, doing: worker.Worker) -> None:
        self._worker = doing

    def submit(self, place: int, task: worker.Task) -> "Future[Record]":
        future: Future[Record] = Future()
        future.set_result(self._worker.do(task))
        return future

    def replace(self, place: int) -> None:
        pass

    def close(self) -> None:
        pass


class Processes:
    """Spawned processes of this machine, one thread each."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._pools = [_pool() for _ in range(places)]

    def submit(self, place: int, task: worker.Task) -> "Future[Record]":
        return _unpacked(_submit(self._pools[place], task))

    def replace(self, place: int) -> None:
        self._pools[place].shutdown(wait=False, cancel_futures=True)
        self._pools[place] = _pool()

    def close(self) -> None:
        for pool in self._pools:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            pool.shutdown(wait=False, cancel_futures=True)


class Elsewhere:
    """Any executor, such as a cluster's; its workers need no disk of ours."""

    def __init__(self, executor: Executor, places: int) -> None:
        self.places, self._executor = places, executor

    def submit(self, place: int, task: worker.Task) -> "Future[Record]":
        return _unpacked(_submit(self._executor, task._replace(folder=None)))

    def replace(self, place: int) -> None:
        pass

    def close(self) -> None:
        pass


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), _begin)


def _begin() -> None:
    """A worker's start: stopped by its parent alone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _submit(executor: Executor, task: worker.Task) -> "Future[bytes]":
    return executor.submit(worker.perform, task.packed(), store.written(task.record) if task.record else None)


def _unpacked(packed: "Future[bytes]") -> "Future[Record]":
    """The record of a file that comes."""
    future: Future[Record] = Future()

    def read(done: "Future[bytes]") -> None:
        try:
            future.set_result(store.read(done.result()))
        except BaseException as error:
            future.set_exception(error)

    packed.add_done_callback(read)
    return future
