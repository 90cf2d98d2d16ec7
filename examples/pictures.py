"""What a trained transmission makes of images: originals and what arrives of them, a row an image and a column an SNR.

python examples/pictures.py runs/jscc/networks/01332f5ad32cd940/last.keras --snr 0 5 10 20 --out pictures.png
python examples/pictures.py last.keras --kodak --images 3
"""

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from overair.figures.pictures import draw_sent


def faults(options: argparse.Namespace) -> list[str]:
    """What is wrong with the command, found before anything heavy is loaded."""
    share = options.share is None or 0 < options.share <= 1
    out = options.out.suffix in (".png", ".pdf", ".svg") and options.out.absolute().parent.is_dir()
    return [
        told
        for right, told in (
            (out, f"--out: expected a .png, .pdf or .svg in a folder that exists, received {options.out}"),
            (all(map(math.isfinite, options.snr)), f"--snr: expected finite decibels, received {options.snr}"),
            (options.images > 0, f"--images: expected at least 1, received {options.images}"),
            (share, f"--share: expected more than 0, at most 1, received {options.share}"),
            (options.model.is_file(), f"{options.model}: expected a transmission saved as .keras, found no such file; "
                                      "a run with --out keeps its own in networks/*/last.keras"),
        )
        if not right
    ]  # fmt: skip


def send(options: argparse.Namespace) -> None:
    """Sends the images, and draws what arrives."""
    from overair.learning.data.cifar10 import Cifar10
    from overair.learning.images import load, reconstructions
    from overair.learning.images.photographs import kodak
    from overair.phy import keys

    images = (kodak()[0] if options.kodak else Cifar10().load().x_test)[: options.images]
    received = reconstructions(load(options.model), images, options.snr, keys.key(0, "pictures"), options.share)
    draw_sent(images, received, options.snr, options.out)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", type=Path, help="a transmission saved as .keras")
    parser.add_argument("--snr", nargs="+", type=float, default=[0.0, 5.0, 10.0, 20.0], help="in dB")
    parser.add_argument("--images", type=int, default=6, help="how many, from the first")
    parser.add_argument("--kodak", action="store_true", help="photographs instead of CIFAR-10's test images")
    parser.add_argument("--share", type=float, help="of the features that is sent; all unless given")
    parser.add_argument("--out", type=Path, default=Path("pictures.png"), help="the picture (.png, .pdf, .svg)")
    options = parser.parse_args(arguments)
    if wrong := faults(options):
        parser.error(wrong[0])
    send(options)
    print(f"figure: {options.out}")


if __name__ == "__main__":
    main()
