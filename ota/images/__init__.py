"""Image codecs: how a picture becomes a file of a quality, and back.

A file is more than what it says of the picture: a container's boxes and headers take 20 to 300 bytes, which is more
than a 32 x 32 picture may cost at low rates. ``payload`` is what is left without the bytes that the receiver can know
beforehand: signatures, sizes of the picture, standard tables. Quality is told in what is left.
"""

from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class ImageCodec(Protocol):
    """Pictures are uint8 [H, W, 3], red, green and blue. Equal pictures at equal quality give equal files."""

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
