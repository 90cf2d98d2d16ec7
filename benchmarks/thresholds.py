"""Measures from which SNR packets of each mode of ``mcs`` get through AWGN, and prints the table that the package has.

A packet and its noise, but for the noise's scale, are drawn once. The least SNR at which it is read is found by
bisection, for all packets of a mode and length at once. The mean of these SNRs and their deviation are the table's
middle and spread. Words are really sent: check, 5G LDPC code, interleaver, QAM, demapper, twenty iterations.

    python benchmarks/thresholds.py --out ota/rates/_thresholds.py      # some ten minutes of a core
    python benchmarks/thresholds.py --modes 0 27 --seed 1               # some of it again, with other noise
"""

import argparse
import textwrap
import time
from pathlib import Path

import numpy as np
import tensorflow as tf

from overair.ota.rates import _chain, _qam
from overair.ota.rates._modes import MODES, Mode, carried_db
from overair.phy import keys

CODED = 2**18  # bits of all packets of a length, about
FEWEST, MOST = 160, 768  # packets
STEPS = 6  # of bisection
HEAD = (
    '"""Middle and spread, in dB, of the losses of each mode at some lengths; ``benchmarks/thresholds.py`` measures '
    'them."""\n\n'
)


def least_snrs(mode: Mode, symbols: int, packets: int, seed: int) -> np.ndarray:
    """The least SNR in dB at which each packet is read, [P]."""
    size = mode.size(symbols)
    plan = _chain.PacketPlan(*map(tf.constant, (_qam.ORDERS.index(mode.order), 1, size, symbols)))
    key = keys.key(seed, "thresholds")
    x = _chain.send(plan, key, tf.range(packets), tf.zeros([packets], tf.int32))
    noise = keys.complex_normal(keys.fold(key, "noise"), tf.shape(x))
    width = 2.0 + 80.0 / size**0.5  # dB that hold nearly all packets
    low = np.full(packets, carried_db(mode) - 0.15 * width)
    high = low + width
    for _ in range(STEPS):
        middle = (low + high) / 2
        power = tf.constant(10 ** (-middle / 10), tf.float32)[:, None]
        heard = x + noise * tf.cast(tf.sqrt(power), tf.complex64)
        good = _chain.read(plan, heard, tf.broadcast_to(power, heard.shape)).numpy()
        low, high = np.where(good, low, middle), np.where(good, middle, high)
    return (low + high) / 2


def measured(mode: Mode, seed: int) -> list[tuple[float, float]]:
    """Middle and spread at each length."""
    found = []
    for symbols in mode.measured:
        packets = int(np.clip(CODED // (symbols * mode.order), FEWEST, MOST))
        least = least_snrs(mode, symbols, packets, seed)
        found.append((round(float(least.mean()), 2), round(float(least.std()), 2)))
    return found


def written(mode: Mode, found: list[tuple[float, float]]) -> str:
    """The row of a mode, some lines of a file."""
    name = f"{2**mode.order}-QAM {mode.rate / 2:g}/1024" if mode.order > 2 else f"QPSK {mode.rate / 2:g}/1024"
    sizes = " ".join(str(mode.size(symbols)) for symbols in mode.measured)
    columns = [
        textwrap.fill(f"{list(values)},", 110, initial_indent=" " * 8, subsequent_indent=" " * 9)
        for values in zip(*found, strict=True)
    ]
    return "\n".join(["    (", f"        # {name}: {sizes}", *columns, "    ),"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--modes", type=int, nargs="+", default=range(len(MODES)))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    rows, began = [], time.perf_counter()
    for number in given.modes:
        rows.append(written(MODES[number], measured(MODES[number], given.seed)))
        print(rows[-1], f"  {time.perf_counter() - began:.0f} s", flush=True)
    if given.out:
        given.out.write_text(HEAD + "\n".join(["# fmt: off", "THRESHOLDS = [", *rows, "]", ""]))


if __name__ == "__main__":
    main()
