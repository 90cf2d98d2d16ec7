"""Claims: a round with a plan takes at most 1.03 times one with coins, one that looks at updates at most 1.1 times.

Softmax regression, 100 devices x 5 steps x 10 samples, ideal uplink: coins, all of them sent by lot (a plan that leaves
nobody out), and the ten largest updates, for which all compute; with a clock, and with the greedy and the joint choice
of those that end in time, of which there is time for all, each looking at all links and computing times. Those two
once more by themselves, for 100 and 1,000 devices whose links and times are new in every plan.
"""

import argparse

import numpy as np
import tensorflow as tf
from side_by_side import Contestant, both, measure, ratio, rounds, show, verdict
from small_rounds import DEVICES, ROUNDS, federation

from overair.learning import Scheduler, Sight
from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.schedulers.coins import Coins
from overair.learning.federated.schedulers.deadline import Deadline
from overair.learning.federated.schedulers.joint import Joint
from overair.learning.federated.schedulers.largest_update import LargestUpdate
from overair.learning.federated.schedulers.random import Random
from overair.phy import keys

PLANS = 20


def plans(scheduler: Scheduler, devices: int) -> Contestant:
    """Some plans of a scheduler by time, each of other links and times."""
    random, state = np.random.default_rng(0), scheduler.init(devices, keys.key(0))
    shares = tf.fill([devices], 1.0 / devices)

    @tf.function(autograph=False)
    def plan(ready: tf.Tensor, rates: tf.Tensor) -> tf.Tensor:
        sight = Sight(shares, lambda: rates, lambda works: shares, lambda: ready, 1e-3, 0.1)
        return scheduler.plan(state, sight, keys.key(1))[0].weights

    def run() -> None:
        for _ in range(PLANS):
            ready, rates = (tf.constant(random.exponential(each, devices)) for each in (1.0, 2.0))
            plan(ready, rates).numpy()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40, help=f"times {ROUNDS} rounds of each")
    schedulers = {"coins": None, "lots": Random(senders=DEVICES), "largest updates": LargestUpdate(senders=10)}
    timed = {"clock": None, "deadline": Deadline(seconds=1e6), "joint": Joint(diversity=1e6)}
    contestants = {name: rounds(federation(scheduler=each), ROUNDS) for name, each in schedulers.items()}
    contestants |= {name: rounds(federation(scheduler=each, hardware=Fixed()), ROUNDS) for name, each in timed.items()}
    repeats = parser.parse_args().repeats
    found, busy = both(contestants, repeats)
    show(f"softmax regression, {DEVICES} devices, {ROUNDS} rounds", found, "coins")
    show("seconds of the process on all cores", busy, "coins")
    for name, most in (("lots", 1.03), ("largest updates", 1.1), *((name, 1.03) for name in timed)):
        value, cores = ratio(found, name, "coins"), ratio(busy, name, "coins")
        verdict(f"{name}: at most {most} times coins", value <= most, f"{value:.3f} x, on all cores {cores:.3f}")
    several = {"coins": Coins(), "deadline": Deadline(seconds=1e6), "joint": Joint(diversity=1e6)}
    alone = {f"{name}, {size:,}": plans(each, size) for size in (DEVICES, 1000) for name, each in several.items()}
    show(f"{PLANS} plans, the start of a compiled function included", measure(alone, repeats), "coins, 1,000")


if __name__ == "__main__":
    main()
