"""Claims: a round with a plan takes at most 1.03 times one with coins, one that looks at updates at most 1.1 times.

Softmax regression, 100 devices x 5 steps x 10 samples, ideal uplink: coins, all of them sent by lot (a plan that leaves
nobody out), and the ten largest updates, for which all compute; with a clock, and with the greedy and the joint choice
of those that end in time, of which there is time for all, each looking at all links and computing times.
"""

import argparse
import itertools

import keras
import numpy as np
from models import CLASSES, MODELS, SHAPE, arrays
from side_by_side import Contestant, measure, ratio, show, verdict

from overair.learning import Fedavg, Federation
from overair.learning.data import Arrays
from overair.learning.federated.hardware import Hardware
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.schedulers import Scheduler
from overair.learning.federated.schedulers.deadline import Deadline
from overair.learning.federated.schedulers.joint import Joint
from overair.learning.federated.schedulers.largest_update import LargestUpdate
from overair.learning.federated.schedulers.random import Random
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid

DEVICES, SAMPLES, ROUNDS = 100, 60, 10


def contestant(scheduler: Scheduler | None, hardware: Hardware | None = None) -> Contestant:
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
        hardware=hardware,
        payload=hardware and 1000.0,
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
    timed = {"clock": None, "deadline": Deadline(seconds=1e6), "joint": Joint(diversity=1e6)}
    contestants = {name: contestant(each) for name, each in schedulers.items()}
    contestants |= {name: contestant(each, Fixed()) for name, each in timed.items()}
    found = measure(contestants, parser.parse_args().repeats)
    show(f"softmax regression, {DEVICES} devices, {ROUNDS} rounds", found, "coins")
    for name, most in (("lots", 1.03), ("largest updates", 1.1), *((name, 1.03) for name in timed)):
        value = ratio(found, name, "coins")
        verdict(f"{name}: at most {most} times coins", value <= most, f"{value:.3f} x")


if __name__ == "__main__":
    main()
