"""JPEG 2000: wavelets, bit planes, arithmetic coding, cut where a PSNR is met."""

from typing import Annotated

import numpy as np
from annotated_types import Ge, Le

from ...phy.strict import dataclass
from . import _pillow

DATA, END = b"\xff\x93", 2  # the mark before the data; bytes of the mark behind it
STEP = 0.25  # dB of a quality


@dataclass(frozen=True)
class Jpeg2000:
    """JPEG 2000 code streams, by Pillow's encoder.

    A quality is a quarter of a dB: the PSNR, of wavelet coefficients, at which the encoder cuts the bit stream. The
    file is the bare code stream, without the boxes of JP2; the payload is what stands between the headers (SOD) and the
    end mark. The 9/7 wavelet; luma and colours are told apart. ITU-T T.800; Taubman and Marcellin, "JPEG2000", 2002.

    >>> import numpy as np
    >>> from overair.ota import Jpeg2000
    >>> image = np.tile(np.arange(0, 256, 8, dtype=np.uint8)[:, None, None], [1, 32, 3])  # [H, W, 3]
    >>> file = Jpeg2000().encode(image, quality=120)  # at 30 dB
    >>> Jpeg2000().decode(file).shape, Jpeg2000().payload(file) < len(file)
    ((32, 32, 3), True)
    """

    resolutions: Annotated[int, Ge(1), Le(6)] = 6
    """Of the wavelets, the picture itself among them; fewer where it is too small."""

    @property
    def qualities(self) -> tuple[int, int]:
        return 20, 240

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        most = min(np.shape(image)[:2], default=1).bit_length() if np.size(image) else 1
        levels = min(self.resolutions, most)
        cut = {"quality_mode": "dB", "quality_layers": [STEP * quality], "num_resolutions": levels, "mct": 1}
        return _pillow.write(image, "JPEG2000", quality, self.qualities, no_jp2=True, irreversible=True, **cut)

    def decode(self, data: bytes) -> np.ndarray:
        return _pillow.read(data, "JPEG2000")

    def payload(self, data: bytes) -> int:
        return len(data) - data.index(DATA) - len(DATA) - END
