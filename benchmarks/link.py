"""Blocks a second of the study `link`, beside a plain Sionna script, in one run: 5G LDPC codes on QAM over AWGN.

Both send the same blocks of random bits at the same SNR, compiled, in equal batches, with twenty iterations of belief
propagation. The plain script has Sionna's blocks alone; ours passes an air, with a link of its own for every block.
Block error rates stand beside, with their intervals.

    python benchmarks/link.py --seconds 10
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
import tensorflow as tf
from sionna.phy.channel import AWGN
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper

from overair.ota import confidence
from overair.ota.link_level import Blocks, LinkLevel
from overair.phy import Air, Awgn, Channel, Grid, Tdl, keys

CASES = [("QPSK 1/2", Blocks(2, 1008, 0.5), 1.0), ("16-QAM 2/3", Blocks(4, 1008, 2 / 3), 9.0)]
CHANNELS: list[tuple[str, Channel]] = [("AWGN", Awgn()), ("TDL-A", Tdl("A", 100e-9))]
Batch = Callable[[int], np.ndarray]  # from the number of a batch to the wrong bits of its blocks


def plain(blocks: Blocks, snr_db: float, batch: int) -> Batch:
    """Sionna's blocks in a row."""
    encoder = LDPC5GEncoder(blocks.block, blocks.sent, num_bits_per_symbol=blocks.order)
    decoder, source, channel = LDPC5GDecoder(encoder, num_iter=20), BinarySource(), AWGN()
    mapper, demapper = Mapper("qam", blocks.order), Demapper("app", "qam", blocks.order)
    no = tf.constant(10 ** (-snr_db / 10), tf.float32)

    @tf.function(autograph=False)
    def send() -> tf.Tensor:
        bits = source([batch, blocks.block])
        found = decoder(demapper(channel(mapper(encoder(bits)), no), no))
        return tf.math.count_nonzero(found != bits, axis=1)

    return lambda number: send().numpy()


def ours(channel: Channel, blocks: Blocks, snr_db: float) -> tuple[Batch, int]:
    level = LinkLevel(Air(Grid(), channel, 1), blocks, 2**30)
    return lambda number: level._wrong(snr_db, keys.key(0), number * level.batch).numpy(), level.batch


def alternating(ways: list[Batch], seconds: float) -> tuple[np.ndarray, list[np.ndarray]]:
    """Seconds of batches [N, ways], one way after another, and the wrong bits of their blocks."""
    for way in ways:
        way(0)
    times: list[list[float]] = []
    found: list[list[np.ndarray]] = [[] for _ in ways]
    end = time.perf_counter() + seconds
    while time.perf_counter() < end or len(times) < 3:
        row = []
        for way, kept in zip(ways, found, strict=True):
            start = time.perf_counter()
            kept.append(way(1 + len(times)))
            row.append(time.perf_counter() - start)
        times.append(row)
    return np.array(times), [np.concatenate(kept) for kept in found]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="for each code")
    seconds = parser.parse_args().seconds
    for name, blocks, snr_db in CASES:
        made = [ours(channel, blocks, snr_db) for _, channel in CHANNELS]
        batch = made[0][1]
        times, found = alternating([plain(blocks, snr_db, batch), *(way for way, _ in made)], seconds)
        for at, label in enumerate(["plain Sionna, AWGN", *(f"ours, {channel}" for channel, _ in CHANNELS)]):
            low, high = confidence.of_share(int(np.count_nonzero(found[at])), len(found[at]))
            ratio = times[:, 0] / times[:, at]
            print(
                f"{name:<11}{label:<20}{batch / np.median(times[:, at]):>7.0f} blocks/s   "
                f"{np.median(ratio):.2f} x plain ({np.percentile(ratio, 25):.2f} to {np.percentile(ratio, 75):.2f})   "
                f"BLER {np.mean(found[at] > 0):.4f} ({low:.4f} to {high:.4f})",
                flush=True,
            )


if __name__ == "__main__":
    main()
