"""Every codec of images: bytes there and back."""

from typing import Any

import numpy as np
import pytest


def test_image_codecs(image_codec: Any) -> None:
    low, high = image_codec.qualities
    assert low <= high
    y, x = np.mgrid[:24, :40]
    image = np.stack([5 * y, 6 * x, 255 - 2 * x - 3 * y], -1).astype(np.uint8)
    sizes = []
    for quality in (low, (low + high) // 2, high):
        data = image_codec.encode(image, quality)
        seen = image_codec.decode(data)
        assert data == image_codec.encode(image.copy(), quality)
        assert seen.shape == image.shape and seen.dtype == np.uint8
        assert 0 < image_codec.payload(data) < len(data)
        sizes.append(len(data))
    assert sizes == sorted(sizes) and (sizes[0] < sizes[-1] or low == high)
    assert np.mean((seen.astype(float) - image) ** 2) < 30
    for wrong in (image.astype(np.float32), image[..., 0], image[None], image[:0]):
        with pytest.raises(ValueError, match="uint8"):
            image_codec.encode(wrong, high)
    for wrong in (low - 1, high + 1):
        with pytest.raises(ValueError, match="quality"):
            image_codec.encode(image, wrong)
    with pytest.raises(ValueError, match="data"):
        image_codec.decode(b"nothing")
