"""Send the picture: a drawing as a small bilevel image, in as few bits as a learnt context model needs.

A drawing is made smaller by area means and blackened above a threshold. Pixels go row by row, each with a probability
that depends on ten neighbours that went before,

      . o o o .
      o o o o o
      o o x

as in JBIG, and these probabilities are counted over the training characters, so that none is spent on learning them;
the words are those of ``short_code``. The server makes the picture as large as its network expects, and embeds it as
it embeds its gallery. ITU-T T.82, "Progressive bi-level image compression", section 6.7, for the template.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ...data.omniglot import area_shares
from . import short_code

NEIGHBOURS = ((-2, -1), (-2, 0), (-2, 1), (-1, -2), (-1, -1), (-1, 0), (-1, 1), (-1, 2), (0, -2), (0, -1))


class Bitmaps(NamedTuple):
    """Pixels a side, the ink from where one is black, and of 2^16 times how often [1024, 2] it is white or black."""

    side: int
    threshold: float
    counts: np.ndarray

    def blacken(self, images: np.ndarray) -> np.ndarray:
        """Images [Q, S, S, 1] as bits [Q, side, side]."""
        shares = area_shares(images.shape[1], self.side)
        return (shares @ images[..., 0] @ shares.T >= self.threshold).astype(np.int64)

    def bits(self, bitmaps: np.ndarray) -> np.ndarray:
        """Bits that are enough for the word of each bitmap, [Q]."""
        own = self.counts[contexts(bitmaps), bitmaps]  # [Q, side, side]
        return short_code.longest(short_code.told(own).sum(axis=(1, 2)))

    def shown(self, bitmaps: np.ndarray, side: int) -> np.ndarray:
        """Bitmaps as images [Q, S, S, 1] of the size that the network expects."""
        shares = area_shares(self.side, side)
        return (shares @ bitmaps.astype(np.float32) @ shares.T)[..., None]

    def encode(self, bitmap: np.ndarray) -> str:
        """The word of one bitmap [side, side]."""
        return short_code.encode(bitmap.ravel().tolist(), self._model)

    def decode(self, word: str) -> np.ndarray:
        """The bitmap of a word."""
        pixels = short_code.decode(word, self.side**2, self._model)
        return np.array(pixels, np.int64).reshape(self.side, self.side)

    def _model(self, past: Sequence[int]) -> np.ndarray:
        row, column = divmod(len(past), self.side)
        context = 0
        for down, right in NEIGHBOURS:
            inside = row + down >= 0 and 0 <= column + right < self.side
            context = 2 * context + (past[(row + down) * self.side + column + right] if inside else 0)
        return self.counts[context]


def learn(images: np.ndarray, side: int, threshold: float) -> Bitmaps:
    """The context model of images [N, S, S, 1]."""
    nothing = Bitmaps(side, threshold, np.empty([0, 2]))
    bitmaps = nothing.blacken(images)
    flat = np.bincount((2 * contexts(bitmaps) + bitmaps).ravel(), minlength=2 ** (len(NEIGHBOURS) + 1))
    return nothing._replace(counts=short_code.normalised(flat.reshape(-1, 2) + 0.5))


def contexts(bitmaps: np.ndarray) -> np.ndarray:
    """What stands before each pixel, as a number; white outside, [Q, side, side]."""
    side = bitmaps.shape[1]
    padded = np.pad(bitmaps, [(0, 0), (2, 0), (2, 2)])
    found = np.zeros_like(bitmaps)
    for down, right in NEIGHBOURS:
        found = 2 * found + padded[:, 2 + down : 2 + down + side, 2 + right : 2 + right + side]
    return found
