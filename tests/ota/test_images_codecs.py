"""Image codecs: files hold pictures, payloads hold what files say, and a budget gets the best that fits."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from overair.ota.images import ImageCodec
from overair.ota.images._ladder import Ladder
from overair.ota.images.avif import Avif
from overair.ota.images.jpeg import Jpeg
from overair.ota.images.jpeg2000 import Jpeg2000
from overair.ota.images.webp import Webp

CODECS: list[ImageCodec] = [Jpeg(), Jpeg(optimized=False), Jpeg2000(), Webp(), Avif()]


def picture(height: int = 48, width: int = 64, seed: int = 0) -> np.ndarray:
    """Soft shapes and a little noise, so that quality matters."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / 12.0
    waves = [np.sin(a * x + b * y + c) for a, b, c in rng.uniform(-1, 1, [3, 3]) * 3]
    return np.clip(128 + 60 * np.stack(waves, -1) + rng.normal(0, 6, [height, width, 3]), 0, 255).astype(np.uint8)


def error(codec: ImageCodec, image: np.ndarray, quality: int) -> float:
    seen = codec.decode(codec.encode(image, quality))
    return float(np.mean((seen.astype(float) - image) ** 2))


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_files_grow_and_errors_shrink_with_quality(codec: ImageCodec) -> None:
    image, (low, high) = picture(), codec.qualities
    steps = np.linspace(low, high, 5).astype(int).tolist()
    files = [codec.encode(image, quality) for quality in steps]
    sizes, errors = [len(file) for file in files], [error(codec, image, quality) for quality in steps]
    assert sizes == sorted(sizes) and sizes[-1] > 2 * sizes[0]
    assert errors[0] > 20 and errors[-1] < errors[2] < errors[0]
    assert files[2] == codec.encode(image.copy(), steps[2])
    assert codec.decode(files[2]).dtype == np.uint8 and codec.decode(files[2]).shape == image.shape
    assert all(0 < codec.payload(file) < len(file) for file in files)


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_what_is_no_payload_is_the_same_for_all_pictures_of_a_size(codec: ImageCodec) -> None:
    """Bytes around the data of two unlike pictures at one quality are as many, and small ones have as many."""
    middle = sum(codec.qualities) // 2
    around = {
        len(file) - codec.payload(file) for file in (codec.encode(picture(seed=seed), middle) for seed in range(4))
    }
    assert len(around) == 1
    (much,) = around
    assert much < (640 if codec == Jpeg(optimized=False) else 300)


def test_the_payload_of_a_jpeg_with_standard_tables_is_its_scan_and_a_byte() -> None:
    """The marks FF DA and FF D9 stand around it: FF is followed by 00 within."""
    data = Jpeg(optimized=False).encode(picture(), 50)
    start = data.index(b"\xff\xda")
    head = 2 + int.from_bytes(data[start + 2 : start + 4], "big")
    assert Jpeg(optimized=False).payload(data) == len(data[start + head : -2]) + 1


def test_own_huffman_tables_are_payload() -> None:
    image = picture()
    own, standard = Jpeg().encode(image, 50), Jpeg(optimized=False).encode(image, 50)
    assert len(own) < len(standard)
    start, tables = 2, 0
    while own[start + 1] != 0xDA:
        size = 2 + int.from_bytes(own[start + 2 : start + 4], "big")
        tables += size * (own[start + 1] == 0xC4)
        start += size
    assert Jpeg().payload(own) - tables < Jpeg(optimized=False).payload(standard)
    assert tables > 50


def test_the_payload_of_a_webp_is_its_chunk_and_of_an_avif_its_data_box() -> None:
    webp = Webp().encode(picture(), 40)
    assert webp[12:16] == b"VP8 " and Webp().payload(webp) - struct.unpack("<I", webp[16:20])[0] in (0, 1)
    avif = Avif().encode(picture(), 40)
    size = struct.unpack(">I", avif[avif.index(b"mdat") - 4 : avif.index(b"mdat")])[0]
    assert Avif().payload(avif) == size - 8


def test_jpeg2000_tells_luma_and_colours_apart() -> None:
    """The byte for that in the COD segment; without it a file of grey pixels would pay for each colour."""
    data = Jpeg2000().encode(picture(), 120)
    place = data.index(b"\xff\x52")
    assert data[place + 8] == 1


def test_full_colour_is_kept_unless_asked_otherwise() -> None:
    """A picture of one luma and two colours that alternate is lost where colours are halved."""
    image = np.empty([32, 32, 3], np.uint8)
    image[:, ::2], image[:, 1::2] = (180, 96, 60), (60, 150, 160)
    assert error(Avif(), image, 95) < 60 < 5 * 60 < error(Avif("4:2:0"), image, 95)
    assert error(Jpeg("4:4:4"), image, 95) < 60 < 5 * 60 < error(Jpeg("4:2:0"), image, 95)


