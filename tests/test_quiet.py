"""Imports from Python print nothing, and nothing that is said later is lost."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from overair import quiet

ROOT = Path(__file__).parents[1]
SCRIPT = """
import logging, os, sys
import overair
from overair import quietly
quietly.tensorflow.config.threading.set_inter_op_parallelism_threads(1)  # it looked for devices, and took none
overair.phy
from overair.learning import Federation
from overair import Aggregator

import tensorflow as tf
assert "TF_CPP_MIN_LOG_LEVEL" not in os.environ  # whose children would hear nothing
assert logging.getLogger().handlers == [] and logging.getLogger("tensorflow").getEffectiveLevel() == logging.WARNING

RETRACED = '''
import tensorflow as tf
f = tf.function(lambda x: x + 1)
for size in range(6):
    f(tf.zeros([size]))
'''
exec(RETRACED, {"__name__": "overair.learning.example"})
tf.function(lambda x: x + 1, jit_compile=True)(tf.zeros([]))  # tells at level INFO that it compiles
sys.stderr.write("ours is silent\\n")
sys.stderr.flush()
exec("\\n" + RETRACED, {"__name__": "example"})  # on another line, as warnings of one function end
for _ in tf.data.Dataset.range(3).cache().take(1):  # a warning of the part in C++
    pass
"""
ERRORS = """
from overair.quiet import import_tensorflow
tf = import_tensorflow()
f = tf.function(lambda x: x + 1)
for size in range(6):
    f(tf.zeros([size]))
for _ in tf.data.Dataset.range(3).cache().take(1):
    pass
tf.get_logger().error("an error")
"""
KILLED = """
import os, signal
os.write(2, b"a greeting\\n")
os.kill(os.getpid(), signal.SIGTERM)
"""


def python(*arguments: str, path: Path = ROOT, level: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != quiet.LEVEL}
    environment |= {quiet.LEVEL: level} if level else {}
    environment["PYTHONPATH"] = f"{path}{os.pathsep}{ROOT}"
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=300)


def test_imports_are_silent_and_later_warnings_are_heard() -> None:
    done = python("-c", SCRIPT)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    before, heard = done.stderr.split("ours is silent\n")
    assert before == ""
    assert "triggered tf.function retracing" in heard and "did not fully read the dataset" in heard


def test_who_asks_for_errors_hears_no_warnings_of_either_part() -> None:
    done = python("-c", ERRORS, level="2")
    assert done.returncode == 0 and [line for line in done.stderr.splitlines() if "an error" not in line] == []
    assert "an error" in done.stderr


@pytest.mark.parametrize("level", [None, "0", "3"])
def test_who_imported_tensorflow_before_is_left_alone(level: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(quiet.LEVEL, raising=False)
    if level is not None:
        monkeypatch.setenv(quiet.LEVEL, level)
    before = dict(os.environ)
    monkeypatch.setattr(quiet, "_import_hushed", None)
    assert quiet.import_tensorflow() is sys.modules["tensorflow"]
    assert dict(os.environ) == before


def test_an_error_brings_back_what_was_said_before_it(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImportError), quiet.hushed():
        os.write(2, b"no such library\n")
        raise ImportError
    assert capfd.readouterr().err == "no such library\n"
    with quiet.hushed():
        os.write(2, b"a greeting\n")
    os.write(2, b"later\n")
    assert capfd.readouterr().err == "later\n"


def test_a_command_that_is_stopped_while_tensorflow_loads_does_not_greet(tmp_path: Path) -> None:
    (tmp_path / "tensorflow.py").write_text(KILLED)
    done = python("-m", "overair", "check", path=tmp_path)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, "overair: stopped\n")
