"""CIFAR-10 comes out in the right places; a file that is missing or damaged is named, and nothing is downloaded."""

import os
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from overair.learning.data import Data
from overair.learning.data.cifar10 import Cifar10

GIVEN = Path(os.environ.get("OVERAIR_DATA") or "nowhere", "cifar-10-batches-bin")
BATCH = 30_730_000  # bytes of a file


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a test tried to download")

    monkeypatch.setattr(keras.utils, "get_file", refuse)


def check_message(error: pytest.ExceptionInfo[ValueError], place: Path | str) -> None:
    text = str(error.value)
    assert "\n" not in text and str(place) in text and "expected" in text and "received" in text and ";" in text
    assert error.value.__suppress_context__ or error.value.__context__ is None  # no traceback of another library


@pytest.fixture
def cifar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The six files, all zeros."""
    monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    for name in [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]:
        with open(folder / name, "wb") as file:
            file.truncate(BATCH)
    return folder


def write_at(path: Path, place: int, values: bytes) -> None:
    with open(path, "r+b") as file:
        file.seek(place)
        file.write(values)


def test_cifar10_keeps_colours_rows_and_columns_apart(cifar: Path) -> None:
    write_at(cifar / "test_batch.bin", 3073 * 4, bytes([7]))  # the label of image 4
    write_at(cifar / "test_batch.bin", 3073 * 4 + 1 + 1024 * 2 + 32 * 5 + 9, bytes([51]))  # blue, row 5, column 9
    write_at(cifar / "data_batch_2.bin", 3073 * 9_999, bytes([3]))
    data = Cifar10().load()
    assert np.argwhere(data.x_test).tolist() == [[4, 5, 9, 2]]
    assert data.x_test[4, 5, 9, 2] == np.float32(0.2)
    assert np.flatnonzero(data.y_test).tolist() == [4] and data.y_test[4] == 7
    assert np.flatnonzero(data.y_train).tolist() == [19_999] and data.y_train[19_999] == 3
    assert data.x_test.dtype == np.float32 and data.y_test.dtype == np.int32


@pytest.mark.parametrize(("size", "said"), [(0, "0"), (BATCH - 3073, "30726927"), (BATCH + 1, "more"), (100, "100")])
def test_a_file_of_cifar10_of_the_wrong_length_is_an_error(size: int, said: str, cifar: Path) -> None:
    os.truncate(cifar / "data_batch_1.bin", size)
    with pytest.raises(ValueError, match=rf"expected 30730000 bytes .*, received {said};") as error:
        Cifar10().load()
    check_message(error, cifar / "data_batch_1.bin")


def test_a_label_of_cifar10_out_of_range_is_an_error(cifar: Path) -> None:
    write_at(cifar / "data_batch_1.bin", 3073 * 12, bytes([255]))
    with pytest.raises(ValueError, match="expected labels from 0 to 9, received 255 at image 12") as error:
        Cifar10().load()
    check_message(error, cifar / "data_batch_1.bin")


def test_a_missing_file_of_cifar10_is_named(cifar: Path) -> None:
    (cifar / "test_batch.bin").unlink()
    with pytest.raises(ValueError, match="expected the file test_batch.bin in .*, received no such file;") as error:
        Cifar10().load()
    check_message(error, cifar)


@pytest.mark.parametrize("where", ["unset", "empty", "elsewhere"])
def test_cifar10_is_never_downloaded(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "OVERAIR_DATA is not set"
    if where == "unset":
        monkeypatch.delenv("OVERAIR_DATA", raising=False)
    elif where == "empty":
        monkeypatch.setenv("OVERAIR_DATA", "")
    else:
        monkeypatch.setenv("OVERAIR_DATA", str(tmp_path))
        said = f"there is no folder {tmp_path / 'cifar-10-batches-bin'}"
    with pytest.raises(ValueError, match="cifar-10-binary.tar.gz") as error:
        Cifar10().load()
    check_message(error, "data_batch_1.bin")
    assert said in str(error.value)


@pytest.mark.skipif(not GIVEN.is_dir(), reason="needs the folder cifar-10-batches-bin in $OVERAIR_DATA")
def test_cifar10_has_the_known_counts_and_moments() -> None:
    data = Cifar10().load()
    assert data.x_train.shape == (50_000, 32, 32, 3) and data.x_test.shape == (10_000, 32, 32, 3)
    assert data.x_train.min() == 0 and data.x_train.max() == 1 and data.classes == 10
    assert np.bincount(data.y_train).tolist() == [5000] * 10
    assert np.bincount(data.y_test).tolist() == [1000] * 10
    means = data.x_train.mean(axis=(0, 1, 2), dtype=float)
    np.testing.assert_allclose(means, [0.4914, 0.4822, 0.4465], atol=5e-5)


def test_cifar10_is_a_data_set() -> None:
    assert isinstance(Cifar10(), Data)
