"""Schemes of others that break what they promise: a line names the file, the class, the method, what came."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from overair.conformance import found, package, plugin
from overair.conformance.test_channels import test_channels as channels
from overair.conformance.test_codecs import test_codecs as codecs
from overair.conformance.test_compressors import test_compressors as compressors
from overair.conformance.test_learning import test_partitions as partitions
from overair.conformance.test_power_rules import test_power_rules as power
from overair.conformance.test_rates import test_rates as rates
from overair.scenarios import ScenarioError
from overair.scenarios.reading import catalogue
from tests.scenarios.test_outside import own

__all__ = ["own"]

CHANNELS = """
from overair.phy.channels.rayleigh import Rayleigh
@dataclass(frozen=True)
class Mine(Rayleigh):
    '''It.'''
    def draw(self, size, span, key, place):
        paths = super().draw(size, span, key, place)
        return {}
"""
POWER = """
from overair.phy.power.phase_only import PhaseOnly
@dataclass(frozen=True)
class Mine(PhaseOnly):
    '''It.'''
    def {}
"""
CODECS = """
from overair.ota.codecs import LinearSum, pack, unpack
from overair.ota.layers import size_of
@dataclass(frozen=True)
class Mine(LinearSum):
    '''It.'''
    def elements(self, layers, granted): return -(-size_of(layers) // 2)
    def code(self, layers, elements, key, past): return ()
    def encode(self, sent, layers, code): return {}
    def delivered(self, sent, layers, code, share): return sent * share[:, :1]
    def decode(self, symbols, layers, code, noise):
        found = unpack(symbols, size_of(layers))
        return {}
"""
COMPRESSORS = """
@dataclass(frozen=True)
class Mine:
    '''It.'''
    unbiased = {}
    def compress(self, update, bits, key, known=None):
        return {}
"""
RATES = """
from overair.ota.rates.capacity import Capacity
@dataclass(frozen=True)
class Mine(Capacity):
    '''It.'''
    def bits(self, subchannel): return {}
"""
PARTITIONS = """
import numpy as np
@dataclass(frozen=True)
class Mine:
    '''It.'''
    samples_per_device: int = 0
    def split(self, labels, devices, seed): return {}
"""
FIELDS = """
from overair.phy.channels.rayleigh import Rayleigh
@dataclass(frozen=True)
class {}(Rayleigh):
    '''It.'''
    gains: tuple[float, ...]
    wide: bool = False
"""
SAID = """
    @classmethod
    def examples(cls, folder):
        return {'gains': [(1.0, 0.5), (float(folder.is_dir()),)]}
"""
HEAD = "import tensorflow as tf\nfrom pydantic.dataclasses import dataclass\n"
UNKNOWN = "; ? is a size that TensorFlow does not know while it traces: say it by tf.ensure_shape"
A = "a of batch, antennas, devices, paths, steps: complex64"
EACH = "partition.split: expected"
BROKEN: list[tuple[str, str, Callable[..., None], str, str]] = [
    ("channels", CHANNELS.format("paths.a"), channels, "draw: expected Paths(a, tau, power), received a ", "both"),
    (
        "channels",
        CHANNELS.format("paths._replace(a=paths.a[..., 0])"),
        channels,
        f"draw: expected {A} [3, 1, 2, 1, 1], received complex64 [3, 1, 2, 1]",
        f"draw: expected {A} [2, 3, 5, 1, 1], received complex64 [2, 3, 5, 1]",
    ),
    (
        "channels",
        CHANNELS.format("paths._replace(tau=tf.zeros_like(paths.tau, tf.float64))"),
        channels,
        "draw: expected tau of batch, devices, paths: float32 [3, 2, 1], received float64 [3, 2, 1]",
        "draw: expected tau of batch, devices, paths: float32 [2, 5, 1], received float64 [2, 5, 1]",
    ),
    (
        "channels",
        CHANNELS.format("paths.nothing"),
        channels,
        "mine.py:10: Mine.draw: AttributeError: 'Paths' object",
        "",
    ),
    (
        "power",
        POWER.format("cost(self, gain, share=None): return tf.ones(gain.shape, tf.float64)"),
        power,
        "cost: expected float32 [3, 5], received float64 [3, 5]",
        "cost: expected float32 [7, 24], received float64 [7, 24]",
    ),
    (
        "power",
        POWER.format("amplitude(self, scale, gain, energy, budget, share=None, error=None): return tf.abs(gain)"),
        power,
        "amplitude: expected complex64 [3, 5], received float32 [3, 5]",
        "amplitude: expected complex64 [7, 24], received float32 [7, 24]",
    ),
    (
        "power",
        POWER.format("cost(self, gain): return 1.0"),
        power,
        "cost: expected float32 [3, 5], received a float",
        "",
    ),
    (
        "codecs",
        CODECS.format("pack(sent)", "tf.boolean_mask(found, ~(found > 1e9))"),
        codecs,
        f"decode: expected float32 [23], received float32 [?]{UNKNOWN}",
        f"decode: expected float32 [37], received float32 [?]{UNKNOWN}",
    ),
    (
        "codecs",
        CODECS.format("sent", "found"),
        codecs,
        "encode: expected complex64 [3, 12], received float32 [3, 23]",
        "encode: expected complex64 [3, 19], received float32 [3, 37]",
    ),
    (
        "codecs",
        CODECS.format("pack(sent)", "found / 2"),
        codecs,
        "",
        "decode: expected what was selected, exactly or on ",
    ),
    (
        "compressors",
        COMPRESSORS.format("True", "update, bits + 8.0"),
        compressors,
        "compress: expected from 0 to 0 bits used, as many as there are, received 8",
        "both",
    ),
    (
        "compressors",
        COMPRESSORS.format("True", "0.5 * update * tf.cast(bits > 9.0, tf.float32), tf.minimum(bits, 8.0)"),
        compressors,
        "",
        "unbiased: expected False, or the update on average over keys, received True, and 0.5 off",
    ),
    (
        "compressors",
        COMPRESSORS.format("False", "update"),
        compressors,
        "compress: expected what is decoded and the bits used, received a ",
        "both",
    ),
    (
        "rates",
        RATES.format("tf.reduce_sum(super().bits(subchannel))"),
        rates,
        "bits: expected float32 [3], received float32 []",
        "both",
    ),
    (
        "partitions",
        PARTITIONS.format("[np.arange(3.0)] * devices"),
        partitions,
        "split: expected int64 [3], received float64 [3]",
        "split: expected 2 arrays int64, none empty, received float64 [3], float64 [3]",
    ),
]
SIZES: dict[str, tuple[Any, ...]] = {
    "codecs": (37,),
    "compressors": (37,),
    "partitions": (2,),
}


def made(folder: Path, own: Callable[..., None], family: str, text: str) -> Any:
    """The object of a scheme of a package of its own."""
    (folder / family).mkdir()
    (folder / family / "mine.py").write_text(HEAD + text)
    own(folder)
    return catalogue.load(family, "mine")()


@pytest.mark.parametrize(("family", "text", "test", "checked", "tested"), BROKEN)
def test_what_is_broken_is_told_in_one_line(
    own: Any, tmp_path: Path, family: str, text: str, test: Callable[..., None], checked: str, tested: str
) -> None:
    broken = made(tmp_path, own, family, text)
    where = f"{tmp_path / family / 'mine.py'}: Mine."
    if checked:
        with pytest.raises(ScenarioError) as error:
            catalogue.build(catalogue.tables(family)["mine"](kind="mine"), "here")
        assert checked in str(error.value) and len(error.value.lines) == 1
        assert str(error.value).startswith(where) or ":10: " in checked
    if tested:
        with pytest.raises(
            (AssertionError, ScenarioError), match=re.escape(checked if tested == "both" else tested)
        ) as told:
            test(broken, *SIZES.get(family, ()))
        assert str(told.value).startswith(where)


def test_a_scenario_is_checked_with_the_schemes_that_it_chooses(own: Any, tmp_path: Path) -> None:
    made(tmp_path, own, "codecs", CODECS.format("sent", "found"))
    raw = {"data": "digits", "model": "softmax", "devices": 3, "rounds": 1}
    code = (  # in a process that has read nothing before
        "from overair.scenarios import ScenarioError, studies\n"
        f"study = studies.check({raw | {'uplink': {'kind': 'analog', 'codec': 'mine'}}})\n"
        "try:\n"
        "    study.prepare({})\n"
        "except ScenarioError as error:\n"
        "    print(error)\n"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "mine.py: Mine.encode: expected complex64 [3, 12], received float32" in told.stdout, told.stderr


def test_fields_that_annotations_do_not_fill_are_those_that_a_scheme_says(
    own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, mute = FIELDS.format("Told") + SAID, FIELDS.format("Mute")
    (tmp_path / "channels").mkdir()
    (tmp_path / "channels" / "told.py").write_text(HEAD + told)
    monkeypatch.setattr(plugin, "origin", tmp_path.name)
    own(tmp_path)
    made = found.examples.__wrapped__("channels")
    assert [(each.gains, each.wide) for each in made] == [((1.0, 0.5), False), ((1.0,), False), ((1.0, 0.5), True)]
    (tmp_path / "channels" / "mute.py").write_text(HEAD + mute)
    own(tmp_path)
    with pytest.raises(ValueError, match=r"mute.py: Mute.gains: expected values, as .*, found none; return"):
        found.examples.__wrapped__("channels")


def test_a_class_whose_objects_can_change_is_told_so(own: Any, tmp_path: Path) -> None:
    made(tmp_path, own, "compressors", COMPRESSORS.format("True", "update, bits").replace("frozen=True", ""))
    with pytest.raises(
        ScenarioError, match=r"mine.py: Mine: expected @dataclass\(frozen=True\), received a class whose"
    ):
        catalogue.build(catalogue.tables("compressors")["mine"](kind="mine"), "here")


def test_what_failed_tests_say_is_gathered(own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path, own, "codecs", CODECS.format("sent", "found"))
    monkeypatch.setattr(plugin, "origin", tmp_path.name)
    file, other = tmp_path / "codecs" / "mine.py", "elsewhere.py"
    crashes = [
        SimpleNamespace(path=other, lineno=3, message=f"ScenarioError: {file}: Mine.encode: expected a\nassert b"),
        SimpleNamespace(path=other, lineno=4, message=f"AssertionError: {file}: Mine.encode: expected a"),
        SimpleNamespace(path=str(file), lineno=9, message="AttributeError: no b"),
        SimpleNamespace(path=other, lineno=5, message="assert False"),
    ]
    reports = [SimpleNamespace(longrepr=SimpleNamespace(reprcrash=crash)) for crash in crashes]
    told = package.lines([*reports, SimpleNamespace(longrepr="collection failed")])
    assert told == {f"{file}: Mine.encode: expected a": 2, f"{file}:9: AttributeError: no b": 1}


@pytest.mark.parametrize(
    "named, told",
    [
        ("no\x1b[31mred\x07", r'received "no\x1b[31mred\x07", which is neither'),
        ("x" * 5000, f'received "{"x" * 80}", which is neither'),
        ("leaving.channels", "a package that can be imported, received leaving.channels: SystemExit: 7"),
        ("failing.channels", r"received failing.channels: RuntimeError: \x1b]0;title"),
    ],
    ids=["escapes", "long", "leaves", "fails"],
)
def test_a_package_that_cannot_be_named_or_imported_is_told_in_one_line(
    named: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, code in (("leaving", "import sys; sys.exit(7)"), ("failing", "raise RuntimeError('\x1b]0;title')")):
        (tmp_path / name / "channels").mkdir(parents=True)
        (tmp_path / name / "__init__.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    config: Any = SimpleNamespace(invocation_params=SimpleNamespace(dir=tmp_path), rootpath=tmp_path)
    with pytest.raises(pytest.UsageError, match=re.escape(told)) as found:
        plugin._take(config, named)
    assert str(found.value).isprintable() and str(found.value).startswith("--overair: expected ")


def test_schemes_that_end_the_process_are_told_in_a_line(
    own: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "channels").mkdir()
    ends = CHANNELS.format("paths") + "    def __post_init__(self): raise SystemExit(4)\n"
    (tmp_path / "channels" / "mine.py").write_text(HEAD + ends)
    own(tmp_path)
    monkeypatch.setattr(plugin, "origin", tmp_path.name)
    monkeypatch.setattr(found, "examples", found.examples.__wrapped__)
    assert package.complaints() == [f"{tmp_path.name}: expected schemes that can be made, received sys.exit(4)"]
