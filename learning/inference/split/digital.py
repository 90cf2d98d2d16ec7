"""Digital features: what crosses a cut in b bits a number, entropy coded.

    q = round((2^b - 1) (x - low) / (high - low)), clipped to 0 .. 2^b - 1

``low`` and ``high`` are public: the fraction of the range of example features that costs least squared error. An
image's numbers are coded together with their histogram (``ota/coding.py``), or sent as they are where that is shorter;
a bit says which. The same quantiser does for any cut: Ko et al., "Edge-host partitioning of deep neural networks with
feature space encoding for resource-constrained internet-of-things platforms", AVSS 2018. An image itself has 8 bits a
number, and the answer of the whole network is the name of a class.
"""

import math
from typing import NamedTuple

import numpy as np

from ....ota import coding

DEEPEST = 8
FRACTIONS = tuple(np.linspace(0.05, 1.0, 20))  # of the range


class Quantiser(NamedTuple):
    """Bits a number, and what the lowest and the highest level stand for."""

    bits: int
    low: float
    high: float

    @staticmethod
    def fit(examples: np.ndarray, bits: int) -> "Quantiser":
        """The quantiser of so many bits that serves these features best."""
        if not isinstance(bits, int) or not 1 <= bits <= DEEPEST:
            raise ValueError(f"quantiser.bits: expected a whole number from 1 to {DEEPEST}, received {bits!r}")
        if not examples.size or not np.isfinite(examples).all():
            raise ValueError("quantiser.examples: expected finite features, received none or NaN; check the network")
        low, high = float(examples.min()), float(examples.max())
        tried = [Quantiser(bits, share * low, share * high) for share in FRACTIONS]
        return min(tried, key=lambda each: float(np.mean((each.restored(each.levels(examples)) - examples) ** 2)))

    def levels(self, features: np.ndarray) -> np.ndarray:
        """Whole numbers from 0 to 2^b - 1."""
        step = (self.high - self.low) / (2**self.bits - 1) or 1.0
        return np.clip(np.rint((features - self.low) / step), 0, 2**self.bits - 1).astype(np.int32)

    def restored(self, levels: np.ndarray) -> np.ndarray:
        """What the server computes with."""
        return (self.low + levels * ((self.high - self.low) / (2**self.bits - 1))).astype(np.float32)

    def size(self, levels: np.ndarray) -> int:
        """Bits that the numbers of one image take."""
        return 1 + min(8 * len(coding.encode(levels.ravel(), 2**self.bits)), self.bits * levels.size)


def image_bits(shape: tuple[int, ...]) -> int:
    """Of a raw image."""
    return 8 * math.prod(shape)


def answer_bits(classes: int) -> int:
    """Of the name of a class."""
    return math.ceil(math.log2(classes))
