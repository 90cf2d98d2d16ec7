"""A picture's files by quality, each made once, and the best that fits a budget.

Bisection finds a quality that fits below one that does not. Sizes need not grow from each quality to the next, so a
few qualities above are tried too, and whatever is returned does fit.
"""

import numpy as np

from . import ImageCodec

BEYOND = 2  # qualities tried above the first that does not fit


class Ladder:
    """The files of one picture, kept for all budgets asked."""

    def __init__(self, codec: ImageCodec, picture: np.ndarray, payload_only: bool = False) -> None:
        self._codec, self._picture, self._payload_only = codec, picture, payload_only
        self._files: dict[int, bytes] = {}
        self._seen: dict[int, np.ndarray] = {}

    def bits(self, quality: int) -> int:
        """What a quality costs, by the choice of whole files or payloads."""
        data = self._file(quality)
        return 8 * (self._codec.payload(data) if self._payload_only else len(data))

    def image(self, quality: int) -> np.ndarray:
        """What is seen of a quality, [H, W, 3]."""
        if quality not in self._seen:
            self._seen[quality] = self._codec.decode(self._file(quality))
        return self._seen[quality]

    def best(self, budget: float) -> int | None:
        """The best quality of at most so many bits; None where there is none."""
        if not budget >= 0:
            raise ValueError(f"budget: expected bits, zero or more, received {budget}; check the rate that gave them")
        least, most = self._codec.qualities
        fits, fails = least - 1, most + 1
        while budget > 0 and fails - fits > 1:
            middle = (fits + fails) // 2
            fits, fails = (middle, fails) if self.bits(middle) <= budget else (fits, middle)
        for above in range(fails + 1, min(fails + BEYOND, most) + 1):
            if budget > 0 and self.bits(above) <= budget:
                fits = above
        return fits if fits >= least else None

    def forget(self) -> None:
        """Lets go of what is seen; files are kept."""
        self._seen.clear()

    def _file(self, quality: int) -> bytes:
        if quality not in self._files:
            self._files[quality] = self._codec.encode(self._picture, quality)
        return self._files[quality]
