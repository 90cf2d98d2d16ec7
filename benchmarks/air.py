"""Claim: air and codec together cost no more than Sionna's own channel for the same devices on the same grid.

An analog round (draw the link, encode, invert the channel, add, noise, combine, decode) of 50 devices x 61,706
parameters on a TDL-A channel, compiled, beside Sionna's GenerateOFDMChannel and ApplyOFDMChannel, compiled, with the
devices as the batch of the TDL and as the transmitters of ApplyOFDMChannel, so that both end with the same
superposition on as many slots with noise drawn once. Targets: at most 1.2 times Sionna with perfect CSI; at most
2.2 times with an offset that the transmitters do not see, where two responses are needed (Sionna still makes one).

Where nothing moves, Sionna may also be told to make a single symbol's response and let it broadcast; that shortcut of a
careful user is shown beside it.
"""

import argparse
import os
from collections.abc import Callable

import sionna
import tensorflow as tf
from side_by_side import Contestant, measure, ratio, show, verdict
from sionna.phy.channel import ApplyOFDMChannel, GenerateOFDMChannel
from sionna.phy.channel.tr38901 import TDL
from sionna.phy.ofdm import ResourceGrid

from overair.ota import Analog, Round, Terms, apply
from overair.phy import Air, Grid, Tdl, TimingOffset, keys

DEVICES, SIZE, SNR_DB = 50, 61_706, 10.0  # LeNet-5 on 28 x 28 images has so many parameters
CARRIER, SPREAD = 3.5e9, 100e-9
Compiled = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def analog_round(grid: Grid, speed: float, offset: bool) -> Compiled:
    impairments = (TimingOffset(0.0, 2.0),) if offset else ()
    air = Air(grid, Tdl("A", SPREAD, speed, CARRIER), DEVICES, impairments=impairments)
    uplink, terms = Analog(), Terms(air, SIZE, -(-SIZE // 2))
    place = air.init(keys.key(0, "place"))
    state = uplink.init(terms, place)
    weights = tf.fill([DEVICES], 1 / DEVICES)

    @tf.function(autograph=False)
    def round(updates: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        link = air.draw(place, keys.fold(key, "link"), 0.0, terms.slots, SNR_DB)
        return apply(uplink, state, Round(terms, key, weights, link), updates)[0]

    return round


def sionna_round(grid: Grid, slots: int, speed: float, symbols: int) -> Compiled:
    """Sionna's response over so many symbols, applied to all symbols of all slots."""
    line = TDL("A", SPREAD, CARRIER, min_speed=speed)
    resources = ResourceGrid(symbols, grid.subcarriers, grid.spacing, cyclic_prefix_length=grid.prefix)
    generate, send = GenerateOFDMChannel(line, resources), ApplyOFDMChannel()
    shape = [1, DEVICES, 1, slots * grid.symbols, grid.subcarriers]

    @tf.function(autograph=False)
    def round(parts: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        h = generate(DEVICES)  # [K, 1, 1, 1, 1, T, F]
        h = tf.reshape(h, [1, 1, 1, DEVICES, 1, symbols, grid.subcarriers])
        return send(tf.reshape(parts, shape), h, 10 ** (-SNR_DB / 10))

    return round


def compare(subcarriers: int, speed: float, repeats: int) -> None:
    grid = Grid(subcarriers=subcarriers, prefix=max(16, subcarriers // 8))
    slots = grid.slots(-(-SIZE // 2))
    updates, key = tf.random.stateless_normal([DEVICES, SIZE], [1, 2]), keys.key(0, "round")
    symbols = grid.place(tf.cast(updates[:, : -(-SIZE // 2)], tf.complex64), slots)  # [K, T, F]

    def run(round: Compiled, sent: tf.Tensor) -> Contestant:
        return lambda: round(sent, key).numpy()

    contestants = {
        "Sionna": run(sionna_round(grid, slots, speed, slots * grid.symbols), symbols),
        "overair": run(analog_round(grid, speed, False), updates),
        "overair, unseen offset": run(analog_round(grid, speed, True), updates),
    }
    if speed == 0:
        contestants["Sionna, one symbol's response"] = run(sionna_round(grid, slots, speed, 1), symbols)
    times = measure(contestants, repeats)
    show(f"{subcarriers} subcarriers, {slots} slots, {speed:g} m/s", times, "Sionna")
    for name, most in (("overair", 1.2), ("overair, unseen offset", 2.2)):
        value = ratio(times, name, "Sionna")
        verdict(f"{name}: at most {most} x Sionna", value <= most, f"{value:.2f} x")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repeats, and one grid only")
    quick = parser.parse_args().quick
    print(f"TensorFlow {tf.__version__}, Sionna {sionna.__version__}, {os.cpu_count()} cores")
    print(f"{DEVICES} devices x {SIZE:,} parameters")
    for subcarriers in (256,) if quick else (64, 256, 1024):
        for speed in (0.0, 3.0):
            compare(subcarriers, speed, 5 if quick else 15)


if __name__ == "__main__":
    main()
