"""DeepJSCC on CIFAR-10 beside its rivals, its closed form and the curve its paper has.

    overair run deepjscc_cifar --out runs/jscc
    python -m overair.figures.deepjscc_cifar runs/jscc --published docs/curves/bourtsoulatze2019.csv --out figure.png

The published curve is the network trained at 7 dB, at k/n = 1/12. Lines are the mean of images' PSNRs, as published
curves most likely are; ``--variable psnr`` is the PSNR of the mean squared error.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from ..scenarios import ScenarioError
from ..scenarios.results import curves, saved
from ..scenarios.results.curves import Sheet
from . import _command as command
from ._look import Line
from .images import draw

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


def compare(wanted: argparse.Namespace) -> None:
    """Draws what the command asks for."""
    dataset, lines = saved.load(wanted.results), {}
    if wanted.variable not in dataset:
        raise ScenarioError(f"{wanted.results}: expected results of images, received others; run deepjscc_cifar")
    if wanted.published:
        lines = {(PUBLISHED_RATIO, "2019 network as published, trained at 7 dB"): published(wanted.published)}
    draw(dataset, wanted.out, wanted.variable, lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command.parser("deepjscc_cifar", __doc__)
    parser.add_argument("results", help="a folder of `overair run deepjscc_cifar`, or its curve.csv")
    parser.add_argument("--published", help="a CSV file of trained_db, snr_db and psnr")
    parser.add_argument("--variable", choices=("psnr", "mean_psnr"), default="mean_psnr")
    return command.perform(parser, arguments, compare)


if __name__ == "__main__":
    sys.exit(main())
