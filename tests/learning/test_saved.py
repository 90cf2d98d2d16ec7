"""A network from a file is the network that was saved, and a file that is none, or that would run code, is refused."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from overair.learning import keras_files
from overair.learning.images import saved as transmissions
from overair.learning.models import Model
from overair.learning.models.saved import Saved

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras, when it saves
SHAPE, CLASSES = (8, 8, 1), 10


def network(*ends: keras.layers.Layer, shape: tuple[int, ...] = SHAPE) -> keras.Model:
    return keras.Sequential([keras.Input(shape), keras.layers.Flatten(), *ends])


def saved(model: keras.Model, folder: Path) -> Saved:
    model.save(folder / "own.keras")
    return Saved(str(folder / "own.keras"))


def images() -> np.ndarray:
    return np.random.default_rng(0).random((4, *SHAPE), np.float32)


def test_a_network_is_the_one_that_was_saved_whatever_the_seed(tmp_path: Path) -> None:
    model = network(keras.layers.Dense(6, "relu"), keras.layers.Dense(CLASSES))
    scheme = saved(model, tmp_path)
    assert isinstance(scheme, Model)
    for seed in (0, 1):
        np.testing.assert_array_equal(scheme.build(SHAPE, CLASSES, seed)(images()), model(images()))


def test_a_softmax_at_the_end_is_taken_off(tmp_path: Path) -> None:
    model = network(keras.layers.Dense(CLASSES, "softmax", name="end"))
    logits = saved(model, tmp_path).build(SHAPE, CLASSES, 0)(images())
    np.testing.assert_allclose(keras.ops.softmax(logits), model(images()), rtol=1e-5)
    assert np.ptp(np.sum(logits, axis=1)) > 1e-3


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (
            lambda: network(keras.layers.Dense(7)),
            "expected a network from 8 x 8 x 1 to 10, received one from 8 x 8 x 1 to 7",
        ),
        (lambda: network(keras.layers.Dense(10), shape=(9, 9, 1)), "received one from 9 x 9 x 1 to 10"),
        (
            lambda: network(keras.layers.Dense(10), keras.layers.Softmax(name="end")),
            "expected a network that ends in logits, received ",
        ),
        (
            lambda: keras.Model(*(lambda x: (x, [x[..., 0], x[..., 0]]))(keras.Input(SHAPE))),
            "expected a Sequential or functional model of one input and one output, received Functional in ",
        ),
        (
            lambda: network(keras.layers.Lambda(lambda x: 2 * x), keras.layers.Dense(10)),
            "which cannot be read: ",
        ),
    ],
    ids=["classes", "shape", "softmax", "outputs", "lambda"],
)
def test_what_does_not_fit_is_refused_in_one_line(build: Callable[[], keras.Model], said: str, tmp_path: Path) -> None:
    scheme = saved(build(), tmp_path)
    with pytest.raises(ValueError) as error:
        scheme.build(SHAPE, CLASSES, 0)
    text = str(error.value)
    assert text.startswith("saved.path: expected ") and said in text and "\n" not in text


def test_no_code_in_a_file_is_run(tmp_path: Path) -> None:
    """A layer whose module would run code when it is imported, and a marshalled function."""
    saved(network(keras.layers.Dense(10)), tmp_path)
    (tmp_path / "evil_layers.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Evil: pass\n")
    with zipfile.ZipFile(tmp_path / "own.keras") as file:
        parts = {name: file.read(name) for name in file.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["layers"].insert(1, {"module": "evil_layers", "class_name": "Evil", "config": {}})
    parts["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "evil.keras", "w") as file:
        for name, content in parts.items():
            file.writestr(name, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        with pytest.raises(ValueError, match="^saved.path: .*cannot be read"):
            Saved(str(tmp_path / "evil.keras")).build(SHAPE, CLASSES, 0)
    assert not (tmp_path / "ran").exists()


def swollen(folder: Path, **changes: Any) -> Saved:
    """A network's file whose configuration has other fields for its last layer than its weights fit."""
    saved(network(keras.layers.Dense(CLASSES)), folder)
    with zipfile.ZipFile(folder / "own.keras") as file:
        parts = {name: file.read(name) for name in file.namelist()}
    config = json.loads(parts["config.json"])
    config["config"]["layers"][-1]["config"] |= changes
    with zipfile.ZipFile(folder / "swollen.keras", "w") as file:
        for name, content in (parts | {"config.json": json.dumps(config).encode()}).items():
            file.writestr(name, content)
    return Saved(str(folder / "swollen.keras"))


def test_layers_of_more_weights_than_the_file_holds_are_refused_before_they_are_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for units in (200_000_000, 2**70, 20_000):  # of 64 float32 each: 51.2 GB, more than any memory, 5.1 MB
        scheme = swollen(tmp_path, units=units)
        with monkeypatch.context() as patched, pytest.raises(ValueError) as error:
            patched.setattr(keras.initializers.GlorotUniform, "__call__", lambda *_, **__: pytest.fail("made"))
            scheme.build(SHAPE, CLASSES, 0)
        told = str(error.value)
        assert told.startswith("saved.path: expected a Keras model, received ") and "\n" not in told
        assert (
            f"cannot be read: its layers ask for {256 * units} bytes of weights or more, where the file holds" in told
        )


def test_a_transmission_of_more_weights_than_its_file_holds_is_refused(tmp_path: Path) -> None:
    swollen(tmp_path, units=200_000_000)
    with pytest.raises(ValueError, match="^.*swollen.keras: expected a transmission .*; its layers ask for 512"):
        transmissions.load(tmp_path / "swollen.keras")


def test_a_configuration_of_many_bytes_and_an_archive_that_unpacks_to_very_many_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keras_files, "LARGEST", 2**23)
    for name, size, told in (("config.json", 2**22 + 1, "its configuration has"), ("x", 2**23 + 1, "it unpacks to")):
        with zipfile.ZipFile(tmp_path / "own.keras", "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(name, bytes(size))
        with pytest.raises(ValueError, match=f"which cannot be read: {told} {size} bytes, of which at most {size - 1}"):
            Saved(str(tmp_path / "own.keras")).build(SHAPE, CLASSES, 0)


def test_counting_ends_with_the_file(tmp_path: Path) -> None:
    begin = keras.Variable.__init__
    with pytest.raises(ValueError):
        swollen(tmp_path, units=200_000_000).build(SHAPE, CLASSES, 0)
    saved(network(keras.layers.Dense(CLASSES)), tmp_path).build(SHAPE, CLASSES, 0)
    assert keras.Variable.__init__ is begin


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04" + bytes(100)])
def test_another_file_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "own.keras").write_bytes(content)
    (tmp_path / "own.h5").write_bytes(content)
    for path, said in (("own.keras", "cannot be read"), ("own.h5", "which is none"), ("none.keras", "which is none")):
        with pytest.raises(ValueError) as error:
            Saved(str(tmp_path / path)).build(SHAPE, CLASSES, 0)
        assert any("saved.path: expected " in line and said in line for line in str(error.value).splitlines())
