"""Omniglot comes out in the right places; a file that is missing or damaged is named, and nothing is downloaded."""

import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from overair.learning.data import omniglot

GIVEN = Path(os.environ.get("OVERAIR_DATA") or "nowhere", "omniglot")
COUNTS = {"images_background": 3, "images_evaluation": 2}


def paper(count: int) -> np.ndarray:
    """White sheets; character c of drawer d has a dot at row 10 + d, column 50 + c."""
    sheets = np.ones([count, 20, 105, 105], bool)
    for character in range(count):
        for drawer in range(20):
            sheets[character, drawer, 10 + drawer, 50 + character] = False
    return sheets


@pytest.fixture
def arrays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    monkeypatch.setattr(omniglot, "FILES", COUNTS)
    folder = tmp_path / "omniglot"
    folder.mkdir()
    for name, count in COUNTS.items():
        np.savez(folder / f"{name}.npz", images=paper(count))
    return folder


def pack(folder: Path, name: str, count: int) -> None:
    """As published: alphabet, character, drawer, written in no order."""
    with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
        for drawer in reversed(range(20)):
            for character, sheets in enumerate(paper(count)):
                png = tf.io.encode_png(sheets[drawer, ..., None].astype(np.uint8) * 255).numpy()
                place = f"{name}/Latin/character{character + 1:02}/{500 + character:04}_{drawer + 1:02}.png"
                archive.writestr(place, png)


def check_dots(drawings: np.ndarray, count: int) -> None:
    assert drawings.shape == (count, 20, 105, 105, 1) and drawings.dtype == np.float32
    expected = [[c, d, 10 + d, 50 + c, 0] for c in range(count) for d in range(20)]
    assert np.argwhere(drawings == 1).tolist() == expected and drawings.sum() == 20 * count


@pytest.mark.parametrize("packed", [False, True])
def test_omniglot_keeps_characters_drawers_rows_and_columns_apart(packed: bool, arrays: Path) -> None:
    if packed:
        for name, count in COUNTS.items():
            (arrays / f"{name}.npz").unlink()
            pack(arrays, name, count)
    data = omniglot.load(105)
    check_dots(data.train, 3)
    check_dots(data.test, 2)


@pytest.mark.parametrize(("side", "blocks"), [(35, 3), (21, 5), (15, 7)])
def test_shrinking_by_a_whole_number_takes_means_of_blocks(side: int, blocks: int) -> None:
    ink = np.random.default_rng(0).random([2, 3, 105, 105]) < 0.3
    expected = ink.reshape(2, 3, side, blocks, side, blocks).mean(axis=(3, 5))
    np.testing.assert_allclose(omniglot.shrink(ink, side)[..., 0], expected, atol=1e-6)


def test_shrinking_by_a_fraction_shares_pixels_by_area() -> None:
    fine = np.kron(np.random.default_rng(1).random([1, 1, 105, 105]) < 0.3, np.ones([4, 4]))[..., : 4 * 105]
    expected = fine.reshape(1, 1, 28, 15, 28, 15).mean(axis=(3, 5))  # 4 x 105 = 15 x 28
    found = omniglot.shrink(fine[..., ::4, ::4] > 0, 28)[..., 0]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def check_message(error: pytest.ExceptionInfo[ValueError], place: Path | str) -> None:
    text = str(error.value)
    assert "\n" not in text and str(place) in text and "expected" in text and "received" in text and ";" in text


@pytest.mark.parametrize("fault", ["short", "no array", "pickle", "shape", "zip", "pictures", "no picture"])
def test_a_damaged_file_of_omniglot_is_named_in_one_line(fault: str, arrays: Path) -> None:
    path = arrays / "images_evaluation.npz"
    if fault == "short":
        os.truncate(path, 200)
    elif fault == "no array":
        np.savez(path, pictures=paper(2))
    elif fault == "pickle":
        np.savez(path, images=np.array([{}, 2], object))
    elif fault == "shape":
        np.savez(path, images=paper(3))
    else:
        path = arrays / "images_evaluation.zip"
        pack(arrays, "images_evaluation", 3 if fault == "pictures" else 2)
        if fault == "zip":
            os.truncate(path, 500)
        elif fault == "no picture":
            with zipfile.ZipFile(path) as archive:
                names = sorted(archive.namelist())
            with zipfile.ZipFile(path, "w") as archive:
                for name in names:
                    archive.writestr(name, b"not a picture")
    with pytest.raises(ValueError, match="images_evaluation") as error:
        omniglot.load()
    check_message(error, path)


@pytest.mark.parametrize("where", ["unset", "elsewhere", "one file"])
def test_omniglot_is_never_downloaded(where: str, arrays: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if where == "unset":
        monkeypatch.delenv("OVERAIR_DATA")
    elif where == "elsewhere":
        monkeypatch.setenv("OVERAIR_DATA", str(arrays))
    else:
        (arrays / "images_evaluation.npz").unlink()
    with pytest.raises(ValueError, match="brendenlake/omniglot") as error:
        omniglot.load()
    check_message(error, "images_evaluation")


@pytest.mark.parametrize("side", [0, 106])
def test_sides_that_nothing_can_be_shrunk_to_are_refused(side: int) -> None:
    with pytest.raises(ValueError, match="1 to 105 pixels") as error:
        omniglot.load(side)
    check_message(error, str(side))


@pytest.mark.skipif(not GIVEN.is_dir(), reason="needs the folder omniglot in $OVERAIR_DATA")
def test_omniglot_has_the_known_counts_and_little_ink() -> None:
    data = omniglot.load(21)
    assert data.train.shape == (964, 20, 21, 21, 1) and data.test.shape == (659, 20, 21, 21, 1)
    assert data.train.min() == 0 and data.train.max() <= 1 + 1e-6 and 0.04 < data.test.mean() < 0.1


@pytest.mark.parametrize("side", [28, 56])
def test_shrunk_drawings_have_the_bits_of_exact_sums(side: int) -> None:
    """Parts of pixels are eighths, so sums of 64ths are whole numbers: no order of adding and no threads matter."""
    ink = np.random.default_rng(2).random([3, 4, 105, 105]) < 0.1
    edges = (8 * 105 // side) * np.arange(side + 1)  # in eighths of a pixel
    parts = np.array(
        [
            [max(0, min(b, 8 * p + 8) - max(a, 8 * p)) for p in range(105)]
            for a, b in zip(edges, edges[1:], strict=False)
        ]
    )
    whole = parts @ ink.astype(np.int64) @ parts.T
    expected = (whole / 64).astype(np.float32) * np.float32((side / 105) ** 2)
    np.testing.assert_array_equal(omniglot.shrink(ink, side)[..., 0], expected)
