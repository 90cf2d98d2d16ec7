"""DeepJSCC on CIFAR-10 beside its rivals, its closed form and the curve its paper has.

    overair figure deepjscc_cifar

The published curve, bourtsoulatze2019.csv of the folder, is the network trained at 7 dB, at k/n = 1/12. Lines are the
mean of images' PSNRs, as published curves most likely are.
"""

from pathlib import Path

from matplotlib.figure import Figure

from ..scenarios.results import curves
from ..scenarios.results.curves import Sheet
from ._kept import kept
from ._look import Line
from .images import plot

TRAINED_DB = 7.0
PUBLISHED_RATIO = 1 / 12


def published(path: str | Path) -> Line:
    """The published curve of the network trained at 7 dB: SNRs and PSNRs, in dB."""

    def line(sheet: Sheet) -> Line:
        columns = [sheet.names.index(name) for name in ("trained_db", "snr_db", "psnr")]
        rows = [[float(row[at]) for at in columns] for row in sheet.rows.values()]
        rows = [row for row in rows if row[0] == TRAINED_DB]
        return [row[1] for row in rows], [row[2] for row in rows]

    return curves.read(path, line)


def plot_folder(folder: Path) -> Figure:
    """The results of a folder, and the published curve where it is there."""
    dataset, there = kept(folder, "deepjscc_cifar"), folder / "bourtsoulatze2019.csv"
    lines = (
        {(PUBLISHED_RATIO, "2019 network as published, trained at 7 dB"): published(there)} if there.exists() else {}
    )
    return plot(dataset, "mean_psnr", lines)
