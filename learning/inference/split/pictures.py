"""Images as files of pictures: what they take, what is seen of them, and the least quality that is good enough."""

from collections.abc import Callable, Sequence

import numpy as np

from ....ota.images import ImageCodec

COLOURS = (1, 3)


def check(shape: Sequence[int]) -> None:
    """Refuses images [H, W, C] that are no pictures."""
    if len(shape) != 3 or shape[2] not in COLOURS:
        raise ValueError(
            f"picture: expected images of 1 or 3 colours, received {' x '.join(map(str, shape))}; take quantised"
        )


def coded(codec: ImageCodec, images: np.ndarray, quality: int) -> tuple[np.ndarray, np.ndarray]:
    """Images [N, H, W, C] from 0 to 1 as they are seen behind a codec, float32, and the bits of each [N]."""
    pictures = np.round(255 * images).astype(np.uint8)
    if images.shape[3] == 1:
        pictures = np.repeat(pictures, 3, axis=3)
    files = [codec.encode(picture, quality) for picture in pictures]
    seen = np.stack([codec.decode(file) for file in files]).astype(np.float32) / 255
    bits = np.array([8.0 * codec.payload(file) for file in files])
    return (seen if images.shape[3] == 3 else seen.mean(axis=3, keepdims=True)), bits


def least(codec: ImageCodec, enough: Callable[[int], bool]) -> int:
    """The least quality that is enough, by bisection, as more is better or nearly so; the greatest if none is."""
    low, high = codec.qualities
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    return high
