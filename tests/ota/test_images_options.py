"""What image codecs are asked for reaches their files: cuts, resolutions and measures."""

import io

import numpy as np
import pytest
from PIL import Image

from overair.ota.images.avif import Avif
from overair.ota.images.jpeg2000 import Jpeg2000


def picture(height: int, width: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:height, :width] / 12.0
    waves = [np.sin(a * x + b * y + c) for a, b, c in rng.uniform(-1, 1, [3, 3]) * 3]
    return np.clip(128 + 60 * np.stack(waves, -1) + rng.normal(0, 6, [height, width, 3]), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("psnr_db", [34.0, 38.0, 42.0])
def test_four_qualities_of_jpeg2000_are_a_decibel(psnr_db: float) -> None:
    """The cut is by an estimate from wavelet coefficients, rounding to bytes aside: it is met to two decibels."""
    image = picture(128, 128)
    seen = Jpeg2000().decode(Jpeg2000().encode(image, round(4 * psnr_db)))
    found = 10 * np.log10(255**2 / np.mean((seen.astype(float) - image) ** 2))
    assert abs(found - psnr_db) < 2


@pytest.mark.parametrize(
    ("codec", "side", "levels"), [(Jpeg2000(), 64, 5), (Jpeg2000(3), 64, 2), (Jpeg2000(1), 64, 0), (Jpeg2000(), 4, 2)]
)
def test_jpeg2000_has_the_resolutions_asked_or_as_many_as_a_picture_allows(
    codec: Jpeg2000, side: int, levels: int
) -> None:
    """Halvings are one fewer than resolutions; the COD segment tells them in its tenth byte."""
    data = codec.encode(picture(side, side), 150)
    assert data[data.index(b"\xff\x52") + 9] == levels


def test_avif_tunes_for_the_measure_asked_at_the_speed_asked() -> None:
    image = picture(48, 64)

    def by_hand(speed: int, tune: str) -> bytes:
        file = io.BytesIO()
        options = {"quality": 60, "subsampling": "4:4:4", "max_threads": 1}
        Image.fromarray(image).save(file, "AVIF", speed=speed, advanced={"tune": tune}, **options)
        return file.getvalue()

    files = {(speed, tune): by_hand(speed, tune) for speed in (6, 8) for tune in ("psnr", "ssim")}
    assert len(set(files.values())) == 4
    assert Avif().encode(image, 60) == files[6, "psnr"]
    assert Avif(speed=8, tune="ssim").encode(image, 60) == files[8, "ssim"]
