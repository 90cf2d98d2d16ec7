"""Omniglot: 964 + 659 handwritten characters of 50 alphabets, each drawn once by 20 people.

The characters to learn from and those to be told apart are disjoint, so this is no classification: what is learnt is
to see which drawings are of the same character. Read from images_background and images_evaluation in
$OVERAIR_DATA/omniglot: .zip files of 105 x 105 PNG pictures as published, taken in the order of their names, or .npz
files with an array "images" [characters, 20, 105, 105] that is 0 (or False) where there is ink. Nothing is downloaded,
and no pickle is read. One alphabet was drawn by the same 20 people, in the same order; another one by others.

Images are made smaller by the mean of the area that a pixel covers. Lake, Salakhutdinov and Tenenbaum, "Human-level
concept learning through probabilistic program induction", Science, 2015.
"""

import zipfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ... import npz
from .files import local_folder, looked

FOLDER = "omniglot"
FILES = {"images_background": 964, "images_evaluation": 659}  # characters
DRAWERS = 20
SIDE = 105  # pixels, as published
REMEDY = "put images_background.zip and images_evaluation.zip of https://github.com/brendenlake/omniglot there"
PICTURE_BYTES = 2**20  # of a packed picture, at most


class Characters(NamedTuple):
    """Ink from 0 to 1, float32 [characters, drawers, S, S, 1]: characters to learn from, and others to tell apart."""

    train: np.ndarray
    test: np.ndarray


def load(side: int = 28) -> Characters:
    """Both sets with images of so many pixels a side."""
    if not 1 <= side <= SIDE:
        raise ValueError(f"omniglot: expected images of 1 to {SIDE} pixels a side, received {side}; take 28")
    folder = local_folder(FOLDER)
    if folder is None:
        raise ValueError(
            f"data: expected images_background and images_evaluation as .zip or .npz in the folder {FOLDER}, received "
            f"none: {looked(FOLDER)}; {REMEDY}"
        )
    return Characters(*(shrink(_ink(folder, name, count), side) for name, count in FILES.items()))


def shrink(ink: np.ndarray, side: int) -> np.ndarray:
    """Drawings bool [C, D, S, S] as means over areas, float32 [C, D, side, side, 1].

    Sums of 0s and 1s over parts of pixels are exact at 28 and 56 a side, where the parts are eighths, so the bits are
    the same in any order. Products of small matrices would depend on threads, and wait for them.
    """
    pixels = side / ink.shape[-1]
    parts = area_shares(ink.shape[-1], side, 1 / pixels)
    out = np.empty([*ink.shape[:2], side, side, 1], np.float32)
    for place, drawings in enumerate(ink):
        rows = _sums(drawings.astype(np.float32), parts, axis=1)  # [D, side, S]
        out[place, ..., 0] = _sums(rows, parts, axis=2) * np.float32(pixels**2)
    return out


def area_shares(long: int, short: int, total: float = 1.0) -> np.ndarray:
    """How much of each of the long row's pixels is in each pixel of the short one, rows of that sum [short, long]."""
    edges = np.arange(short + 1) * (long / short)
    starts = np.arange(long)
    inside = np.minimum(edges[1:, None], starts + 1) - np.maximum(edges[:-1, None], starts)
    return (np.maximum(inside, 0) * (total * short / long)).astype(np.float32)


def _sums(x: np.ndarray, parts: np.ndarray, axis: int) -> np.ndarray:
    """The sum of each pixel's parts [short, long] of neighbours along an axis of [D, H, W]."""
    first = (parts > 0).argmax(axis=1)
    total: np.ndarray = np.zeros([], np.float32)
    for step in range(int((parts > 0).sum(axis=1).max())):
        at = np.minimum(first + step, parts.shape[1] - 1)
        weight = np.where(first + step < parts.shape[1], parts[np.arange(len(parts)), at], np.float32(0))
        total = total + np.take(x, at, axis) * (weight[:, None] if axis == 1 else weight)
    return total


def _ink(folder: Path, name: str, count: int) -> np.ndarray:
    """Where there is ink, bool [characters, 20, 105, 105]."""
    packed, arrays = folder / f"{name}.zip", folder / f"{name}.npz"
    path, read = (packed, _pictures) if packed.is_file() else (arrays, _array)
    if not path.is_file():
        raise ValueError(f"data: expected the file {name}.zip or {name}.npz in {folder}, received neither; {REMEDY}")
    try:
        paper = read(path, count)
    except npz.FAULTS as error:
        fault = npz.one_line(error)
        raise ValueError(f"{path}: expected a whole file, received a fault: {fault}; {REMEDY}") from None
    expected = (count, DRAWERS, SIDE, SIDE)
    if paper.shape != expected:
        raise ValueError(f"{path}: expected images of shape {expected}, received {paper.shape}; {REMEDY}")
    return paper == 0


def _array(path: Path, count: int) -> np.ndarray:
    found = npz.read(path, ["images"])
    if not found.arrays:
        raise ValueError(f"no array named images among {', '.join(found.names[:8])}")
    return found.arrays["images"]


def _pictures(path: Path, count: int) -> np.ndarray:
    import tensorflow as tf  # only PNG files need it

    with zipfile.ZipFile(path) as archive:
        names = sorted(name for name in archive.namelist() if name.endswith(".png") and "__MACOSX" not in name)
        if len(names) != count * DRAWERS:
            raise ValueError(f"{len(names)} pictures and not {count} x {DRAWERS}")
        kept = np.empty([len(names), SIDE, SIDE], bool)
        for place, name in enumerate(names):
            if (size := archive.getinfo(name).file_size) > PICTURE_BYTES:
                raise ValueError(f"{name} has {size} bytes")
            content = archive.read(name)
            if content[16:24] != 2 * SIDE.to_bytes(4, "big"):  # as a PNG file says its size, before it is unpacked
                raise ValueError(f"{name} is no PNG file of {SIDE} x {SIDE} pixels")
            try:
                picture = tf.io.decode_png(content, channels=1).numpy()
            except tf.errors.InvalidArgumentError:
                raise ValueError(f"{name} is no PNG file") from None
            kept[place] = picture[..., 0] > 0
    return kept.reshape(count, DRAWERS, SIDE, SIDE)
