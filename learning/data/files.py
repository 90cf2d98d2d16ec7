"""Files of data sets: where they are looked for, and readers that say what is wrong with them.

A set's files lie in a folder of its own under $OVERAIR_DATA, as their publishers lay them out. Where that folder is
missing, MNIST and Fashion-MNIST are downloaded through Keras into its cache and must have the SHA-256 noted here; a
file that is there but damaged is an error and never replaced. Nothing is unpickled.

The idx format: 0, 0, 8 (unsigned bytes), the number of axes, the length of each axis as a big-endian 32-bit number,
and the values in C order, all of it compressed with gzip. http://yann.lecun.com/exdb/mnist
"""

import contextlib
import gzip
import os
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from . import Arrays

IDX_SHAPES = {
    "train-images-idx3-ubyte.gz": (60000, 28, 28),
    "train-labels-idx1-ubyte.gz": (60000,),
    "t10k-images-idx3-ubyte.gz": (10000, 28, 28),
    "t10k-labels-idx1-ubyte.gz": (10000,),
}
IDX_CLASSES = 10


def load_idx(folder: str, origin: str, sha256: Sequence[str]) -> Arrays:
    """A set in the four idx files of MNIST, from its folder or its origin; hashes in the order of IDX_SHAPES."""
    place = local_folder(folder)
    if place is None:
        paths = [_download(folder, name, origin, digest) for name, digest in zip(IDX_SHAPES, sha256, strict=True)]
    else:
        paths = [local_file(place, name, f"get it from {origin}{name}") for name in IDX_SHAPES]
    values = [read_idx(path, shape) for path, shape in zip(paths, IDX_SHAPES.values(), strict=True)]
    for path, labels in zip(paths[1::2], values[1::2], strict=True):
        check_labels(path, labels, IDX_CLASSES)
    x_train, y_train, x_test, y_test = values
    return Arrays(unit(x_train), y_train.astype(np.int32), unit(x_test), y_test.astype(np.int32), IDX_CLASSES)


def local_folder(name: str) -> Path | None:
    """The folder of a set under $OVERAIR_DATA, if it is there."""
    root = os.environ.get("OVERAIR_DATA")
    folder = Path(root).expanduser() / name if root else None
    return folder if folder and folder.is_dir() else None


def looked(name: str) -> str:
    """Why there is no folder of a set, in words."""
    root = os.environ.get("OVERAIR_DATA")
    return f"there is no folder {Path(root).expanduser() / name}" if root else "OVERAIR_DATA is not set"


def local_file(folder: Path, name: str, remedy: str) -> Path:
    """The path of a file that must be in its folder."""
    if not (folder / name).is_file():
        raise ValueError(f"data: expected the file {name} in {folder}, received no such file; {remedy}")
    return folder / name


def read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Unsigned bytes of a known shape from a gzipped idx file."""
    header = bytes([0, 0, 8, len(shape)]) + b"".join(length.to_bytes(4, "big") for length in shape)
    expected = len(header) + int(np.prod(shape))
    try:
        with gzip.open(path) as file:
            content = file.read(expected + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path}: expected a whole gzip file, received a fault: {error}; fetch it again") from None
    if not content.startswith(header):
        begins = content[: len(header)].hex() or "nothing"
        axes = " x ".join(map(str, shape))
        raise ValueError(
            f"{path}: expected the idx header of {axes} bytes, {header.hex()}, received {begins}; fetch it again"
        )
    if len(content) != expected:
        came = "more" if len(content) > expected else len(content)
        raise ValueError(f"{path}: expected {expected} bytes once unpacked, received {came}; fetch it again")
    return np.frombuffer(content, np.uint8, offset=len(header)).reshape(shape)


def check_labels(path: Path, labels: np.ndarray, classes: int) -> None:
    """Refuses labels that no class has."""
    place = int(np.argmax(labels))
    if labels[place] >= classes:
        came = f"{labels[place]} at image {place}"
        raise ValueError(f"{path}: expected labels from 0 to {classes - 1}, received {came}; fetch it again")


def unit(pixels: np.ndarray) -> np.ndarray:
    """Grey images [N, H, W] of bytes as [N, H, W, 1] from 0 to 1."""
    return pixels[..., None] / np.float32(255)


def _download(folder: str, name: str, origin: str, sha256: str) -> Path:
    import keras  # only a download needs it

    try:
        with contextlib.redirect_stdout(sys.stderr):  # Keras's progress is no result
            got = keras.utils.get_file(name, origin + name, cache_subdir=f"datasets/{folder}", file_hash=sha256)
    except Exception as error:  # Keras raises bare Exception
        reason = " ".join(str(error).split())
        raise ValueError(
            f"data: expected the file {name} of {folder}, received none: {looked(folder)}, and the download failed "
            f"({reason}); get the four files from {origin} and put them into $OVERAIR_DATA/{folder}"
        ) from None
    return Path(got)