# --- The best that fits


class Stairs:
    """Sizes that do not grow from each quality to the next."""

    def __init__(self, sizes: list[int]) -> None:
        self.sizes, self.asked = sizes, []  # type: tuple[list[int], list[int]]

    @property
    def qualities(self) -> tuple[int, int]:
        return 0, len(self.sizes) - 1

    def encode(self, image: np.ndarray, quality: int) -> bytes:
        self.asked.append(quality)
        return bytes(self.sizes[quality])

    def decode(self, data: bytes) -> np.ndarray:
        return np.zeros([1, 1, 3], np.uint8)

    def payload(self, data: bytes) -> int:
        return len(data) - 3


@pytest.mark.parametrize("codec", [Jpeg(), Webp(2), Jpeg2000()], ids=str)
@pytest.mark.parametrize("payload", [False, True], ids=["file", "payload"])
def test_bisection_finds_what_a_search_of_all_qualities_finds(codec: ImageCodec, payload: bool) -> None:
    image = picture(16, 24)
    ladder, (low, high) = Ladder(codec, image, payload), codec.qualities
    sizes = np.array([ladder.bits(quality) for quality in range(low, high + 1)])
    for budget in np.linspace(sizes[0], sizes.max(), 9):
        found = Ladder(codec, image, payload).best(budget)
        assert found is not None and sizes[found - low] <= budget
        # of all that fit, at most what is as good and smaller by less than the unevenness of sizes
        best = low + np.flatnonzero(sizes <= budget).max()
        assert found == best or sizes[found - low : best - low + 1].max() > budget


def test_sizes_that_fall_back_are_never_too_large_and_a_fall_nearby_is_used() -> None:
    ladder = Ladder(Stairs([10, 20, 30, 45, 38, 50, 60]), np.zeros([1, 1, 3], np.uint8))
    assert [ladder.best(8 * size) for size in (9, 10, 29, 38, 44, 59, 1000)] == [None, 0, 1, 4, 4, 5, 6]
    assert Ladder(Stairs([10, 20]), np.zeros([1, 1, 3], np.uint8), payload_only=True).best(8 * 7) == 0


def test_all_budgets_share_a_pictures_files() -> None:
    codec = Stairs(list(range(10, 111)))
    ladder = Ladder(codec, np.zeros([1, 1, 3], np.uint8))
    for budget in range(80, 900, 7):
        ladder.best(budget)
    assert len(codec.asked) == len(set(codec.asked))


def test_no_bits_hold_nothing_and_a_budget_is_a_number() -> None:
    ladder = Ladder(Jpeg(), picture())
    assert ladder.best(0) is None
    for bad in (np.nan, -1.0):
        with pytest.raises(ValueError, match=r"budget: expected .*, received .*; "):
            ladder.best(bad)


# --- Bad input


@pytest.mark.parametrize(
    "bad",
    [
        np.zeros([8, 8, 3], np.float32),
        np.zeros([8, 8], np.uint8),
        np.zeros([8, 8, 1], np.uint8),
        np.zeros([2, 8, 8, 3], np.uint8),
        np.zeros([0, 8, 3], np.uint8),
        [[1, 2, 3]],
    ],
    ids=["float", "grey", "one colour", "batch", "empty", "list"],
)
def test_pictures_of_another_kind_are_refused_in_a_line(bad: Any) -> None:
    for codec in CODECS:
        with pytest.raises(ValueError, match=r"^image: expected .*uint8 \[H, W, 3\], received .*; .*$") as caught:
            codec.encode(bad, 50)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("codec", CODECS, ids=str)
def test_qualities_out_of_range_and_broken_files_are_refused(codec: ImageCodec) -> None:
    for bad in (codec.qualities[0] - 1, codec.qualities[1] + 1):
        with pytest.raises(ValueError, match=rf"quality: expected .* received {bad}; "):
            codec.encode(picture(), bad)
    data = codec.encode(picture(), 60)
    for broken in (b"", b"nonsense", data[: len(data) // 3]):
        with pytest.raises(ValueError, match=r"^data: expected a whole .* file, received .*$"):
            codec.decode(broken)


def test_a_file_of_another_format_is_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.fromarray(picture()).save(file, "PNG")
    for codec in CODECS:
        with pytest.raises(ValueError, match="expected a whole"):
            codec.decode(file.getvalue())
