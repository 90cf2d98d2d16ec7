"""Claims: a round with a plan takes at most 1.03 times one with coins, one that looks at updates at most 1.1 times.

Softmax regression, 100 devices x 5 steps x 10 samples, ideal uplink: coins, all of them sent by lot (a plan that leaves
nobody out), and the ten largest updates, for which all compute.
"""

import argparse
import itertools

import keras
import numpy as np
from models import CLASSES, MODELS, SHAPE, arrays
from side_by_side import Contestant, measure, ratio, show, verdict

from overair.learning import Fedavg, Federation
from overair.learning.data import Arrays
from overair.learning.federated.schedulers import Scheduler
from overair.learning.federated.schedulers.largest_update import LargestUpdate
from overair.learning.federated.schedulers.random import Random
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid

DEVICES, SAMPLES, ROUNDS = 100, 60, 10


def contestant(scheduler: Scheduler | None) -> Contestant:
    """Some rounds, that go on from the last ones."""
    x, y = arrays(DEVICES, 1, SAMPLES)
    federation = Federation(
        MODELS["softmax"],
        Arrays(x.reshape(-1, *SHAPE), y.reshape(-1), x[0], y[0], CLASSES),
        np.split(np.arange(DEVICES * SAMPLES), DEVICES),
        Fedavg(learning_rate=0.05, steps=5),
        Ideal(),
        Air(Grid(), Awgn(), DEVICES),
        elements=1,
        optimizer=lambda: keras.optimizers.SGD(1.0),
        batch_size=10,
        scheduler=scheduler,
    )
    states = [federation.init(0)]

    def run() -> None:
        for _ in itertools.repeat(None, ROUNDS):
            states[0], metrics = federation.step(states[0], 0, 0.0)
        metrics.train_loss.numpy()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40, help=f"times {ROUNDS} rounds of each")
    schedulers = {"coins": None, "lots": Random(senders=DEVICES), "largest updates": LargestUpdate(senders=10)}
    found = measure({name: contestant(each) for name, each in schedulers.items()}, parser.parse_args().repeats)
    show(f"softmax regression, {DEVICES} devices, {ROUNDS} rounds", found, "coins")
    for name, most in (("lots", 1.03), ("largest updates", 1.1)):
        value = ratio(found, name, "coins")
        verdict(f"{name}: at most {most} times coins", value <= most, f"{value:.3f} x")


if __name__ == "__main__":
    main()
