"""Pictures: an image a row, an SNR a column, and above each the PSNR of what arrived."""

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from overair.figures import pictures


def test_psnrs_stand_above_what_arrived_and_snrs_above_columns(figures: list[Figure], tmp_path: Path) -> None:
    """An error of 0.1 everywhere is 20 dB, of 0.01 is 40 dB; values beyond white are clipped before they are told."""
    originals = np.stack([np.full((4, 4, 3), 0.5), np.full((4, 4, 3), 0.95)])
    received = np.stack([originals + 0.1, originals + 0.01])
    pictures.draw(originals, received, [0.0, 10.0], tmp_path / "figure.png")
    titles = [panel.get_title() for panel in figures[0].axes]
    assert titles[:3] == ["original\n", "SNR 0 dB\n20.0 dB", "SNR 10 dB\n40.0 dB"]
    assert titles[3:] == ["", "26.0 dB", "40.0 dB"]  # the brighter one saturates: 0.05 is 26 dB
    shown = [np.asarray(panel.get_images()[0].get_array()) for panel in figures[0].axes]
    for at, image in enumerate([originals[0], *received[:, 0], originals[1], *received[:, 1]]):
        np.testing.assert_allclose(shown[at], np.clip(image, 0, 1))
