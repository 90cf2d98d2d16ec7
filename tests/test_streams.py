"""The watch over draws sees two kinds of numbers from one key, in eager code and in graphs, and nothing else."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import tensorflow as tf

from overair.conformance import streams as watching
from overair.conformance.streams import Streams
from overair.phy import keys

SOURCE = """
import tensorflow as tf
from overair.phy import keys
from overair.phy import sionna_rng

def two_kinds(key):
    return keys.normal(key, [3]) + keys.uniform(key, [3])

def sign_and_size(key):
    return keys.signs(key, [3]) * tf.abs(keys.normal(key, [3]))

def across(key):
    return keys.complex_normal(key, [3]), inner(key)

def inner(key):
    return keys.permutation(key, 3)

def with_sionna(key):
    sionna_rng.keyed(key)
    return keys.normal(key, [3])

def two_words(key):
    return keys.normal(keys.fold(key, "size"), [3]) * keys.signs(keys.fold(key, "sign"), [3])

def folded_and_own(key):
    return keys.normal(key, [3]) + keys.uniform(keys.fold(key, "other"), [3])

def same_again(key):
    return keys.normal(key, [3]) - keys.normal(key, [3])
"""
WRONG = ["two_kinds", "sign_and_size", "across", "with_sionna"]
RIGHT = ["two_words", "folded_and_own", "same_again"]


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Functions that count as the package's."""
    (tmp_path / "scheme.py").write_text(SOURCE)
    monkeypatch.setattr(watching, "ROOTS", (*watching.ROOTS, str(tmp_path.resolve())))
    spec = importlib.util.spec_from_file_location("scheme", tmp_path / "scheme.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("graph", [False, True])
@pytest.mark.parametrize("name", [*WRONG, *RIGHT])
def test_two_kinds_from_one_key_are_seen(package: ModuleType, streams: Streams, name: str, graph: bool) -> None:
    function = getattr(package, name)
    (tf.function(function, autograph=False) if graph else function)(keys.key(0))
    found, streams.clashes = streams.clashes, []
    assert bool(found) == (name in WRONG)
    assert all("scheme.py" in clash for clash in found)


def test_the_same_value_in_two_calls_is_seen(package: ModuleType, streams: Streams) -> None:
    package.inner(keys.key(0, "one"))
    package.same_again(keys.key(0, "one"))
    found, streams.clashes = streams.clashes, []
    assert len(found) == 2


def test_a_test_may_draw_what_it_likes(streams: Streams) -> None:
    keys.normal(keys.key(0), [2])
    keys.uniform(keys.key(0), [2])
    assert not streams.clashes
