"""What became of images that were sent, and what their links carried."""

from typing import NamedTuple

import numpy as np


class ReceivedImages(NamedTuple):
    """What became of B images at S SNRs."""

    error: np.ndarray  # mean squared error of images in [0, 1], [S, B]
    bits_available: np.ndarray  # bits that an image's elements carry by the transmitter's belief, [S, B]
    bits: np.ndarray  # bits of the file or payload, or of the share of a mosaic's; 0 where none fits, [S, B]
    uses: np.ndarray  # elements, with those of retransmissions and the pilots of each transmission, [S, B]
    fits: np.ndarray  # whether any quality fits, bool [S, B]
    crc_ok: np.ndarray  # whether these bits got through, bool [S, B]
    images: np.ndarray  # what the receiver sees of the first images that were asked for, uint8 [S, keep, H, W, 3]

    @property
    def lost(self) -> np.ndarray:
        """The share of images seen as their mean colour, [S]."""
        return 1.0 - np.mean(self.fits & self.crc_ok, axis=1)

    @property
    def silent(self) -> np.ndarray:
        """The share of images of which no quality fits, [S]."""
        return 1.0 - np.mean(self.fits, axis=1)


class ImagesCarried(NamedTuple):
    """Room for bits, whether they arrive, and elements, [S, B] each."""

    bits_available: np.ndarray
    crc_ok: np.ndarray
    uses: np.ndarray
