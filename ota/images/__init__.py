"""Image codecs: how a picture becomes a file of a quality, and back.

A file is more than what it says of the picture: a container's boxes and headers take 20 to 300 bytes, which is more
than a 32 x 32 picture may cost at low rates. ``payload`` is what is left without the bytes that the receiver can know
beforehand: signatures, sizes of the picture, standard tables. Quality is told in what is left.
"""

from typing import Protocol, runtime_checkable

import numpy as np

from ...phy.documented import documented


@documented
@runtime_checkable
class ImageCodec(Protocol):
    """How a picture becomes a file of a quality, and back.

    Pictures are uint8 [H, W, 3], red, green and blue. Equal pictures at equal quality give equal files. A file is more
    than what it says of the picture: a container's boxes and headers take 20 to 300 bytes. ``payload`` is what is left
    without the bytes that the receiver can know beforehand: signatures, sizes of the picture, standard tables.

    >>> import numpy as np
    >>> from overair.ota import ImageCodec, Jpeg
    >>> image = np.tile(np.arange(0, 256, 8, dtype=np.uint8)[:, None, None], [1, 32, 3])
    >>> small, large = (Jpeg().encode(image, quality) for quality in (10, 90))
    >>> isinstance(Jpeg(), ImageCodec), len(small) < len(large), Jpeg().decode(small).dtype.name
    (True, True, 'uint8')
    """

    @property
    def qualities(self) -> tuple[int, int]:
        """The least and the greatest quality; files grow with quality, or nearly so."""
        ...

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        """The file of a picture at a quality."""
        ...

    def decode(self, data: bytes) -> np.ndarray:
        """The picture of a file."""
        ...

    def payload(self, data: bytes) -> int:
        """Bytes of a file that the receiver cannot know beforehand."""
        ...


FAMILY = ImageCodec  # what each file of this folder is one of

__all__ = ["ImageCodec"]
