"""WebP: prediction in blocks, cosines, arithmetic coding: key frames of VP8, with colours at half resolution."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from ...phy.strict import dataclass
from . import _pillow

HEADER = 20  # bytes


@dataclass(frozen=True)
class Webp:
    """WebP files with loss, by Pillow's encoder.

    A file is one RIFF chunk behind 20 bytes of header, and the payload is that chunk. Bankoski et al., "VP8 data format
    and decoding guide", RFC 6386, 2011.

    >>> import numpy as np
    >>> from overair.ota import Webp
    >>> image = np.tile(np.arange(0, 256, 8, dtype=np.uint8)[:, None, None], [1, 32, 3])  # [H, W, 3]
    >>> file = Webp().encode(image, quality=30)
    >>> Webp().decode(file).shape, len(file) - Webp().payload(file)
    ((32, 32, 3), 20)
    """

    method: Annotated[int, Ge(0), Le(6)] = 6
    """How hard the encoder tries; 0 is fast, 6 small."""

    @property
    def qualities(self) -> tuple[int, int]:
        return 0, 100

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        return _pillow.write(image, "WEBP", quality, self.qualities, quality=quality, method=self.method)

    def decode(self, data: bytes) -> np.ndarray:
        return _pillow.read(data, "WEBP")

    def payload(self, data: bytes) -> int:
        return len(data) - HEADER
