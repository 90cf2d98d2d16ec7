"""Who draws what from which key: numbers of two kinds from one key are functions of the same bits, so correlated.

Every draw of the package goes through TensorFlow's stateless ones or puts Sionna's generator into the state of a key. A
key is known by its value where code runs eagerly, and by its tensor where a graph is traced.
"""

import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import tensorflow as tf

from ..phy import sionna_rng
from ..scenarios.reading import outside
from . import plugin

HERE = Path(__file__).resolve().parent
OURS = [HERE.parent, *Path(__file__).parents[1].iterdir()]
THEIRS = [package.folder for package in outside.packages() if package.name == plugin.origin]
ROOTS = tuple(str(folder.resolve()) for folder in [*OURS, *THEIRS])
MARK = "_streams_first_draw"  # of a tensor of a graph, which is not kept alive by being remembered
Draw = tuple[tuple[Any, ...], str]  # the kind, and where


class Streams:
    """The first draw of every key, and those that do not agree with it."""

    def __init__(self) -> None:
        self.first: dict[bytes, Draw] = {}
        self.clashes: list[str] = []

    def saw(self, key: tf.Tensor, kind: tuple[Any, ...]) -> None:
        where = _package_line()
        if where is None:
            return
        if tf.is_symbolic_tensor(key):
            first = getattr(key, MARK, None) or (kind, where)
            setattr(key, MARK, first)
        else:
            first = self.first.setdefault(tf.convert_to_tensor(key).numpy().tobytes(), (kind, where))
        if first[0] != kind:
            self.clashes.append(f"{where} draws {kind} from the key from which {first[1]} drew {first[0]}")


def watch(patch: Callable[[Any, str, Any], None]) -> Streams:
    """The draws of all that follows; ``patch`` is what ``monkeypatch.setattr`` is."""
    streams, uniform, normal = Streams(), tf.random.stateless_uniform, tf.random.stateless_normal

    def seen_uniform(shape: Any, seed: Any, minval: Any = 0, maxval: Any = None, dtype: Any = tf.float32) -> tf.Tensor:
        streams.saw(seed, ("uniform", tf.as_dtype(dtype).name, *map(_plain, (minval, maxval))))
        return uniform(shape, seed, minval, maxval, dtype)

    def seen_normal(shape: Any, seed: Any, mean: Any = 0.0, stddev: Any = 1.0, dtype: Any = tf.float32) -> tf.Tensor:
        streams.saw(seed, ("normal", tf.as_dtype(dtype).name, *map(_plain, (mean, stddev))))
        return normal(shape, seed, mean, stddev, dtype)

    patch(tf.random, "stateless_uniform", seen_uniform)
    patch(tf.random, "stateless_normal", seen_normal)
    keyed = sionna_rng.keyed

    def seen_keyed(key: tf.Tensor) -> None:
        streams.saw(key, ("sionna",))
        keyed(key)

    for module in _that_name_it(len(sys.modules)):
        patch(module, "keyed", seen_keyed)
    return streams


@cache
def _that_name_it(loaded: int) -> list[ModuleType]:
    """Modules of the package that hold Sionna's generator under its name, found anew when modules were loaded."""
    ours = [module for name, module in sys.modules.items() if name.startswith("overair.")]
    return [module for module in ours if getattr(module, "keyed", None) is sionna_rng.keyed]


def _plain(bound: Any) -> Any:
    return "tensor" if tf.is_tensor(bound) else bound


def _package_line() -> str | None:
    """Who drew: the innermost line outside of the keys themselves if it is a package's, and not a test's."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None and frame.f_code.co_filename.endswith(("phy/keys.py", "conformance/streams.py")):
        frame = frame.f_back
    name = frame.f_code.co_filename if frame else ""
    return f"{name}:{frame.f_lineno}" if frame and _of_package(name) else None


@cache
def _of_package(name: str) -> bool:
    file = Path(name).resolve()
    return HERE not in file.parents and str(file).startswith(ROOTS)
