"""Originals and what arrives of them, a row an image and a column an SNR; ``examples/pictures.py`` sends some."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

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
