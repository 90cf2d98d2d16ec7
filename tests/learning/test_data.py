"""Data sets come out whole and in the right places, and a file that is missing or damaged is named."""

import gzip
import hashlib
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from overair.learning.data import Arrays, Data, files
from overair.learning.data.digits import Digits
from overair.learning.data.fashion_mnist import FashionMnist
from overair.learning.data.mnist import Mnist

GIVEN = os.environ.get("OVERAIR_DATA")
IMAGES, LABELS, TEST_IMAGES, TEST_LABELS = files.IDX_SHAPES


def given(folder: str) -> pytest.MarkDecorator:
    present = bool(GIVEN) and (Path(str(GIVEN)) / folder).is_dir()
    return pytest.mark.skipif(not present, reason=f"needs the folder {folder} in $OVERAIR_DATA")


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a test tried to download")

    monkeypatch.setattr(keras.utils, "get_file", refuse)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    return tmp_path


def idx(values: np.ndarray) -> bytes:
    lengths = b"".join(length.to_bytes(4, "big") for length in values.shape)
    return bytes([0, 0, 8, values.ndim]) + lengths + values.astype(np.uint8).tobytes()


def compress(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=1, mtime=0)


@pytest.fixture(scope="module")
def blank() -> dict[str, bytes]:
    """The four files of a set of black images; the labels count up to 9 and start again."""
    return {
        name: compress(idx(np.arange(shape[0]) % 10 if len(shape) == 1 else np.zeros(shape)))
        for name, shape in files.IDX_SHAPES.items()
    }


@pytest.fixture
def fill(root: Path, blank: dict[str, bytes]) -> Callable[..., Path]:
    """Writes the four files, some of them changed, or left out where None."""

    def write(folder: str, changes: dict[str, bytes | None]) -> Path:
        (root / folder).mkdir()
        for name, content in (blank | changes).items():
            if content is not None:
                (root / folder / name).write_bytes(content)
        return root / folder

    return write


def check_arrays(data: Arrays, train: int, test: int, shape: tuple[int, ...]) -> None:
    assert data.x_train.shape == (train, *shape) and data.x_test.shape == (test, *shape)
    assert data.y_train.shape == (train,) and data.y_test.shape == (test,)
    for x in (data.x_train, data.x_test):
        assert x.dtype == np.float32 and x.min() == 0 and x.max() == 1
    for y in (data.y_train, data.y_test):
        assert y.dtype == np.int32 and sorted(set(y.tolist())) == list(range(data.classes))


@pytest.mark.parametrize("scheme", [Digits, Mnist, FashionMnist])
def test_every_data_set_is_a_data_set(scheme: type) -> None:
    assert isinstance(scheme(), Data)


def test_digits_are_scikit_learns() -> None:
    from sklearn.datasets import load_digits

    data = Digits().load()
    check_arrays(data, 1437, 360, (8, 8, 1))
    ours = np.concatenate([data.x_train, data.x_test])[..., 0] * 16
    rows = np.column_stack([ours.reshape(-1, 64), np.concatenate([data.y_train, data.y_test])])
    theirs = load_digits()
    expected = np.column_stack([theirs.data, theirs.target])
    np.testing.assert_array_equal(rows[np.lexsort(rows.T)], expected[np.lexsort(expected.T)])


def test_digits_give_a_fifth_of_each_class_to_the_test_set() -> None:
    data = Digits().load()
    test, train = np.bincount(data.y_test), np.bincount(data.y_train)
    assert np.all(np.abs(test - (test + train) / 5) < 1)


def test_the_split_of_digits_never_changes() -> None:
    digest = hashlib.sha256(Digits().load().x_test.tobytes()).hexdigest()
    assert digest == "15a53451156079899b8217958439a300fbb5a2eaea12bd63a42897114dad13a7"


