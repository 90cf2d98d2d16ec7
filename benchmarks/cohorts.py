"""Claims: a round of 100 of a million devices takes at most 1.5 times one of a federation of 100, and as much memory.

Softmax regression on images as large as digits, 100 devices x 5 steps x 10 of 60 samples, analog over TDL-A, distances
and lasting clock offsets: all of 100 devices, and cohorts of 100 of 10^2, 10^4 and 10^6 by each partition. Rounds are
timed in turn in one process; the peak resident size is that of a fresh process that builds a federation and runs ten
rounds, under 1 GB, of which what TensorFlow and Sionna alone take when they are imported is told beside: the floor.
"""

import argparse
import json
import resource
import subprocess
import sys
from typing import Any

from side_by_side import Contestant, measure, ratio, rounds, show, verdict

COHORT, SAMPLES, ROUNDS = 100, 60, 10
MOST_TIMES, MOST_GB = 1.5, 1.0


def federation(devices: int, partition: str) -> Any:
    """A cohort of so many devices, or 0 devices: a federation of 100, as they always are."""
    import keras
    import numpy as np

    from overair.learning import Cohort, Fedavg, Federation, Population
    from overair.learning.data import Arrays
    from overair.learning.models.softmax import Softmax
    from overair.learning.partitions.classes import Classes
    from overair.learning.partitions.dirichlet import Dirichlet
    from overair.learning.partitions.iid import Iid
    from overair.ota import Analog
    from overair.phy import Air, Grid, PathLoss, Tdl, TimingOffset

    random = np.random.default_rng(0)
    x, y = random.normal(size=[1437, 8, 8, 1]).astype(np.float32), random.integers(0, 10, 1437, np.int32)
    data = Arrays(x, y, x[:360], y[:360], 10)
    of = {"iid": Iid(SAMPLES), "classes": Classes(2, SAMPLES), "dirichlet": Dirichlet(0.3, samples_per_device=SAMPLES)}
    shares: Any = np.split(np.resize(np.arange(len(data.y_train)), COHORT * SAMPLES), COHORT)
    if devices:
        shares = Population(devices, of[partition].by_number(data.y_train, 0))
    return Federation(
        lambda seed: Softmax().build(data.x_train.shape[1:], data.classes, seed),
        data,
        shares,
        Fedavg(learning_rate=0.05, steps=5),
        Analog(),
        Air(Grid(), Tdl("A"), COHORT, impairments=(PathLoss(), TimingOffset(high=4.0, lasting=True))),
        elements=325,
        optimizer=lambda: keras.optimizers.SGD(1.0),
        batch_size=10,
        scheduler=Cohort(senders=COHORT) if devices else None,
    )


def contestant(devices: int, partition: str = "iid") -> Contestant:
    """Some rounds, that go on from the last ones."""
    return rounds(federation(devices, partition), ROUNDS, snr_db=10.0)


def resident() -> float:
    """GB at most so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9  # Linux counts in KiB


def peak(devices: int) -> tuple[float, float]:
    """GB with TensorFlow and Sionna imported, and at last, of a fresh process."""
    done = subprocess.run(
        [sys.executable, __file__, "--peak", str(devices)], capture_output=True, text=True, check=True
    )
    before, after = json.loads(done.stdout.splitlines()[-1])
    return before, after


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20, help=f"times {ROUNDS} rounds of each")
    parser.add_argument("--peak", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak is not None:
        import sionna.phy  # noqa: F401
        import tensorflow as tf  # noqa: F401

        before = resident()
        contestant(options.peak)()
        return print(json.dumps([before, resident()]))
    everybody = "all of 100"
    several = {everybody: contestant(0)}
    several |= {f"100 of {devices:,}": contestant(devices) for devices in (10**2, 10**4, 10**6)}
    several |= {f"100 of 1,000,000, {each}": contestant(10**6, each) for each in ("classes", "dirichlet")}
    found = measure(several, options.repeats)
    show(f"softmax regression, analog, {ROUNDS} rounds", found, everybody)
    for name in several:
        if name != everybody:
            value = ratio(found, name, everybody)
            verdict(f"{name}: at most {MOST_TIMES} times all of 100", value <= MOST_TIMES, f"{value:.2f} x")
    for devices in (0, 10**2, 10**4, 10**6):
        (before, size), name = peak(devices), f"100 of {devices:,}" if devices else everybody
        told = f"{size:.2f} GB, {size - before:.2f} over the {before:.2f} of TensorFlow and Sionna"
        verdict(f"{name}: peak under {MOST_GB:g} GB", size < MOST_GB, told)


if __name__ == "__main__":
    main()
