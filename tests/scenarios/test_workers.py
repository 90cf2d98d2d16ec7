"""Workers end with their command, however it ends, and processes that cannot begin are no failure of units."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from overair.scenarios import ScenarioError, run
from overair.scenarios.running import engines

ROOT = Path(__file__).parents[2]
ENV = os.environ | {"PYTHONPATH": str(ROOT)}
SUMS: dict[str, Any] = {
    "study": "aggregation", "devices": 2, "rounds": 3, "uplink": "ideal", "entries": 16, "seeds": [0],
}  # fmt: skip
BUSY = """
import os, time
from overair.scenarios.running import engines

if __name__ == "__main__":
    pool = engines._pool()
    print(pool.submit(os.getpid).result(), flush=True)
    pool.submit(time.sleep, 600).result()
"""


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.mark.skipif(not Path("/proc").exists(), reason="zombies are told by /proc")
def test_workers_of_a_command_that_is_killed_end(tmp_path: Path) -> None:
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    with subprocess.Popen([sys.executable, script], env=ENV, stdout=subprocess.PIPE, text=True) as command:
        assert command.stdout is not None
        worker = int(command.stdout.readline())
        assert lives(worker)
        command.send_signal(signal.SIGKILL)
    until = time.monotonic() + 30
    while lives(worker) and time.monotonic() < until:
        time.sleep(0.1)
    assert not lives(worker)


def test_a_script_without_a_main_guard_is_told_so_and_no_unit_fails(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(f"from overair.scenarios import run\nrun({SUMS!r}, processes=2, out='made')\n")
    done = subprocess.run([sys.executable, script], env=ENV, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and '__name__ == "__main__"' in done.stderr.splitlines()[-1]
    assert not list((tmp_path / "made" / "records").iterdir())


@pytest.mark.parametrize("processes", [0, -1])
def test_processes_are_counted_from_one(processes: int) -> None:
    with pytest.raises(ScenarioError, match=f"processes: expected at least 1, received {processes}"):
        run(SUMS, processes=processes)


def test_no_more_processes_begin_than_units_are_there(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[Executor] = []

    def pool() -> Executor:
        begun.append(ThreadPoolExecutor(1))
        return begun[-1]

    monkeypatch.setattr(engines, "_pool", pool)
    monkeypatch.setattr(engines.Processes, "close", lambda _: None)
    assert run(SUMS | {"seeds": [0, 1]}, processes=10**17).failures == "[]"
    assert len(begun) == 2


class Refusing(Executor):
    """Takes nothing, as a pool whose worker died while it was idle."""

    def submit(self, *_: Any, **__: Any) -> "Future[Any]":
        raise RuntimeError("broken")


class Cancelling(Executor):
    """Takes all and does nothing."""

    def submit(self, *_: Any, **__: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.cancel()
        future.set_running_or_notify_cancel()
        return future


class Babbling(Executor):
    """Gives what is no record."""

    def submit(self, *_: Any, **__: Any) -> "Future[Any]":
        future: Future[Any] = Future()
        future.set_result(b"PK nonsense")
        return future


@pytest.mark.parametrize("executor", [Refusing(), Cancelling(), Babbling()])
def test_whatever_an_executor_does_units_end_with_a_reason(executor: Executor) -> None:
    assert "its worker died 2 times" in run(SUMS, executor=executor).failures
