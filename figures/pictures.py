"""Originals and what arrives of them, a row an image and a column an SNR.

python -m overair.figures.pictures runs/jscc/networks/01332f5ad32cd940/last.keras --snr 0 5 10 20 --out pictures.png
python -m overair.figures.pictures last.keras --kodak --images 3
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from . import _command as command
from ._look import picture


def draw(originals: np.ndarray, received: np.ndarray, snrs_db: Sequence[float], path: str | Path) -> None:
    """Draw images [N, H, W, C] and what arrives of them, [S, N, H, W, C], into a file; PSNRs stand above each."""
    count, columns = len(originals), 1 + len(snrs_db)
    height, width = originals.shape[1:3]
    side = 1.2 if width <= 64 else 2.2
    with picture(path, side * columns, (side * height / width + 0.2) * count, dpi=200) as figure:
        panels = figure.subplots(count, columns, squeeze=False)
        for row, original in enumerate(originals):
            for column, image in enumerate([original, *received[:, row]]):
                panel = panels[row, column]
                panel.imshow(np.clip(image.squeeze(), 0, 1), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
                panel.set_axis_off()
                if column:
                    error = float(np.mean((np.clip(image, 0, 1) - original) ** 2))
                    above = f"SNR {snrs_db[column - 1]:g} dB\n" if row == 0 else ""
                    panel.set_title(f"{above}{-10 * np.log10(max(error, 1e-10)):.1f} dB", fontsize=7)
                elif row == 0:
                    panel.set_title("original\n", fontsize=7)


def _check(options: argparse.Namespace) -> None:
    """What is wrong with the command, before anything heavy is loaded."""
    for snr in options.snr:
        if not np.isfinite(snr):
            raise ValueError(f"--snr: expected finite numbers of decibels, received {snr}")
    if options.images < 1:
        raise ValueError(f"--images: expected at least 1, received {options.images}")
    if options.share is not None and not 0 < options.share <= 1:
        raise ValueError(f"--share: expected more than 0, at most 1, received {options.share:g}")
    if not Path(options.model).is_file():
        raise ValueError(
            f"{options.model}: expected a transmission saved as .keras, found no such file; "
            "a run with --out keeps its own in networks/*/last.keras"
        )


def receive(options: argparse.Namespace) -> None:
    """Sends the images that the command asks for, and draws what arrives."""
    _check(options)
    from ..learning.data.cifar10 import Cifar10
    from ..learning.images import load, reconstructions
    from ..learning.images.photographs import kodak
    from ..phy import keys

    model = load(options.model)
    images = (kodak()[0] if options.kodak else Cifar10().load().x_test)[: options.images]
    received = reconstructions(model, images, options.snr, keys.key(0, "pictures"), options.share)
    draw(images, received, options.snr, options.out)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = command.parser("pictures", __doc__)
    parser.add_argument("model", help="a transmission saved as .keras")
    parser.add_argument("--snr", nargs="+", type=float, default=[0.0, 5.0, 10.0, 20.0], help="in dB")
    parser.add_argument("--images", type=int, default=6, help="how many, from the first")
    parser.add_argument("--kodak", action="store_true", help="photographs instead of CIFAR-10's test images")
    parser.add_argument("--share", type=float, help="of the features that is sent; all unless given")
    return command.perform(parser, arguments, receive)


if __name__ == "__main__":
    sys.exit(main())
