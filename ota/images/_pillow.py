"""Files by Pillow: written to memory with a codec's options, read back as red, green and blue."""

import io
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

WANTED = "expected a picture of uint8 [H, W, 3]"


def write(image: np.ndarray, name: str, at: int, of: tuple[int, int], **options: Any) -> bytes:
    """The file of a picture in a format that Pillow has by this name, at a quality of a range."""
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        came = getattr(image, "dtype", type(image).__name__)
        raise ValueError(f"image: {WANTED}, received {came}; round and cast, images in [0, 1] times 255")
    if image.ndim != 3 or image.shape[2] != 3 or 0 in image.shape:
        raise ValueError(f"image: {WANTED}, received shape {list(image.shape)}; encode one picture of three colours")
    if not of[0] <= at <= of[1]:
        raise ValueError(f"quality: expected {of[0]} to {of[1]} for {name}, received {at}; choose one in between")
    return saved(image, name, **options)


def saved(pixels: np.ndarray, name: str, **options: Any) -> bytes:
    """The file of pixels [H, W, 3], or [H, W] without colours."""
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, name, **options)
    return file.getvalue()


def read(data: bytes, name: str) -> np.ndarray:
    """The picture of a file of this format, uint8 [H, W, 3]."""
    try:
        with Image.open(io.BytesIO(data), formats=[name]) as file:
            return np.asarray(file.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        text = str(error).partition("\n")[0].partition("<")[0].strip()
        raise ValueError(
            f"data: expected a whole {name} file, received a fault in its {len(data)} bytes: {text}"
        ) from None
