"""Retrieval over the air: which character is this, asked in 64 symbols; analog, learnt digital and picture compared.

    python -m overair.figures.retrieval --out retrieval.png --curves docs/curves --seeds 3

After fig. 3 of Gunduz et al., "Communicate to learn at the edge", IEEE Communications Magazine 2020, with Omniglot in
place of people: a query is a drawing of one of 659 characters that no network was trained on; the gallery holds the
drawings of each by drawers 1 to 10, and queries are by drawers 11 to 14. All ways have the same 64 complex elements,
energy and links; ``learning/inference`` has the ways. ``capacity`` carries what long codes would, ``LDPC`` sends real
code words of 64 symbols and picks rates at which it expects to lose a share TARGET of them. The receiver tells digital
devices the SNR that it has on each element; analog ones know nothing of the channel.

Numbers come from retrieval.csv in the folder of curves; if that is not there, it is simulated and written first, in
some seven minutes of a core for each seed.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..learning.data import omniglot
from ..learning.inference.retrieval import analog, bitmaps, embedding, heads, quantised
from ..learning.inference.retrieval.evaluate import (
    AnalogQueries,
    IdealQueries,
    Labels,
    Packets,
    QueryScheme,
    Rung,
    evaluate,
)
from ..learning.inference.retrieval.packets import Carrier
from ..learning.over_air import OverAir
from ..ota.rates import Rate
from ..ota.rates.capacity import Capacity
from ..ota.rates.ldpc import Ldpc
from ..phy import Air, Grid, keys
from ..phy.channels.awgn import Awgn
from ..phy.channels.rayleigh import Rayleigh
from ..phy.channels.tdl import Tdl
from ..phy.csi.estimated import Estimated
from . import _command as command
from ._tables import Rows
from ._tables import table as read
from .retrieval_picture import NOISELESS, draw

ELEMENTS = 64
GALLERY, QUERIES = slice(0, 10), slice(10, 14)  # drawers
SNRS = tuple(float(snr) for snr in range(-12, 19, 3))
RANGE = (-12.0, 18.0)
DRAWS = 1  # of the channel, for every query
PACKETS = {"capacity": 659, "LDPC": 120}  # at each SNR, which queries take in turn
TARGET = 0.1  # share of packets that LDPC may lose
STEPS, HEAD_STEPS = 2400, 600
MOST_FADING_STEPS = 200  # one through estimated channels takes as long as sixty without fading
RANKS = (1, 2, 3, 5, 10, 20)
COLUMNS = ("channel", "way", "snr_db", "seed", *(f"top{rank}" for rank in RANKS), "mean_average_precision")
PRICES = (  # of a bit, and how many features
    *((0.0005, 96), (0.0015, 64), (0.004, 48), (0.01, 32)),
    *((0.01, 24), (0.02, 24), (0.04, 16), (0.08, 10)),
)
SIDES = ((8, 0.2), (10, 0.3), (12, 0.3), (14, 0.4), (16, 0.4), (20, 0.4), (28, 0.4), (56, 0.5))  # pixels, threshold
GRID = Grid(ELEMENTS, 1)
AIRS = {
    "AWGN": Air(GRID, Awgn(), 1),
    "Rayleigh": Air(GRID, Rayleigh(), 1),
    "TDL-A estimated": Air(GRID, Tdl(delay_spread=300e-9), 1, csit=Estimated(), csir=Estimated()),
}
TRAINED: dict[
    str, tuple[str, float | tuple[float, float]]
] = {  # analog heads: the air and the SNRs they are trained with
    "analog, -6 dB": ("AWGN", -6.0),
    "analog, 0 dB": ("AWGN", 0.0),
    "analog, 10 dB": ("AWGN", 10.0),
    "analog, -12 to 18 dB": ("AWGN", RANGE),
    "analog, through fading": ("TDL-A estimated", RANGE),
}
RATES: dict[str, Rate] = {"capacity": Capacity(), "LDPC": Ldpc(TARGET)}
UNLIMITED = "noiseless, all 256 features"


class Pictures(NamedTuple):
    """Drawings of 56 and of 28 pixels a side."""

    fine: np.ndarray
    coarse: np.ndarray

    @staticmethod
    def of(fine: np.ndarray) -> "Pictures":
        """From drawings [C, D, 56, 56, 1], by means of 2 x 2."""
        c, d, side = fine.shape[:3]
        return Pictures(fine, fine.reshape(c, d, side // 2, 2, side // 2, 2, 1).mean(axis=(3, 5)))

    def by(self, drawers: slice) -> "Pictures":
        """Those of some drawers, [N, S, S, 1]."""
        return Pictures(*(part[:, drawers].reshape(-1, *part.shape[2:]) for part in self))


class Trained(NamedTuple):
    """What is trained for one seed."""

    network: keras.Model
    base: keras.Model  # the head of the baseline
    analog: dict[str, keras.Model]
    digital: list[quantised.Quantised]
    bitmaps: list[bitmaps.Bitmaps]


# --- Simulation


def train(pictures: Pictures, seed: int, network: keras.Model | None = None, steps: int = HEAD_STEPS) -> Trained:
    """One network, and a last layer for every way, on drawings [C, D, S, S, 1]."""
    network = network or embedding.train(pictures.coarse, STEPS, seed)
    features = embedding.embed_varied(network, pictures.coarse, keys.key(seed, "varied"))
    root = keys.key(seed, "heads")

    def head(send: heads.SendQueries, steps: int = steps) -> keras.Model:
        made = heads.head(features.shape[-1], 2 * ELEMENTS, seed)
        heads.train(made, features, send, steps, root)
        return made

    ways = {
        name: head(analog.through(OverAir(AIRS[air], snr)), steps if air == "AWGN" else min(steps, MOST_FADING_STEPS))
        for name, (air, snr) in TRAINED.items()
    }
    digital = [quantised.train(features, width, price, steps, seed, root) for price, width in PRICES]
    some = pictures.by(slice(0, 4)).fine
    return Trained(
        network, head(heads.noiseless), ways, digital, [bitmaps.learn(some, side, level) for side, level in SIDES]
    )


def ways_of(made: Trained, pictures: Pictures) -> Iterator[tuple[str, str, QueryScheme]]:
    """Channel, name and way of all that is compared, on drawings [C, D, S, S, 1] of other characters."""
    queries, gallery = pictures.by(QUERIES), pictures.by(GALLERY)
    classes = np.arange(len(pictures.coarse))
    labels = Labels(*(np.repeat(classes, len(part.coarse) // len(classes)) for part in (queries, gallery)))
    asked, known = (embedding.embed(made.network, part.coarse) for part in (queries, gallery))
    base = made.base(known).numpy()

    def shown(coder: bitmaps.Bitmaps) -> Rung:
        drawn = coder.blacken(queries.fine)
        seen = embedding.embed(made.network, coder.shown(drawn, queries.coarse.shape[1]))
        return Rung(coder.bits(drawn), labels.match(made.base(seen), base))

    def rounded(coder: quantised.Quantised) -> Rung:
        whole = coder.rounded(asked)
        return Rung(coder.bits(whole), labels.match(tf.constant(whole, tf.float32), coder.head(known)))

    ladders = {
        "learnt digital": in_order(rounded(coder) for coder in made.digital),
        "picture": in_order(shown(coder) for coder in made.bitmaps),
    }
    for channel, air in AIRS.items():
        layer = OverAir(air)
        yield channel, UNLIMITED, IdealQueries(labels, asked, known)
        yield channel, NOISELESS, IdealQueries(labels, made.base(asked).numpy(), base)
        for name, head in made.analog.items():
            if channel == "AWGN" or not isinstance(TRAINED[name][1], float):
                yield channel, name, AnalogQueries(labels, head(asked).numpy(), head(known).numpy(), layer)
        for name, rate in RATES.items():
            carrier = Carrier(air, rate, ELEMENTS, PACKETS[name])
            for kind, rungs in ladders.items():
                yield channel, f"{kind}, {name}", Packets(labels, rungs, carrier)


def in_order(rungs: Iterator[Rung]) -> list[Rung]:
    """Descriptions from few to many bits."""
    return sorted(rungs, key=lambda rung: rung.bits.mean())


def rows(seeds: Sequence[int]) -> Iterator[tuple[str, ...]]:
    """The names of the columns, and a row for every channel, way, SNR and seed."""
    yield COLUMNS
    train_fine, test_fine = omniglot.load(56)
    learn, other = Pictures.of(train_fine), Pictures.of(test_fine)
    for seed in seeds:
        for channel, name, way in ways_of(train(learn, seed), other):
            draws = DRAWS if isinstance(way, AnalogQueries) else 1
            for snr, scores in zip(SNRS, evaluate(way, SNRS, draws, keys.key(seed, "queries")), strict=True):
                numbers = *(scores.cmc[rank - 1] for rank in RANKS), scores.mean_precision
                yield channel, name, f"{snr:g}", str(seed), *(f"{number:.5g}" for number in numbers)


# --- Tables in files


def table(file: Path, seeds: Sequence[int]) -> Rows:
    """The rows of a file by column; one that is not there is simulated and written first."""
    about = (
        "about Omniglot, 659 new characters, gallery of 6,590 drawings, 2,636 queries by other drawers; 64 complex "
        "elements at the same energy; SNR is Es/N0; topK is the share of queries with their character among the "
        "first K of the gallery; a lost packet is a guess"
    )
    return read(file, COLUMNS, rows(seeds), 2, [f"seeds {json.dumps([*seeds])}", about])


def main(arguments: Sequence[str] | None = None) -> int:
    """From a table, simulated where it is missing, to a picture."""
    parser = command.parser("retrieval", __doc__)
    command.tables(parser, "retrieval.csv")
    parser.add_argument("--seeds", type=int, default=3, help="how many networks are trained")
    tf.get_logger().setLevel("ERROR")  # a function for every head is compiled on purpose
    return command.perform(
        parser,
        arguments,
        lambda wanted: draw(table(wanted.curves / "retrieval.csv", range(wanted.seeds)), wanted.out),
    )


if __name__ == "__main__":
    sys.exit(main())
