"""TensorFlow without its greeting, and without advice about what this package compiles on purpose.

The greeting is written to the standard error stream whatever the level of the log, when the library is imported and
when it first looks for GPUs, so both are done here with that stream put aside. What it says later is all heard but for
notes of level INFO. Who sets TF_CPP_MIN_LOG_LEVEL to 0 is greeted. Who sets it to 2 or 3, as the command sets 3, hears
no warnings of TensorFlow, neither of C++ nor of Python. Who imported TensorFlow before has been greeted.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LEVEL = "TF_CPP_MIN_LOG_LEVEL"  # read by TensorFlow once
WARNINGS, ERRORS = "1", "2"  # the least that is heard


def import_tensorflow() -> Any:
    """The library."""
    if "tensorflow" not in sys.modules and os.environ.get(LEVEL, WARNINGS) != "0":
        _import_hushed()
    import tensorflow

    log = logging.getLogger("tensorflow")
    if _is_no_advice_to_us not in log.filters:
        log.addFilter(_is_no_advice_to_us)
    return tensorflow


def _import_hushed() -> None:
    asked = os.environ.get(LEVEL)
    os.environ[LEVEL] = asked or WARNINGS
    try:
        with hushed():
            import tensorflow

            tensorflow.config.list_physical_devices()
            if os.environ[LEVEL] >= ERRORS:
                tensorflow.get_logger().setLevel(logging.ERROR)
    finally:
        if asked is None:
            del os.environ[LEVEL]


@contextmanager
def hushed() -> Iterator[None]:
    """Puts the standard error stream aside; an error, unlike a signal to stop, brings back what was written there."""
    try:
        stderr = os.dup(2)
    except OSError:  # there is none, as in a daemon
        yield
        return
    if sys.stderr:
        sys.stderr.flush()
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            yield
        except Exception:
            aside.seek(0)
            os.write(stderr, aside.read())
            raise
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)


def _is_no_advice_to_us(record: logging.LogRecord) -> bool:
    """Whether it is other than the warning of retracing, or about a function that others call than this package."""
    return "triggered tf.function retracing" not in record.getMessage() or not _caller().startswith(f"{__package__}.")


def _caller() -> str:
    """The module that called TensorFlow, by Keras or not."""
    frame = sys._getframe(1)
    while frame.f_back and _root(frame.f_globals.get("__name__", "")) in ("logging", "tensorflow", "keras", __name__):
        frame = frame.f_back
    return str(frame.f_globals.get("__name__", ""))


def _root(module: str) -> str:
    return module if module == __name__ else module.partition(".")[0]
