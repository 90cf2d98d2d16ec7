"""Claim: an analog round of 50 devices x 61,706 parameters through waveforms, with clock offsets past the prefix,
takes under 2 s and peaks under 2 GB, and costs a small part of Sionna's time-domain chain in time and memory.

Each case runs in a process of its own, one after another, compiled, on TDL-A at 64 subcarriers; memory is the peak
resident size less what the imports took. Sionna's chain (its TDL over the devices as a batch, GenerateTimeChannel's
taps, OFDMModulator, ApplyTimeChannel, OFDMDemodulator) holds taps for every sample, more than 16 GB for a whole
round, so both sides are also measured on a part of it, ``--slots`` of the 35, and the ratio is taken there. The whole
round of ours has the codec, the power rule and both responses in it besides; Sionna's chain is the channel alone.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

from side_by_side import verdict

DEVICES, SIZE, SNR_DB = 50, 61_706, 10.0  # LeNet-5 on 28 x 28 images has so many parameters
SPREAD, CARRIER, PREFIX, SUBCARRIERS, SYMBOLS = 100e-9, 3.5e9, 16, 64, 14
CASES = {  # speed in m/s, taps held over a symbol or not
    "overair, static": (0.0, "symbol"),
    "overair, 3 m/s": (3.0, "symbol"),
    "overair, 3 m/s, taps of every sample": (3.0, "sample"),
    "Sionna": (3.0, "sample"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--slots", type=int, default=6, help="slots on which both sides are measured (default 6)")
    parser.add_argument("--repeats", type=int, default=7, help="rounds timed after two that are not")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.work:
        print(json.dumps(work(options.work, options.slots, options.repeats)))
        return
    whole = -(-SIZE // 2 // (SUBCARRIERS * SYMBOLS))
    print(f"{DEVICES} devices, TDL-A, {SUBCARRIERS} subcarriers, offsets up to 24 samples, {os.cpu_count()} cores")
    part = {case: run(case, options.slots, options.repeats) for case in CASES}
    full = {case: run(case, whole, options.repeats) for case in CASES if case != "Sionna"}
    for title, cases in ((f"{options.slots} slots", part), (f"{whole} slots, the whole round", full)):
        print(f"\n{title}\n  {'':38}{'median':>10}{'memory':>11}")
        for case, (seconds, memory) in cases.items():
            print(f"  {case:38}{seconds:>8.3f} s{memory:>8.2f} GB")
    seconds, memory = full["overair, static"]
    verdict("the whole round, static: under 2 s", seconds < 2, f"{seconds:.3f} s")
    verdict("the whole round, static: under 2 GB", memory < 2, f"{memory:.2f} GB")
    for case in full:
        times, sizes = (part["Sionna"][i] / part[case][i] for i in range(2))
        verdict(f"{case}: less than Sionna's chain", times > 1, f"{times:.1f} x faster, {sizes:.1f} x less memory")


def run(case: str, slots: int, repeats: int) -> tuple[float, float]:
    """Median seconds and gigabytes of a case, in a fresh process."""
    command = [sys.executable, __file__, "--work", case, "--slots", str(slots), "--repeats", str(repeats)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return seconds, memory


def work(case: str, slots: int, repeats: int) -> tuple[float, float]:
    """Median seconds and gigabytes of a case, in this process."""
    speed, coherence = CASES[case]
    round = sionna_round(slots, speed) if case == "Sionna" else analog_round(slots, speed, coherence)
    before, seconds = peak_gb(), []
    for repeat in range(repeats + 2):
        start = time.perf_counter()
        round(repeat)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[2:]), peak_gb() - before


def analog_round(slots: int, speed: float, coherence: str) -> Callable[[int], object]:
    import tensorflow as tf

    from overair.ota import Analog, Round, Terms, apply
    from overair.phy import Air, Grid, Tdl, TimingOffset, keys

    grid = Grid(SUBCARRIERS, SYMBOLS, prefix=PREFIX)
    offsets = (TimingOffset(0.0, 24.0),)
    air = Air(grid, Tdl("A", SPREAD, speed, CARRIER), DEVICES, impairments=offsets, coherence=coherence)  # type: ignore[arg-type]
    size = min(SIZE, 2 * slots * grid.elements)
    terms, place, uplink = Terms(air, size, -(-size // 2)), air.init(keys.key(0)), Analog()
    weights, state = tf.fill([DEVICES], 1 / DEVICES), uplink.init(terms, place)
    updates = keys.normal(keys.key(1), [DEVICES, size])

    @tf.function(autograph=False)
    def round(seed: tf.Tensor) -> tf.Tensor:
        key = keys.key(seed, "round")
        link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, SNR_DB)
        return apply(uplink, state, Round(terms, key, weights, link), updates)[0]

    return lambda seed: round(tf.constant(seed)).numpy()


def sionna_round(slots: int, speed: float) -> Callable[[int], object]:
    import tensorflow as tf
    from sionna.phy.channel import ApplyTimeChannel, GenerateTimeChannel, time_lag_discrete_time_channel
    from sionna.phy.channel.tr38901 import TDL
    from sionna.phy.ofdm import OFDMDemodulator, OFDMModulator

    symbols, bandwidth = slots * SYMBOLS, SUBCARRIERS * 15e3
    samples = symbols * (SUBCARRIERS + PREFIX)
    line = TDL("A", SPREAD, CARRIER, min_speed=speed)
    first, last = time_lag_discrete_time_channel(bandwidth)
    generate = GenerateTimeChannel(line, bandwidth, samples, first, last)
    send, modulate = ApplyTimeChannel(samples, last - first + 1), OFDMModulator(PREFIX)
    demodulate = OFDMDemodulator(SUBCARRIERS, first, PREFIX)
    x = tf.complex(tf.random.normal([1, DEVICES, 1, symbols, SUBCARRIERS]), 0.0)

    @tf.function(autograph=False)
    def round() -> tf.Tensor:
        taps = tf.transpose(generate(DEVICES), [1, 2, 3, 0, 4, 5, 6])
        return demodulate(send(modulate(x), taps, 10 ** (-SNR_DB / 10)))

    return lambda seed: round().numpy()


def peak_gb() -> float:
    """The largest size this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


if __name__ == "__main__":
    main()
