"""Files of data sets and trainings that are damaged or made to deceive: refused in a line that names them."""

import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from overair.learning.data import omniglot
from overair.learning.images import photographs
from overair.learning.images.training import Keeper


def png(width: int, height: int) -> bytes:
    """A file of a few bytes that says to be a picture of any size."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    about = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", about) + chunk(b"IDAT", zlib.compress(bytes(9))) + chunk(b"IEND", b"")


def test_arrays_of_characters_that_are_not_as_large_as_they_say_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    folder = tmp_path / "omniglot"
    folder.mkdir()
    header = "{'descr': '|u1', 'fortran_order': False, 'shape': (964, 20, 105, 1050000)}".ljust(117) + "\n"
    with zipfile.ZipFile(folder / "images_background.npz", "w") as archive:
        archive.writestr("images.npy", b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode())
    with pytest.raises(ValueError, match=r"images_background.npz: .* images.npy has 0 bytes where") as refusal:
        omniglot.load()
    assert str(refusal.value).isprintable()


def test_pictures_of_characters_that_say_to_be_huge_are_never_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    folder = tmp_path / "omniglot"
    folder.mkdir()
    monkeypatch.setattr(omniglot, "FILES", {"images_background": 1, "images_evaluation": 1})
    for content, message in (
        (png(20_000, 20_000), "is no PNG file of 105 x 105 pixels"),
        (bytes(2**21), f"has {2**21} bytes"),
        (b"text", "is no PNG file"),
    ):
        with zipfile.ZipFile(folder / "images_background.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for number in range(20):
                archive.writestr(f"{number:02d}.png", content)
        with pytest.raises(ValueError, match=f"images_background.zip: .*{message}"):
            omniglot.load()


@pytest.mark.parametrize("side", [8_000, 60_000])
def test_photographs_that_say_to_be_huge_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: int
) -> None:
    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    (tmp_path / "kodak").mkdir()
    for number in range(1, 25):
        (tmp_path / "kodak" / f"kodim{number:02d}.png").write_bytes(png(side, side))
    with pytest.raises(ValueError, match="kodim01.png: expected a whole PNG file, received a fault"):
        photographs.kodak()


@pytest.mark.parametrize("log", ["epoch,val_psnr\n1,often\n", "epoch\n1\n", "\0\n1", "epoch,val_psnr\n1\n"])
def test_a_damaged_log_of_a_training_is_named(tmp_path: Path, log: str) -> None:
    (tmp_path / "log.csv").write_text(log)
    (tmp_path / "last.keras").write_bytes(b"")
    with pytest.raises(ValueError, match="log.csv: expected the log of a training, received a fault"):
        Keeper(tmp_path, None, 1)
