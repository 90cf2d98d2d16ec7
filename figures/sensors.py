"""Many sensors that see one thing: their features added over the air beside features sent one by one.

    python -m overair.figures.sensors --out sensors.png --curves docs/curves

Left, accuracy on Fashion-MNIST against the SNR for K sensors; each sees a window of 14 x 14 pixels of the 28 x 28 and
noise. All have 16 resource elements together, and a sensor the same energy in both ways. Right, the mean of K noisy
copies, in theory (lines) and through the air (points). Numbers come from sensors.csv in the folder of curves; a file
that is not there is simulated and written first, which takes minutes.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from ..learning.data.fashion_mnist import FashionMnist
from ..learning.inference.sensors import theory as sensor_theory
from ..learning.inference.sensors.ways import WAYS, Sensors, Views, Way, accuracy, fit
from ..phy import keys
from . import _command as command
from ._look import BOX, COLOURS, MARKERS, caption, grid, marked, picture
from ._tables import Rows, select, table

SEEDS, COUNTS, ELEMENTS = (0, 1, 2), (1, 2, 4, 8), 16
SNRS = tuple(np.arange(-20.0, 11.0, 5.0))
STEPS, TESTED = 500, 5000
VIEWS = Views(window=14, noise=0.3)
TOY_NOISE, TOY_SNR = 0.25, 0.0
COLUMNS = ("what", "sensors", "snr_db", "seed", "value", "theory")
LABELS = {"added": "added over the air", "one_by_one": "one by one"}
DASHES: Any = {"added": "-", "one_by_one": "--"}


def rows() -> Iterator[tuple[str, ...]]:
    """The names of the columns, and a row for every way, number of sensors, SNR and seed."""
    yield COLUMNS
    for seed in SEEDS:
        for sensors in COUNTS:
            for way in WAYS if sensors > 1 else WAYS[:1]:
                for snr, found in zip(SNRS, simulate(sensors, way, seed), strict=True):
                    yield way, str(sensors), f"{snr:g}", str(seed), f"{found:.6g}", "nan"
    for way in WAYS:
        for sensors in COUNTS:
            errors = sensor_theory.simulated(sensors, TOY_NOISE, TOY_SNR, way, keys.key(0, "toy", sensors)).numpy()
            expected = sensor_theory.error(sensors, TOY_NOISE, TOY_SNR, way)
            yield f"error {way}", str(sensors), f"{TOY_SNR:g}", "0", f"{errors.mean():.6g}", f"{expected:.6g}"


def simulate(sensors: int, way: Way, seed: int, snrs: tuple[float, ...] = SNRS) -> list[float]:
    """Accuracies of one training, over a range of SNRs, on test images that all of a seed see alike."""
    data = FashionMnist().load()
    net = Sensors(sensors, ELEMENTS, data.x_train.shape[1:], data.classes, way, seed)
    fit(net, data.x_train, data.y_train, VIEWS, (SNRS[0], SNRS[-1]), STEPS, keys.key(seed, "fit"))
    x, y = data.x_test[:TESTED], data.y_test[:TESTED]
    return [accuracy(net, x, y, VIEWS, snr, keys.key(seed, "test")) for snr in snrs]


def draw(found: Rows, path: str | Path) -> None:
    """Draw the table into a file."""
    with picture(path, 7.2, 3.4) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(3, 2))
        _accuracies(left, found)
        _errors(right, found)
        for panel in (left, right):
            grid(panel)
        caption(
            figure,
            f"Left: Fashion-MNIST, {ELEMENTS} resource elements for all sensors together, equal energy a sensor, AWGN, "
            f"aligned phases;\nmean of {len({row['seed'] for row in found})} seeds, band from lowest to highest. "
            f"Right: x + v with a variance of v of {TOY_NOISE}, {TOY_SNR:g} dB.",
        )


def _accuracies(panel: Axes, found: Rows) -> None:
    for place, sensors in enumerate(COUNTS):
        for way in WAYS if sensors > 1 else WAYS[:1]:
            snr, value = select(found, "snr_db", "value", what=way, sensors=str(sensors))
            x = np.unique(snr)
            values = np.stack([value[snr == at] for at in x], axis=1)  # [seeds, SNRs]
            panel.fill_between(x, values.min(0), values.max(0), color=COLOURS[place], alpha=0.18, linewidth=0)
            panel.plot(x, values.mean(axis=0), DASHES[way], **marked(COLOURS[place], MARKERS[place]))
    handles = [
        Line2D([], [], color=COLOURS[at], marker=MARKERS[at], markersize=3.5, label=f"K = {sensors}")
        for at, sensors in enumerate(COUNTS)
    ]
    handles += [Line2D([], [], color="0.3", linestyle=DASHES[way], label=LABELS[way]) for way in WAYS]
    panel.legend(handles=handles, **BOX, fontsize=7)
    panel.set(xlabel="SNR (dB)", ylabel="Test accuracy")


def _errors(panel: Axes, found: Rows) -> None:
    for place, way in enumerate(WAYS):
        sensors, value, theory = select(found, "sensors", "value", "theory", what=f"error {way}")
        panel.plot(sensors, theory, DASHES[way], color=COLOURS[4 + place], linewidth=1.2, label=LABELS[way])
        panel.plot(sensors, value, MARKERS[4 + place], color=COLOURS[4 + place], markersize=4)
    panel.plot(COUNTS, TOY_NOISE / np.array(COUNTS), ":", color="0.4", linewidth=1.0, label="no channel noise")
    panel.set(xscale="log", yscale="log", xlabel="Sensors K", ylabel="Squared error of the mean of K copies")
    panel.set_xticks(COUNTS, [str(each) for each in COUNTS])
    panel.minorticks_off()
    panel.legend(**BOX, fontsize=7)


def read(file: Path) -> Rows:
    """The table in a file; one that is not there is simulated and written first."""
    return table(file, COLUMNS, rows(), 1, [f"seeds {json.dumps(SEEDS)}"])


def main(arguments: Sequence[str] | None = None) -> int:
    """From a table, simulated where it is missing, to a picture."""
    parser = command.parser("sensors", __doc__)
    command.tables(parser, "sensors.csv")
    return command.perform(parser, arguments, lambda wanted: draw(read(wanted.curves / "sensors.csv"), wanted.out))


if __name__ == "__main__":
    sys.exit(main())
