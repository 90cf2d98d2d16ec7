"""Claim: any rule of 50 separate estimates of 61,706 parameters takes at most 100 ms."""

import argparse

import numpy as np
import tensorflow as tf
from side_by_side import Contestant, measure, show, verdict

from overair.ota import AggregationRule, CentredClip, GeometricMedian, Krum, Mean, Median, TrimmedMean

DEVICES, SIZE, MOST = 50, 61_706, 0.1  # seconds


def contestant(rule: AggregationRule) -> Contestant:
    """One aggregate."""
    points = tf.constant(np.random.default_rng(0).standard_normal([DEVICES, SIZE], np.float32))
    there = tf.range(DEVICES) < DEVICES - 3  # some were lost
    combine = tf.function(lambda: rule.combine(tf.identity(points), there), autograph=False)

    def run() -> None:
        combine().numpy()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=20, help="times each rule")
    rules = {
        "mean": Mean(),
        "median": Median(),
        "trimmed mean": TrimmedMean(10),
        "Krum": Krum(10),
        "multi-Krum": Krum(10, kept=20),
        "geometric median": GeometricMedian(),
        "centred clip": CentredClip(100.0),
    }
    found = measure({name: contestant(rule) for name, rule in rules.items()}, parser.parse_args().repeats)
    show(f"{DEVICES} estimates of {SIZE} parameters", found, "mean")
    for name in rules:
        seconds = float(np.median(found[name]))
        verdict(f"{name}: at most {1e3 * MOST:.0f} ms", seconds <= MOST, f"{1e3 * seconds:.1f} ms")


if __name__ == "__main__":
    main()
