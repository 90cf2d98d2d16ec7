"""Split inference: where to cut a network between a device and a server, by the SNR of the link between them.

    python -m overair.figures.split_inference --out split_inference.png --curves docs/curves

A small VGG on CIFAR-10 (``split_study``). Energy of the device and latency of an answer against the mean SNR, a line a
cut; accuracy of analog features behind a bottleneck, beside that of the whole network; and the cut of least energy or
latency among those within a point of the whole network's accuracy. Numbers come from split_inference.csv in the folder
of curves; a file that is not there is simulated and written first, which takes half an hour with the training of the
network (--weights keeps what was learnt). Times of computing there are counted from operations, so that every machine
has the same; --time measured puts those of this machine in their place, which ought to be idle.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.ticker import FormatStrFormatter, LogLocator, NullFormatter

from . import _command as command
from . import split_study as study
from ._look import BOX, COLOURS, MARKERS, caption, grid, marked, picture
from ._tables import Rows, select

POINT = 0.01  # of accuracy that a cut may cost
SHOWN = ("input", "block1_pool", "block2_pool", "block3_pool", "dense", "logits")
COMPUTERS = {
    "counted": "Device: 5 GFLOP/s at 2 W, 1.3 W to send; server: 1 TFLOP/s.",
    "measured": "Device: ten times slower than here, 2 W, 1.3 W to send; server: as here.",
}
DASHES = {"digital": "-", "analog": "--"}
QUANTITIES = {"energy_j": "energy", "latency_s": "latency"}


def best(found: Rows, quantity: str, scheme: str | None = None) -> Rows:
    """The row of least energy or latency at each SNR, of those accurate enough; of one scheme, or of both."""
    least = float(found[0]["accuracy"]) - POINT
    good = [row for row in found[1:] if float(row["accuracy"]) >= least and scheme in (None, row["scheme"])]
    return [
        min((row for row in good if row["snr_db"] == snr), key=lambda row: float(row[quantity]))
        for snr in dict.fromkeys(row["snr_db"] for row in found[1:])
    ]


def draw(found: Rows, path: str | Path, time: str = "counted") -> None:
    """Draw the table into a file; ``time`` says where its times of computing are from."""
    with picture(path, 7.2, 5.8) as figure:
        panels = figure.subplots(2, 2)
        _against_snr(panels[0, 0], found, "energy_j", 1e3, "Energy of the device (mJ)")
        _against_snr(panels[0, 1], found, "latency_s", 1e3, "Latency (ms)")
        _accuracies(panels[1, 0], found)
        _choices(panels[1, 1], found)
        for panel in panels.ravel():
            grid(panel)
            panel.set_xlabel("Mean SNR (dB)")
        handles, labels = panels[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=5, frameon=False, fontsize=7)
        caption(
            figure,
            f"CIFAR-10, slow Rayleigh fading over 18 MHz, lost packets are sent again. {COMPUTERS[time]}\n"
            "Digital: fewest bits a number that cost no half point; analog: "
            f"{study.SYMBOLS} real symbols of a learnt linear bottleneck. Grey: within a point of the whole network.",
        )


def _looks(scheme: str, cut: str) -> dict[str, Any]:
    place = SHOWN.index(cut)
    return marked(COLOURS[place], MARKERS[place]) | ({"markerfacecolor": "white"} if scheme == "analog" else {})


def _against_snr(panel: Axes, found: Rows, quantity: str, scale: float, label: str) -> None:
    for scheme in DASHES:
        for cut in SHOWN:
            if any(row["scheme"] == scheme and row["cut"] == cut for row in found):
                x, y = select(found, "snr_db", quantity, scheme=scheme, cut=cut)
                name = f"{cut.replace('_', ' ')}, {scheme}"
                panel.plot(x, scale * y, DASHES[scheme], label=name, **_looks(scheme, cut))
    panel.set(yscale="log", ylabel=label)
    panel.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    panel.yaxis.set_major_formatter(FormatStrFormatter("%g"))
    panel.yaxis.set_minor_formatter(NullFormatter())


def _accuracies(panel: Axes, found: Rows) -> None:
    whole = float(found[0]["accuracy"])
    panel.axhspan(whole - POINT, whole, color="0.85", linewidth=0)
    for cut in study.BOTTLENECKS:
        x, y = select(found, "snr_db", "accuracy", scheme="analog", cut=cut)
        panel.plot(x, y, DASHES["analog"], **_looks("analog", cut))
    x = select(found, "snr_db", scheme="digital", cut=SHOWN[0])[0]
    panel.plot(x, np.full(len(x), whole), color="0.3", linewidth=1.0)
    panel.set_ylabel("Accuracy of analog features")


def _choices(panel: Axes, found: Rows) -> None:
    """The best cuts, a line for least energy and one for least latency; open marks are analog."""
    order = [cut for cut in dict.fromkeys(row["cut"] for row in found[1:])]
    for place, (quantity, name) in enumerate(QUANTITIES.items()):
        rows = best(found, quantity)
        x = np.array([float(row["snr_db"]) for row in rows])
        y = np.array([order.index(row["cut"]) for row in rows]) + 0.12 * (2 * place - 1)
        colour = COLOURS[6 + place]
        panel.plot(x, y, color=colour, linewidth=1.2, label=f"least {name}")
        for at, row in enumerate(rows):
            face = "white" if row["scheme"] == "analog" else colour
            panel.plot(x[at], y[at], "os"[place], color=colour, markerfacecolor=face, markersize=5)
    panel.set_yticks(range(len(order)), [cut.replace("_", " ") for cut in order], fontsize=6.5)
    panel.set_ylim(-0.6, len(order) - 0.4)
    panel.set_ylabel("Best cut (open: analog)")
    panel.legend(**BOX, fontsize=7)


def read(wanted: argparse.Namespace) -> None:
    """Draws the table in the folder that the command names."""
    if wanted.weights and not wanted.weights.name.endswith(".weights.h5"):
        raise ValueError(f"--weights: expected a file that ends in .weights.h5, received {wanted.weights}")
    found = study.table(wanted.curves / "split_inference.csv", wanted.weights)
    draw(study.measured(found) if wanted.time == "measured" else found, wanted.out, wanted.time)


def main(arguments: Sequence[str] | None = None) -> int:
    """From a table, simulated where it is missing, to a picture."""
    parser = command.parser("split_inference", __doc__)
    command.tables(parser, "split_inference.csv")
    parser.add_argument("--weights", type=Path, help="the trained network (.weights.h5), kept or to be kept")
    parser.add_argument("--time", choices=COMPUTERS, default="counted", help="times of computing (counted)")
    tf.get_logger().setLevel("ERROR")  # every part of the network is compiled on purpose
    return command.perform(parser, arguments, read)


if __name__ == "__main__":
    sys.exit(main())
