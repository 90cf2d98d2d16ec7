"""Engines: where units run. Each has places that take a unit at a time, and gives a future of its record.

The interface to other machines is Python's own ``concurrent.futures.Executor``. Processes are spawned, never forked, as
TensorFlow hangs in a fork; each is a pool of its own, so that a worker that dies takes nothing with it.
"""

import multiprocessing
import os
import signal
import threading
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from typing import Protocol

from ..reading.errors import ScenarioError
from . import store, worker
from .units import Record

UNGUARDED = (
    "processes: expected processes that can begin, but they end at once; a script calls run below "
    'if __name__ == "__main__":'
)


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
    """Spawned processes of this machine, one thread each, begun when they are needed."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._pools: dict[int, ProcessPoolExecutor] = {}

    def submit(self, place: int, task: worker.Task) -> "Future[Record]":
        if place not in self._pools:
            self._pools[place] = _pool()
            if len(self._pools) == 1:
                _check_begins(self._pools[place])
        return _unpacked(_submit(self._pools[place], task))

    def replace(self, place: int) -> None:
        self._pools.pop(place).shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        for pool in self._pools.values():
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


def _check_begins(pool: ProcessPoolExecutor) -> None:
    """Refuses where no worker can begin, of which no unit is to blame."""
    try:
        pool.submit(os.getpid).result()
    except RuntimeError:  # a broken pool is one
        raise ScenarioError(UNGUARDED) from None


def check_places(option: str, places: int) -> None:
    """Refuses a number of places that is none."""
    if places < 1:
        raise ScenarioError(f"{option}: expected at least 1, received {places}")


def check_not_beginning() -> None:
    """Refuses to run in a process that begins and imports the script that began it, which waits for it."""
    if getattr(multiprocessing.current_process(), "_inheriting", False):  # as multiprocessing itself tells it
        raise ScenarioError(UNGUARDED)


def _begin() -> None:
    """A worker's start: stopped by its parent alone, and by the end of it, however it came."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    if (parent := multiprocessing.parent_process()) is not None:
        parent.join()
        os._exit(1)


def _submit(executor: Executor, task: worker.Task) -> "Future[bytes]":
    """Where no more can be handed over, as to a pool whose worker died idle, the future has the reason."""
    try:
        return executor.submit(worker.perform, task.packed(), store.written(task.record) if task.record else None)
    except RuntimeError as error:
        refused: Future[bytes] = Future()
        refused.set_exception(error)
        return refused


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
