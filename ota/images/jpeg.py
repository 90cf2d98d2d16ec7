"""JPEG: blocks of 8 x 8 cosines, scalar quantisation, Huffman codes."""

from collections.abc import Iterator
from typing import Literal

import numpy as np

from ...phy.strict import dataclass
from . import _pillow

HUFFMAN, SCAN = 0xC4, 0xDA  # markers of segments
TABLE_NAME = 1  # byte that tells the quality


@dataclass(frozen=True)
class Jpeg:
    """JPEG files, by Pillow's encoder.

    A file has 2 + 18 + 138 + 19 + 14 + 2 bytes around its data, and Huffman tables: the standard's, 432 bytes that the
    receiver knows, or, ``optimized``, the picture's own, which are payload. The payload has a byte more, for the
    quality that names the quantisation tables. ITU-T T.81, 1992.

    >>> import numpy as np
    >>> from overair.ota import Jpeg
    >>> image = np.tile(np.arange(0, 256, 8, dtype=np.uint8)[:, None, None], [1, 32, 3])  # [H, W, 3]
    >>> file = Jpeg().encode(image, quality=30)
    >>> Jpeg().decode(file).shape, Jpeg().payload(file) < len(file)
    ((32, 32, 3), True)
    """

    subsampling: Literal["4:4:4", "4:2:2", "4:2:0"] = "4:2:0"
    """Of the colours."""
    optimized: bool = True
    """Whether Huffman tables are the picture's own."""

    @property
    def qualities(self) -> tuple[int, int]:
        return 1, 100

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        options = {"quality": quality, "subsampling": self.subsampling, "optimize": self.optimized}
        return _pillow.write(image, "JPEG", quality, self.qualities, **options)

    def decode(self, data: bytes) -> np.ndarray:
        return _pillow.read(data, "JPEG")

    def payload(self, data: bytes) -> int:
        own = sum(size for marker, size in _segments(data) if marker == HUFFMAN) if self.optimized else 0
        scan = sum(size for _, size in _segments(data))
        return TABLE_NAME + own + len(data) - scan - 2 - 2  # less the marks of start and end


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Markers and sizes of the segments up to the scan's data."""
    place, marker = 2, 0
    while marker != SCAN:
        marker, size = data[place + 1], 2 + int.from_bytes(data[place + 2 : place + 4], "big")
        yield marker, size
        place += size
