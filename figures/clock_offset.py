"""Clock offsets: the error of the sum, and the accuracy it leads to, from inside the prefix to far past it.

    overair run clock_offset --out runs/clock_offset
    python -m overair.figures.clock_offset runs/clock_offset --out clock_offset.png

The upper panel simulates sums of independent updates through the air of the run and draws the theory over the points.
With offsets D uniform on {0..T}, E = max(0, D - prefix) samples past the prefix of an N-point symbol and c_f = (1 -
E/N) exp(-j 2 pi f D/N), times its own phase where the offset is seen, the error is mean_f E|c_f - 1|^2 + E[2 E/N -
(E/N)^2]. The lower panel shows the accuracies of the run.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import tensorflow as tf
import xarray as xr
from matplotlib.axes import Axes

from ..ota import Analog, Round, Terms, apply
from ..phy import Air, Awgn, FullInversion, Grid, TimingOffset, keys
from ..scenarios.results import saved
from . import _command as command
from ._labels import axis_label
from ._look import BOX, COLOURS, MARKERS, caption, grid, picture

HIGH, SEEN = "link.impairments.0.high", "link.impairments.0.seen"
GRID, DEVICES, SNR_DB, SIZE = Grid(subcarriers=64, prefix=16), 20, 20.0, 7850


def theory(high: int, seen: bool, grid: Grid = GRID, rows: int = -(-SIZE // 2 // 64)) -> float:
    """NMSE of a sum of independent updates that fills so many OFDM symbols, noise apart; the first hears no other."""
    late, f = np.arange(high + 1), np.arange(grid.subcarriers) - grid.subcarriers // 2
    past = np.maximum(0, late - grid.prefix) / grid.subcarriers  # E/N
    gain = (1 - past)[:, None] * np.exp(-2j * np.pi * np.outer(late, 0 * f if seen else f) / grid.subcarriers)
    between = past * (rows - 1) / rows  # of symbols
    within = past - past**2  # of subcarriers
    return float((np.abs(gain - 1) ** 2).mean() + (between + within).mean())


def simulate(high: int, seen: bool, rounds: int) -> np.ndarray:
    """NMSE of rounds in which everybody sends independent normal updates and inverts what it believes."""
    offset = TimingOffset(0.0, float(high), whole=True, seen=seen)
    terms = Terms(Air(GRID, Awgn(), DEVICES, impairments=(offset,), oversampling=1), SIZE, -(-SIZE // 2))
    uplink, weights = Analog(rule=FullInversion()), tf.fill([DEVICES], 1 / DEVICES)

    def one(index: tf.Tensor) -> tf.Tensor:
        key = keys.key(0, "clock offset", index)
        place = terms.air.init(key)
        link = terms.air.draw(place, key, 0.0, terms.slots, SNR_DB)
        updates = keys.normal(keys.fold(key, "updates"), [DEVICES, SIZE])
        return apply(uplink, uplink.init(terms, place), Round(terms, key, weights, link), updates)[2].nmse

    draws = tf.function(lambda: tf.map_fn(one, tf.range(rounds), fn_output_signature=tf.float32), autograph=False)
    return draws().numpy()


def draw(dataset: xr.Dataset, path: str | Path, rounds: int = 40) -> None:
    """Draw both panels into a file."""
    missing = [axis for axis in (HIGH, SEEN) if axis not in dataset.dims]
    if missing:
        raise ValueError(f"results: expected the axes {HIGH} and {SEEN}, as those of clock_offset, received none such")
    highs = dataset[HIGH].values
    with picture(path, 5.0, 5.6) as figure:
        above, below = figure.subplots(2, 1, sharex=True)
        for at, seen in enumerate(str(value) == "true" for value in dataset[SEEN].values):
            _errors(above, highs, seen, rounds)
            _accuracies(below, highs, seen, dataset.isel({SEEN: at}))
        above.set_yscale("log")
        above.set_ylabel("NMSE of the sum")
        below.set_ylabel(axis_label(dataset, "accuracy"))
        below.set_xlabel("Largest offset (samples)")
        for panel in (above, below):
            grid(panel)
            panel.axvline(GRID.prefix, color="0.5", linewidth=0.8, linestyle=":")
        above.annotate("prefix", (GRID.prefix, 1), (3, -9), "data", "offset points", color="0.4", fontsize=7)
        above.legend(**BOX, loc="lower right")
        caption(figure, _told(dataset, rounds))


def _told(dataset: xr.Dataset, rounds: int) -> str:
    seeds, last = dataset.sizes["seed"], int(dataset["round"].values[-1])
    return (
        f"{DEVICES} devices, {SNR_DB:g} dB, offsets uniform from 0, new every round. Above: mean of {rounds} sums\n"
        f"of independent updates, bars of two standard errors, theory as lines. Below: MNIST, mean of\n{seeds} "
        f"seeds after {last} rounds, band from lowest to highest."
    )


def _look(seen: bool) -> tuple[str, str]:
    return (COLOURS[0], MARKERS[0]) if seen else (COLOURS[1], MARKERS[1])


def _errors(panel: Axes, highs: np.ndarray, seen: bool, rounds: int) -> None:
    colour, marker = _look(seen)
    noise = 10 ** (-SNR_DB / 10) / DEVICES
    fine = np.arange(int(highs.max()) + 1)
    label = "seen by the transmitters" if seen else "not seen"
    panel.plot(fine, [theory(int(high), seen) + noise for high in fine], color=colour, linewidth=1.0)
    draws = np.array([simulate(int(high), seen, rounds) for high in highs])  # [offsets, rounds]
    error = 2 * draws.std(axis=1, ddof=1) / rounds**0.5
    panel.errorbar(highs, draws.mean(axis=1), error, fmt=marker, color=colour, markersize=4, capsize=2, label=label)


def _accuracies(panel: Axes, highs: np.ndarray, seen: bool, dataset: xr.Dataset) -> None:
    accuracy = dataset.accuracy.isel(round=-1).transpose("seed", HIGH).values
    colour, marker = _look(seen)
    panel.fill_between(highs, accuracy.min(0), accuracy.max(0), color=colour, alpha=0.18, linewidth=0)
    panel.plot(highs, accuracy.mean(0), color=colour, marker=marker, markersize=4, linewidth=1.3)


def main(arguments: Sequence[str] | None = None) -> int:
    """From a folder of results to a picture."""
    parser = command.parser("clock_offset", __doc__)
    parser.add_argument("run", type=Path, help="the folder of a run of clock_offset")
    tf.get_logger().setLevel("ERROR")  # an air for every offset is compiled on purpose
    return command.perform(parser, arguments, lambda wanted: draw(saved.load(wanted.run), wanted.out))


if __name__ == "__main__":
    sys.exit(main())
