"""Rounds a second of sums over the air, beside what the same sums cost without the package.

Rivals draw vectors, gains and noise, invert the channel at the level of the weakest device (devices below a threshold
are silent where it truncates), add up and compare: by hand in a compiled TensorFlow loop, and in NumPy. Sides take
turns in one run; the fastest turn of each counts. Medians of NMSE show that they do the same.

    python benchmarks/aggregation.py --rounds 1000
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from overair.ota import Analog, Terms
from overair.ota.sums import Sums, normal_vectors
from overair.phy import Air, Awgn, Channel, FullInversion, Grid, MseOptimal, PowerRule, Rayleigh, TruncatedInversion

DEVICES, ENTRIES, SNR_DB, TURNS = 20, 256, 10.0, 5
Rounds = Callable[[int], np.ndarray]  # from how many to their NMSE
RULES: list[tuple[PowerRule, float | None]] = [  # and the threshold of the rivals
    (FullInversion(), 0.0),
    (TruncatedInversion(unbiased=False), 0.1),
    (MseOptimal(), None),
]


def ours(channel: Channel, rule: PowerRule) -> Rounds:
    terms = Terms(Air(Grid(), channel, DEVICES), ENTRIES, ENTRIES // 2)
    sums, seed = Sums(Analog(rule=rule), terms, normal_vectors(DEVICES, ENTRIES)), tf.constant(0, tf.int64)
    state, snr = sums.init(seed), tf.constant(SNR_DB)
    return lambda count: sums.rounds(state, seed, snr, tf.constant(0), tf.constant(count)).nmse.numpy()


def tensorflow(faded: bool, threshold: float) -> Rounds:
    def one(number: tf.Tensor) -> tf.Tensor:
        def normal(shape: list[int], purpose: int) -> tf.Tensor:
            return tf.random.stateless_normal(shape, tf.stack([number, purpose]))

        u = normal([DEVICES, ENTRIES], 0)
        h = tf.complex(*tf.unstack(normal([2, DEVICES], 1) * 0.5**0.5)) if faded else tf.ones([DEVICES], tf.complex64)
        s = tf.complex(u[:, : ENTRIES // 2], u[:, ENTRIES // 2 :]) / DEVICES
        b = tf.where(tf.abs(h) ** 2 >= threshold, 1 / h, 0)
        x = b[:, None] * s
        level = tf.reduce_max(tf.reduce_sum(tf.abs(x) ** 2, axis=1) / (ENTRIES // 2)) ** -0.5
        n = tf.complex(*tf.unstack(normal([2, ENTRIES // 2], 2))) * (10 ** (-SNR_DB / 10) / 2) ** 0.5
        y = tf.reduce_sum(h[:, None] * tf.cast(level, x.dtype) * x, axis=0) + n
        total = tf.reduce_sum(s, axis=0)
        return tf.reduce_sum(tf.abs(y / tf.cast(level, y.dtype) - total) ** 2) / tf.reduce_sum(tf.abs(total) ** 2)

    @tf.function(autograph=False)
    def rounds(count: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(one, tf.range(count), fn_output_signature=tf.float32, parallel_iterations=1)

    return lambda count: rounds(tf.constant(count)).numpy()


def numpy(faded: bool, threshold: float) -> Rounds:
    def one(rng: np.random.Generator) -> float:
        u = rng.standard_normal([DEVICES, ENTRIES], np.float32)
        h = rng.standard_normal([DEVICES, 2], np.float32).view(np.complex64)[:, 0] * np.float32(0.5**0.5)
        h = h if faded else np.ones_like(h)
        s = u.view(np.complex64) / np.float32(DEVICES)
        x = np.where(np.abs(h) ** 2 >= threshold, 1 / h, 0)[:, None] * s
        level = ((np.abs(x) ** 2).sum(axis=1) / (ENTRIES // 2)).max() ** -0.5
        n = rng.standard_normal(ENTRIES, np.float32).view(np.complex64) * (10 ** (-SNR_DB / 10) / 2) ** 0.5
        y, total = (h[:, None] * level * x).sum(axis=0) + n, s.sum(axis=0)
        return float((np.abs(y / level - total) ** 2).sum() / (np.abs(total) ** 2).sum())

    def rounds(count: int) -> np.ndarray:
        rng = np.random.default_rng(0)
        return np.array([one(rng) for _ in range(count)])

    return rounds


def measured(sides: dict[str, Rounds], count: int) -> dict[str, tuple[float, float]]:
    """Seconds of the fastest turn, and the median NMSE, of each side."""
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    nmse = {name: float(np.median(rounds(count))) for name, rounds in sides.items()}  # and compiled
    for _ in range(TURNS):
        for name, rounds in sides.items():
            start = time.perf_counter()
            rounds(count)
            seconds[name].append(time.perf_counter() - start)
    return {name: (min(seconds[name]), nmse[name]) for name in sides}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1000)
    count = parser.parse_args().rounds
    print(f"{DEVICES} devices x {ENTRIES} entries: rounds/s (median NMSE)")
    for channel in (Awgn(), Rayleigh()):
        for rule, threshold in RULES:
            sides = {"overair": ours(channel, rule)}
            if threshold is not None:
                faded = isinstance(channel, Rayleigh)
                sides |= {"TensorFlow": tensorflow(faded, threshold), "NumPy": numpy(faded, threshold)}
            found = measured(sides, count)
            rates = ", ".join(f"{name} {count / s:,.0f} ({nmse:.4g})" for name, (s, nmse) in found.items())
            floor = found.get("TensorFlow")
            ratio = f", {found['overair'][0] / floor[0]:.2f} times the bare loop" if floor else ""
            print(f"{type(channel).__name__:<10}{type(rule).__name__:<20}{rates}{ratio}", flush=True)


if __name__ == "__main__":
    main()
