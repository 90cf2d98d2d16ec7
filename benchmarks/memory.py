"""Claim: nothing grows with devices x parameters. One analog round of 1,000 devices x 1,037,760 parameters, whose
updates together would be 4.2 GB and their symbols and responses as much again each, peaks under 6 GB of memory.

Measured as the peak resident size of a fresh process that builds the federation and runs one round (TDL-A, 1,024
subcarriers, uncoded, truncated inversion, chunks chosen by the engine). Beside it, the time and the memory of a round
of 10,000 devices of softmax regression, six samples each, ideal and analog, compilation apart.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time

from side_by_side import verdict

LIMIT_GB = 6.0
CASES = {  # model, devices, samples of each, uplink, rounds that are timed after the first
    "big": ("dense", 1000, 1, "analog", 0),
    "big, quick": ("dense", 100, 1, "analog", 0),
    "many, ideal": ("softmax", 10_000, 6, "ideal", 3),
    "many, analog": ("softmax", 10_000, 6, "analog", 3),
}


def work(case: str) -> None:
    """Run a case in this process and print what it took as JSON."""
    import keras
    import numpy as np
    from models import CLASSES, MODELS, SHAPE, arrays

    from overair.learning import Fedavg, Federation
    from overair.learning.data import Arrays
    from overair.ota import Analog, Ideal
    from overair.phy import Air, Grid, Tdl

    kind, devices, samples, uplink, rounds = CASES[case]
    before = peak_gb()
    x, y = arrays(devices, 1, samples)
    parameters = MODELS[kind](0).count_params()
    federation = Federation(
        MODELS[kind],
        Arrays(x.reshape(-1, *SHAPE), y.reshape(-1), x[0], y[0], CLASSES),
        np.split(np.arange(devices * samples), devices),
        Fedavg(learning_rate=0.05, steps=1),
        Analog() if uplink == "analog" else Ideal(),
        Air(Grid(subcarriers=1024, prefix=128), Tdl("A"), devices),
        elements=-(-parameters // 2),
        optimizer=lambda: keras.optimizers.SGD(1.0),
        batch_size=samples,
    )
    state = federation.init(0)
    seconds = []
    for _ in range(1 + rounds):
        start = time.perf_counter()
        state, metrics = federation.step(state, 0, 20.0)
        nmse = float(metrics.nmse)
        seconds.append(time.perf_counter() - start)
    answer = {
        "seconds": sorted(seconds[1:])[rounds // 2] if rounds else seconds[0],
        "peak": peak_gb(),
        "before": before,
        "nmse": nmse,
        "chunk": federation.chunk,
        "parameters": parameters,
    }
    print(json.dumps(answer))


def peak_gb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # Linux counts in KiB


def fresh(case: str) -> float:
    """A case in a process of its own; its peak in GB."""
    command = [sys.executable, __file__, "--case", case]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{case}: expected exit code 0, received {done.returncode}\n{done.stderr[-2000:]}")
    answer = json.loads(done.stdout)
    _, devices, samples, uplink, rounds = CASES[case]
    work_done = f"{devices:,} devices x {answer['parameters']:,} parameters, {samples} sample(s) each"
    print(f"\n{uplink}: {work_done}, chunks of {answer['chunk']}")
    print(f"  {answer['seconds']:.2f} s a round" + ("" if rounds else ", compilation included"))
    print(f"  peak {answer['peak']:.2f} GB, {answer['before']:.2f} GB of it before the data; NMSE {answer['nmse']:.2g}")
    return answer["peak"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="100 devices instead of 1,000 in the big round")
    parser.add_argument("--case", choices=CASES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        return work(options.case)
    print(f"{os.cpu_count()} cores")
    peak = fresh("big, quick" if options.quick else "big")
    verdict(f"peak under {LIMIT_GB:g} GB", peak < LIMIT_GB, f"{peak:.2f} GB")
    fresh("many, ideal")
    fresh("many, analog")


if __name__ == "__main__":
    main()
