"""What is given to image schemes, checked: images, elements and SNRs."""

from collections.abc import Iterable

import numpy as np

BAD = "images: expected uint8 [B, H, W, 3]"


def check(images: np.ndarray, elements: int, mosaic: int) -> None:
    """Refuses images and elements that cannot be sent."""
    if not isinstance(images, np.ndarray) or images.dtype != np.uint8:
        came = getattr(images, "dtype", type(images).__name__)
        raise ValueError(f"{BAD}, received {came}; images in [0, 1] are rounded from 255 times that")
    if images.ndim != 4 or images.shape[3] != 3 or 0 in images.shape:
        raise ValueError(f"{BAD}, received shape {list(images.shape)}; stack images of three colours")
    if not isinstance(elements, int) or elements < 1:
        raise ValueError(f"elements: expected at least 1 for each image, received {elements!r}; grant some")
    if len(images) % mosaic**2:
        raise ValueError(
            f"images: expected a multiple of {mosaic**2}, which fill mosaics, received {len(images)}; "
            f"take {len(images) // mosaic**2 * mosaic**2} of them, or another mosaic"
        )


def snrs_of(snr_db: Iterable[float] | np.ndarray, count: int) -> np.ndarray:
    """SNRs of every image, [S, B]."""
    given = np.asarray(snr_db, np.float64)
    if given.ndim not in (1, 2) or not np.all(np.isfinite(given)) or (given.ndim == 2 and given.shape[1] != count):
        came = f"shape {list(given.shape)}" if np.all(np.isfinite(given)) else f"{given.ravel().tolist()[:5]}"
        raise ValueError(f"snr_db: expected finite numbers [S] or [S, {count}], received {came}; leave others out")
    return np.broadcast_to(given.reshape(len(given), -1), [len(given), count])
