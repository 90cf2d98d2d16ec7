"""A claim is held by one, renewed while its holder lives, and taken over when it does not."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from overair.scenarios.running.claims import Claims


def test_of_two_that_claim_a_unit_one_gets_it_until_it_is_released(tmp_path: Path) -> None:
    with Claims(tmp_path) as one, Claims(tmp_path) as other:
        assert one.take("a") and one.take("a") and not other.take("a") and other.take("b")
        one.release("a")
        assert other.take("a") and not one.take("a")
    assert not list(tmp_path.iterdir())


def test_the_claim_of_a_process_that_is_gone_is_taken_over_at_once(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    (tmp_path / "a.claim").write_text(json.dumps({"host": socket.gethostname(), "process": gone.pid}))
    with Claims(tmp_path) as claims:
        assert claims.take("a")


def test_the_claim_of_another_machine_is_taken_over_when_its_lease_has_run_out(tmp_path: Path) -> None:
    file = tmp_path / "a.claim"
    file.write_text(json.dumps({"host": "elsewhere", "process": os.getpid()}))
    with Claims(tmp_path, lease=60) as claims:
        assert not claims.take("a")
        os.utime(file, (time.time() - 61,) * 2)
        assert claims.take("a")


def test_a_claim_from_far_in_the_future_is_taken_over(tmp_path: Path) -> None:
    file = tmp_path / "a.claim"
    file.write_text(json.dumps({"host": "elsewhere", "process": os.getpid()}))
    os.utime(file, (time.time() + 1e6,) * 2)
    with Claims(tmp_path, lease=60) as claims:
        assert claims.take("a")


@pytest.mark.parametrize(
    "told", ["[" * 4000, '{"host": "HOST", "process": 1' + "0" * 40 + "}", '{"process": "x"}', "3"]
)
def test_the_claim_of_nobody_is_taken_over_when_its_lease_has_run_out(tmp_path: Path, told: str) -> None:
    file = tmp_path / "a.claim"
    file.write_text(told.replace("HOST", socket.gethostname()))
    with Claims(tmp_path, lease=60) as claims:
        assert not claims.take("a")
        os.utime(file, (0, 0))
        assert claims.take("a")


def test_a_claim_that_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.claim")
    with Claims(tmp_path, lease=60) as claims:
        assert not claims.take("a")


def test_a_claim_is_renewed_while_its_holder_lives(tmp_path: Path) -> None:
    with Claims(tmp_path, lease=0.4) as claims:
        claims.take("a")
        os.utime(tmp_path / "a.claim", (0, 0))
        time.sleep(0.5)
        assert time.time() - (tmp_path / "a.claim").stat().st_mtime < 0.4


def test_of_many_that_find_a_stale_claim_one_takes_it_over(tmp_path: Path) -> None:
    for round in range(20):
        file = tmp_path / f"{round}.claim"
        file.write_text("damaged")
        os.utime(file, (0, 0))
        everybody, taken = [Claims(tmp_path, lease=60) for _ in range(8)], list[bool]()
        begin = threading.Barrier(8)

        def take(
            claims: Claims, key: str = str(round), begin: threading.Barrier = begin, taken: list[bool] = taken
        ) -> None:
            begin.wait()
            taken.append(claims.take(key))

        threads = [threading.Thread(target=take, args=(claims,)) for claims in everybody]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sum(taken) == 1
