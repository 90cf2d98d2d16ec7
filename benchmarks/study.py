"""What running a study costs besides its rounds, and what a second process brings, start-up included.

    python benchmarks/study.py              three pairs, about ten minutes on two idle cores
    python benchmarks/study.py --pairs 1

1. The quickstart with more rounds, by the command, with one process and with two: seconds, their ratio, and whether the
   records are the same, byte for byte.
2. A run in this process beside a bare loop over the same compiled federation: what the runner adds.
3. One SNR more in a finished quickstart: seconds, and how many units were done.
"""

import argparse
import hashlib
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LONG = ["--set", "rounds=1200", "--set", "link.snr_db=[-20,-10,0,10]"]


def command(*arguments: str) -> tuple[float, str]:
    """Seconds of a command, and what it says on its standard error stream."""
    start = time.perf_counter()
    told = [sys.executable, "-m", "overair", "run", "quickstart", *arguments]
    done = subprocess.run(told, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.perf_counter() - start, done.stderr


def records(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in (folder / "records").glob("*.npz")}


def processes(pairs: int) -> None:
    """One process and two, in turn."""
    ratios = []
    for _ in range(pairs):
        with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as two:
            alone, _ = command(*LONG, "--out", one)
            shared, _ = command(*LONG, "--out", two, "--processes", "2")
            same = records(Path(one)) == records(Path(two))
        ratios.append(alone / shared)
        print(f"one process {alone:6.1f} s, two {shared:6.1f} s: {ratios[-1]:.2f} times, records the same: {same}")
    print(f"two processes: {statistics.median(ratios):.2f} times as fast, start-up included")


def runner(pairs: int) -> None:
    """A run beside its rounds alone, both in this process after one of each."""
    from overair.scenarios import run, studies
    from overair.scenarios.reading import files
    from overair.scenarios.studies import _federation

    raw = files.read("quickstart")[1]
    raw |= {"uplink": "analog", "rounds": 600, "seeds": [0, 1, 2], "link": raw["link"] | {"snr_db": 0}}
    study = studies.check(raw)
    wanted = study.dimensions()["round"]
    ratios = []
    for at in range(pairs + 1):
        start = time.perf_counter()
        federation = _federation.build(_federation.prepare(study, {}))
        for seed in study.seeds:
            state = federation.init(seed)
            for round in range(1, study.rounds + 1):
                state, metrics = federation.step(state, seed, study.link.snr_db)
                bool(metrics.finite)
                if round in wanted:
                    federation.evaluate(state)
        bare = time.perf_counter() - start
        start = time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            run(raw, out=folder)
        ratios += [(time.perf_counter() - start) / bare] if at else []
    print(f"a run takes {statistics.median(ratios):.3f} times as long as its rounds alone")


def grown() -> None:
    """One SNR more."""
    with tempfile.TemporaryDirectory() as folder:
        whole, said = command("--out", folder)
        print(f"quickstart: {whole:.1f} s; {said.splitlines()[0]}")
        more, said = command("--out", folder, "--set", "link.snr_db=[-30,-20,-10,0,10,20,5]")
        print(f"one SNR more: {more:.1f} s; {said.splitlines()[0]}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=3)
    wanted = parser.parse_args()
    grown()
    runner(wanted.pairs)
    processes(wanted.pairs)
