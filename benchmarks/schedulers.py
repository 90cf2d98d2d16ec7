"""Claims: a round with a plan takes at most 1.03 times one with coins, one that looks at updates at most 1.1 times.

Softmax regression, 100 devices x 5 steps x 10 samples, ideal uplink: coins, all of them sent by lot (a plan that leaves
nobody out), and the ten largest updates, for which all compute; with a clock, and with the greedy and the joint choice
of those that end in time, of which there is time for all, each looking at all links and computing times.
"""

import argparse

from side_by_side import measure, ratio, rounds, show, verdict
from small_rounds import DEVICES, ROUNDS, federation

from overair.learning.federated.hardware.fixed import Fixed
from overair.learning.federated.schedulers.deadline import Deadline
from overair.learning.federated.schedulers.joint import Joint
from overair.learning.federated.schedulers.largest_update import LargestUpdate
from overair.learning.federated.schedulers.random import Random


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40, help=f"times {ROUNDS} rounds of each")
    schedulers = {"coins": None, "lots": Random(senders=DEVICES), "largest updates": LargestUpdate(senders=10)}
    timed = {"clock": None, "deadline": Deadline(seconds=1e6), "joint": Joint(diversity=1e6)}
    contestants = {name: rounds(federation(scheduler=each), ROUNDS) for name, each in schedulers.items()}
    contestants |= {name: rounds(federation(scheduler=each, hardware=Fixed()), ROUNDS) for name, each in timed.items()}
    found = measure(contestants, parser.parse_args().repeats)
    show(f"softmax regression, {DEVICES} devices, {ROUNDS} rounds", found, "coins")
    for name, most in (("lots", 1.03), ("largest updates", 1.1), *((name, 1.03) for name in timed)):
        value = ratio(found, name, "coins")
        verdict(f"{name}: at most {most} times coins", value <= most, f"{value:.3f} x")


if __name__ == "__main__":
    main()