@given("mnist")
def test_mnist_has_the_known_counts_and_moments() -> None:
    data = Mnist().load()
    check_arrays(data, 60_000, 10_000, (28, 28, 1))
    assert np.bincount(data.y_train).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert np.bincount(data.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert data.x_train.mean(dtype=float) == pytest.approx(0.1307, abs=5e-5)
    assert data.x_train.std(dtype=float) == pytest.approx(0.3081, abs=5e-5)


@given("fashion-mnist")
def test_fashion_mnist_has_the_known_counts_and_moments() -> None:
    data = FashionMnist().load()
    check_arrays(data, 60_000, 10_000, (28, 28, 1))
    assert np.bincount(data.y_train).tolist() == [6000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    assert data.x_train.mean(dtype=float) == pytest.approx(0.2860, abs=5e-5)
    assert data.x_train.std(dtype=float) == pytest.approx(0.3530, abs=5e-5)


@pytest.mark.parametrize(("scheme", "folder"), [(Mnist, "mnist"), (FashionMnist, "fashion-mnist")])
def test_pixels_and_labels_keep_their_places(scheme: Any, folder: str, fill: Callable[..., Path]) -> None:
    pixels = np.zeros((10_000, 28, 28), np.uint8)
    pixels[3, 5, 7] = 51
    fill(folder, {TEST_IMAGES: compress(idx(pixels))})
    data = scheme().load()
    assert np.argwhere(data.x_test).tolist() == [[3, 5, 7, 0]]
    assert data.x_test[3, 5, 7, 0] == np.float32(0.2)
    assert data.y_train.tolist() == list(range(10)) * 6000
    assert data.x_train.dtype == np.float32 and data.y_test.dtype == np.int32


def faults(content: bytes) -> dict[str, tuple[bytes, str]]:
    """Ways to damage a file, and what must be said of each."""
    packed = compress(content)
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 0xFF
    begin = content[:8].hex()
    checksum = packed[:-8] + bytes(4) + packed[-4:]
    return {
        "empty": (b"", "received nothing"),
        "no gzip": (content, "expected a whole gzip file"),
        "a page that says not found": (b"<html>404</html>", "expected a whole gzip file"),
        "cut": (packed[: len(packed) // 2], "expected a whole gzip file"),
        "cut at the end": (packed[:-3], "expected a whole gzip file"),
        "flipped": (bytes(flipped), "expected"),
        "wrong checksum": (checksum, "expected a whole gzip file"),
        "magic": (compress(b"\1" + content[1:]), f"header of 100 bytes, 0000080100000064, received 01{begin[2:]}"),
        "signed bytes": (compress(content[:2] + b"\x09" + content[3:]), "received 0000090100000064"),
        "count": (compress(content[:7] + b"\x63" + content[8:]), "received 0000080100000063"),
        "images": (compress(idx(np.zeros((100, 28, 28)))), "received 0000080300000064"),
        "header only": (compress(content[:3]), "received 000008"),
        "short": (compress(content[:-1]), "expected 108 bytes once unpacked, received 107"),
        "long": (compress(content + b"\0"), "expected 108 bytes once unpacked, received more"),
    }


LABELS_OF_100 = idx(np.random.default_rng(0).integers(0, 10, 100))


@pytest.mark.parametrize("fault", faults(LABELS_OF_100))
def test_a_damaged_idx_file_is_named_with_what_is_wrong(fault: str, tmp_path: Path) -> None:
    content, said = faults(LABELS_OF_100)[fault]
    path = tmp_path / "labels.gz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=re.escape(said)) as error:
        files.read_idx(path, (100,))
    check_message(error, path)


def check_message(error: pytest.ExceptionInfo[ValueError], place: Path | str) -> None:
    text = str(error.value)
    assert "\n" not in text and str(place) in text and "expected" in text and "received" in text and ";" in text
    assert error.value.__suppress_context__ or error.value.__context__ is None  # no traceback of another library


def test_an_undamaged_idx_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "labels.gz"
    path.write_bytes(compress(LABELS_OF_100))
    assert files.read_idx(path, (100,)).tobytes() == LABELS_OF_100[8:]


@pytest.mark.parametrize("name", files.IDX_SHAPES)
def test_each_damaged_or_missing_file_of_mnist_is_an_error_and_not_replaced(
    name: str, fill: Callable[..., Path], blank: dict[str, bytes]
) -> None:
    folder = fill("mnist", {name: blank[name][:-1]})
    with pytest.raises(ValueError, match="whole gzip file") as error:
        Mnist().load()
    check_message(error, folder / name)
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"expected the file {name} in .*, received no such file; get") as error:
        Mnist().load()
    check_message(error, folder)


def test_training_and_test_files_exchanged_are_an_error(fill: Callable[..., Path], blank: dict[str, bytes]) -> None:
    folder = fill("mnist", {LABELS: blank[TEST_LABELS], TEST_LABELS: blank[LABELS]})
    with pytest.raises(ValueError, match="expected the idx header of 60000 bytes") as error:
        Mnist().load()
    check_message(error, folder / LABELS)


@pytest.mark.parametrize("name", [LABELS, TEST_LABELS])
def test_a_label_out_of_range_is_an_error(name: str, fill: Callable[..., Path]) -> None:
    labels = np.zeros(files.IDX_SHAPES[name])
    labels[17] = 10
    folder = fill("fashion-mnist", {name: compress(idx(labels))})
    with pytest.raises(ValueError, match="expected labels from 0 to 9, received 10 at image 17") as error:
        FashionMnist().load()
    check_message(error, folder / name)


@pytest.mark.parametrize(("scheme", "folder"), [(Mnist, "mnist"), (FashionMnist, "fashion-mnist")])
@pytest.mark.parametrize("where", ["unset", "empty", "elsewhere"])
def test_without_a_folder_the_files_are_downloaded_and_their_hashes_checked(
    scheme: Any, folder: str, where: str, tmp_path: Path, blank: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_place(monkeypatch, where, tmp_path)
    asked = []

    def get_file(name: str, origin: str, cache_subdir: str, file_hash: str) -> str:
        asked.append((name, origin.rpartition("/")[2], cache_subdir, len(bytes.fromhex(file_hash))))
        (tmp_path / name).write_bytes(blank[name])
        return str(tmp_path / name)

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    data = scheme().load()
    assert asked == [(name, name, f"datasets/{folder}", 32) for name in files.IDX_SHAPES]
    assert data.x_train.shape == (60_000, 28, 28, 1)


@pytest.mark.parametrize("scheme", [Mnist, FashionMnist])
@pytest.mark.parametrize("where", ["unset", "empty", "elsewhere"])
def test_a_download_that_fails_says_where_it_looked_and_what_to_do(
    scheme: Any, where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = set_place(monkeypatch, where, tmp_path)

    def get_file(name: str, origin: str, **_: str) -> str:
        print("Downloading")
        raise Exception(f"URL fetch failure on {origin}: None --\n no network")

    monkeypatch.setattr(keras.utils, "get_file", get_file)
    with pytest.raises(ValueError, match=r"\(URL fetch failure on .*: None -- no network\); get the") as error:
        scheme().load()
    check_message(error, IMAGES)
    assert said in str(error.value)
    assert capsys.readouterr().out == ""


def set_place(monkeypatch: pytest.MonkeyPatch, where: str, folder: Path) -> str:
    """Points OVERAIR_DATA where nothing is; what an error says of it."""
    if where == "unset":
        monkeypatch.delenv("OVERAIR_DATA", raising=False)
    else:
        monkeypatch.setenv("OVERAIR_DATA", "" if where == "empty" else str(folder / "nowhere"))
    return f"there is no folder {folder / 'nowhere'}" if where == "elsewhere" else "OVERAIR_DATA is not set"


@pytest.mark.skipif(not GIVEN, reason="needs $OVERAIR_DATA")
@pytest.mark.parametrize(("scheme", "folder"), [("mnist", "mnist"), ("fashion_mnist", "fashion-mnist")])
def test_the_hashes_are_those_of_the_published_files(scheme: str, folder: str) -> None:
    import importlib

    place = Path(str(GIVEN)) / folder
    if not place.is_dir():
        pytest.skip(f"needs the folder {folder} in $OVERAIR_DATA")
    hashes = [hashlib.sha256((place / name).read_bytes()).hexdigest() for name in files.IDX_SHAPES]
    assert list(importlib.import_module(f"overair.learning.data.{scheme}").SHA256) == hashes
