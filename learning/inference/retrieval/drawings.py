"""Drawings of characters at two resolutions: pictures are sent from the fine ones, networks see the coarse ones."""

from typing import NamedTuple

import numpy as np

from ....phy.documented import documented

FINE = 56  # pixels a side, twice those of the coarse ones


@documented
class Drawings(NamedTuple):
    """Drawings of C characters by D people, at two resolutions.

    Pictures are sent from the fine ones, of 2 S pixels a side, networks see the coarse ones, of S.

    >>> import numpy as np
    >>> from overair.learning.inference.retrieval.drawings import Drawings
    >>> drawings = Drawings.of(np.zeros([3, 20, 56, 56, 1], np.float32))
    >>> drawings.coarse.shape, drawings.by(slice(0, 4)).fine.shape
    ((3, 20, 28, 28, 1), (12, 56, 56, 1))
    """

    fine: np.ndarray  # [C, D, 2S, 2S, 1]
    coarse: np.ndarray  # [C, D, S, S, 1]

    @staticmethod
    def of(fine: np.ndarray) -> "Drawings":
        """From the fine ones, by means of 2 x 2."""
        c, d, side = fine.shape[:3]
        return Drawings(fine, fine.reshape(c, d, side // 2, 2, side // 2, 2, 1).mean(axis=(3, 5)))

    def first(self, characters: int | None) -> "Drawings":
        """Those of the first so many characters; of all unless given."""
        return Drawings(*(part[:characters] for part in self))

    def by(self, drawers: slice) -> "Drawings":
        """Those of some drawers, one after another, [N, ...]."""
        return Drawings(*(part[:, drawers].reshape(-1, *part.shape[2:]) for part in self))
