"""What a digital receiver says an element carries, by what it knows of the channel: bits an element and their spread.

Four devices own a quarter of a slot each, with four times the power, at the capacity of what the receiver finds. Run it
on two checkouts to compare them: the links of a seed are the same.

    python benchmarks/detection.py --seeds 200
"""

import argparse
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from overair.ota import Digital, Round, Terms
from overair.phy import (
    Air,
    Channel,
    Csi,
    Delayed,
    ErrorVariance,
    Estimated,
    Grid,
    Perfect,
    QuantizedFeedback,
    Rayleigh,
    Tdl,
    keys,
)

DEVICES = 4
GRID = Grid()
AGED = 1.8687 / (2 * np.pi * GRID.slot_seconds)  # Doppler shift in Hz at which J0(2 pi f_d T) = 0.30 after a slot
SPEED = AGED / 3.5e9 * 299792458.0
LONG = Tdl("A", 300e-9)
CASES: list[tuple[str, Channel, Csi, float]] = [
    ("flat Rayleigh: perfect", Rayleigh(), Perfect(), 10.0),
    ("flat Rayleigh: told nothing", Rayleigh(), QuantizedFeedback(0, 0), 10.0),
    ("flat Rayleigh: one bit of phase", Rayleigh(), QuantizedFeedback(1, 0), 10.0),
    ("flat Rayleigh: three bits of phase, two of amplitude", Rayleigh(), QuantizedFeedback(3, 2), 10.0),
    ("flat Rayleigh: error variance 0.1", Rayleigh(), ErrorVariance(0.1), 10.0),
    ("flat, a slot old, J0 = 0.30", Tdl("A", 0.0, SPEED), Delayed(), 10.0),
    ("TDL-A 600 ns, a slot old, J0 = 0.30", Tdl("A", 600e-9, SPEED), Delayed(), 10.0),
    *((f"TDL-A 300 ns at {snr_db:g} dB: perfect", LONG, Perfect(), snr_db) for snr_db in (-10.0, 0.0, 10.0)),
    *((f"TDL-A 300 ns at {snr_db:g} dB: LMMSE", LONG, Estimated(), snr_db) for snr_db in (-10.0, 0.0, 10.0)),
    *((f"TDL-A 300 ns at {snr_db:g} dB: nearest", LONG, Estimated("nearest"), snr_db) for snr_db in (-10.0, 10.0)),
]


def rate(channel: Channel, knows: Csi, snr_db: float) -> Callable[[int], float]:
    """From a seed to bits an element."""
    air = Air(GRID, channel, DEVICES, csir=knows)
    terms, uplink = Terms(air, 10, GRID.elements), Digital()

    @tf.function(autograph=False)
    def found(seed: tf.Tensor) -> tf.Tensor:
        link = air.draw(air.init(keys.key(seed, "place")), keys.key(seed, "link"), 0.0, 1, snr_db)
        round = Round(terms, keys.key(seed, "round"), tf.ones([DEVICES]), link)
        share = uplink._subchannel(uplink.begin(tf.zeros([0, 10]), round), round, tf.range(DEVICES))
        return tf.reduce_sum(share.information) / GRID.elements

    return lambda seed: float(found(tf.constant(seed)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    for name, channel, knows, snr_db in CASES:
        of = rate(channel, knows, snr_db)
        bits = np.array([of(seed) for seed in range(seeds)])
        print(f"{name:<54}{bits.mean():>8.3f} +- {bits.std(ddof=1) / seeds**0.5:.3f}", flush=True)


if __name__ == "__main__":
    main()
