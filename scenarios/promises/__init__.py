"""What methods of somebody else's schemes give is looked at before a scenario runs: types, static shapes, bits.

A family that is looked at has a file here, whose ``keep(scheme)`` calls the methods at a small size. What they give is
compared by ``gives``, which conformance tests share; a line names the file, the class and the method.
"""

import importlib
import importlib.util
import inspect
import traceback
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from ..reading.errors import ScenarioError

MOST_KEPT = 1000  # schemes that are not looked at again
UNKNOWN = "; ? is a size that TensorFlow does not know while it traces: say it by tf.ensure_shape"


def check(family: str, scheme: Any) -> None:
    """Raise ScenarioError where a scheme gives something else than those of its family must."""
    if type(scheme).__hash__ is None:
        told = "expected @dataclass(frozen=True), received a class whose objects can change"
        raise ScenarioError(f"{_file(scheme)}: {type(scheme).__name__}: {told}")
    name = f"{__name__}.{family}"
    if importlib.util.find_spec(name) is not None:
        _try(name, scheme)


@lru_cache(MOST_KEPT)
def _try(name: str, scheme: Any) -> None:
    try:
        importlib.import_module(name).keep(scheme)
    except ScenarioError:
        raise
    except (Exception, SystemExit) as error:  # whatever it does when it is called
        raise failed(scheme, error) from None


def failed(scheme: Any, error: Exception | SystemExit) -> ScenarioError:
    """Where in a scheme's file an error was raised, and which."""
    told = str(error).strip().partition("\n")[0]
    return ScenarioError(f"{_place(scheme, error)}: {type(error).__name__}: {told}")


def gives(scheme: Any, method: str, value: Any, dtype: str, shape: Sequence[int], what: str = "") -> None:
    """Raise ScenarioError unless a method gave a tensor of that type and static shape."""
    expected, received = f"{dtype} {list(shape)}", shown(value)
    if expected != received:
        raise wrong(scheme, method, f"{what}{expected}", received + UNKNOWN * ("?" in received))


def wrong(scheme: Any, method: str, expected: str, received: str) -> ScenarioError:
    """What a method should have given, and what it gave."""
    return ScenarioError(f"{_file(scheme)}: {type(scheme).__name__}.{method}: expected {expected}, received {received}")


def shown(value: Any) -> str:
    """A tensor as its type and static shape."""
    if not hasattr(value, "dtype") or not hasattr(value, "shape"):
        return f"a {type(value).__name__}"
    dtype = getattr(value.dtype, "name", value.dtype)
    if getattr(value.shape, "rank", 0) is None:
        return f"{dtype} [?]"
    return f"{dtype} [{', '.join('?' if size is None else str(size) for size in value.shape)}]"


def traced(attempt: Any) -> None:
    """Trace a function as a scenario would, without running it."""
    import tensorflow as tf

    tf.function(attempt, autograph=False).get_concrete_function()


def _file(scheme: Any) -> str:
    return inspect.getfile(type(scheme))


def _place(scheme: Any, error: Exception | SystemExit) -> str:
    """The file and line of a scheme where it raised an error, or the class whose method cannot be called so."""
    file, name = _file(scheme), type(scheme).__name__
    inside = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == file]
    return f"{file}:{inside[-1].lineno}: {name}.{inside[-1].name}" if inside else f"{file}: {name}"
