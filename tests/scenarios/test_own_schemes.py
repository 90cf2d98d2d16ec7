"""Schemes of one's own leave ours as they are, run nothing before they are used, and their mistakes are explained."""

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from overair.scenarios import ScenarioError
from overair.scenarios.reading import catalogue, outside
from overair.scenarios.reading.sources import sources
from tests.checkout import needs_checkout
from tests.scenarios.test_outside import CLASS, PACKAGE, SCHEMES, TEMPLATE, own

__all__ = ["own"]


def scheme(folder: Path, place: str, name: str, fields: str = "    level: float = 1.0\n") -> Path:
    """A folder with a file of one scheme."""
    file = folder / f"{place}.py"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(CLASS.format(name) + fields)
    return folder


def test_a_class_of_the_name_of_ours_is_the_default_of_its_own_package_alone(own: Any, tmp_path: Path) -> None:
    scheme(tmp_path / "a", "csi/noisy", "Perfect")
    scheme(
        tmp_path / "a", "codecs/chained", "Chained", "    code: Codec = Identity()\n    csi: Csi = Perfect(level=2.0)\n"
    )
    scheme(tmp_path / "b", "codecs/other", "Identity", "    csi: Csi = Perfect()\n")
    own(tmp_path / "a", tmp_path / "b")
    air = catalogue.table_of_class("phy/air.py", "Air", without=("grid", "devices"))
    assert air.model_fields["csit"].default == {"kind": "perfect"}
    codecs = catalogue.tables("codecs")
    told = {name: field.default for name, field in codecs["chained"].model_fields.items()}
    assert told["code"] == {"kind": "identity"} and told["csi"] == {"kind": "noisy", "level": 2.0}
    assert codecs["other"].model_fields["csi"].default == {"kind": "perfect"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--with", "none"], "--with: expected a folder, received "),
        (["--with", ""], 'overair: use: expected a folder, received ""'),
        (["--with", "empty"], "empty: expected a folder with schemes in one of "),
        (["--with", "latin"], "mine.py: expected a scheme, as ours are written; 'utf-8' codec can't decode"),
        (["--with", "twice/a", "--with", "twice/b/a"], "--with: expected packages of different names, received "),
    ],
)
def test_a_folder_that_cannot_be_is_told_in_one_line(tmp_path: Path, given: list[str], told: str) -> None:
    (tmp_path / "empty").mkdir()
    scheme(tmp_path / "latin", "channels/mine", "Mine")
    (tmp_path / "latin" / "channels" / "mine.py").write_bytes(b"# \xe9")
    scheme(tmp_path / "twice" / "a", "channels/one", "One")
    scheme(tmp_path / "twice" / "b" / "a", "channels/two", "Two")
    run = [sys.executable, "-m", "overair", "list", *given]
    environment = os.environ | {"PYTHONPATH": str(PACKAGE)}
    done = subprocess.run(run, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 2 and told in done.stderr and done.stderr.count("\n") == 1, done.stderr


def strange(file: Path, kind: str) -> None:
    """Something that has a file's name and is none, or a very large one."""
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "folder":
        file.mkdir()
    elif kind == "huge":
        with file.open("wb") as stream:
            stream.truncate(5 * 2**30)
    else:
        file.symlink_to({"loop": file, "device": Path("/dev/zero"), "nothing": file.parent / "none"}[kind])


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("pipe", "it is no plain file"),
        ("device", "it is no plain file"),
        ("folder", "it is no plain file"),
        ("huge", "it has more than 1048576 bytes"),
        ("loop", "Too many levels of symbolic links"),
        ("nothing", "No such file or directory"),
    ],
)
def test_what_is_no_file_of_a_scheme_is_named_at_once(own: Any, tmp_path: Path, kind: str, told: str) -> None:
    scheme(tmp_path, "channels/mine", "Mine")
    strange(tmp_path / "channels" / "odd.py", kind)
    own(tmp_path)
    with pytest.raises(ScenarioError) as error:
        sources("channels")
    wanted = f"{tmp_path / 'channels' / 'odd.py'}: expected a scheme in a plain file; {told}"
    assert str(error.value) == wanted


def test_a_base_in_what_is_no_file_is_one_that_says_nothing(own: Any, tmp_path: Path) -> None:
    scheme(tmp_path, "channels/mine", "Mine(Base)")
    file = tmp_path / "channels" / "mine.py"
    file.write_text("from ._base import Base\n" + file.read_text())
    strange(tmp_path / "channels" / "_base.py", "pipe")
    own(tmp_path)
    assert [field.name for field in sources("channels")["mine"].fields] == ["level"]


def test_helpers_that_are_no_files_are_named_and_folders_of_such_names_passed_over(own: Any, tmp_path: Path) -> None:
    scheme(tmp_path, "channels/mine", "Mine")
    own(tmp_path)
    there = outside.digest(tmp_path.name)
    strange(tmp_path / "folder.py", "folder")
    outside.digest.cache_clear()
    assert outside.digest(tmp_path.name) == there
    strange(tmp_path / "odd.py", "pipe")
    outside.digest.cache_clear()
    with pytest.raises(ScenarioError, match=r"odd.py: expected Python in a plain file; it is no plain file"):
        outside.digest(tmp_path.name)


@pytest.mark.parametrize(
    ("field", "told"),
    [
        ('x: "open(1)" = 1', "annotation 'open(1)': expected names such as float"),
        ('x: tuple["open(1)", ...] = ()', "expected names such as float"),
        ('x: Literal[tuple["open(1)"]] = 1', "expected names such as float"),
        ("x: Annotated[int, Lt(9 ** 9 ** 9)] = 1", "expected names such as float"),
        ("x: np.float32 = 1.0", "annotation np.float32: expected names such as float"),
        ("x: float = 2 * 100e-9", "default 2 * 1e-07: expected a plain value such as 1e-7"),
        ("x: float = field(default=1e-7)", "default field(default=1e-07): expected a plain value"),
        ("x: Rate = Capacity(nothing=1)", "default Capacity(nothing=1): expected a plain value"),
        ("_x: float = 1.0", "leading underscores"),
    ],
)
def test_a_field_that_cannot_be_read_is_told_with_its_file(own: Any, tmp_path: Path, field: str, told: str) -> None:
    own(scheme(tmp_path, "channels/mine", "Mine", f"    {field}\n"))
    with pytest.raises(ScenarioError) as error:
        catalogue.tables("channels")
    assert str(error.value).startswith(f"{tmp_path / 'channels' / 'mine.py'}: ") and told in str(error.value)
    assert len(error.value.lines) == 1 and "\\n" not in str(error.value)


def test_annotations_of_texts_and_bounds_stay(own: Any, tmp_path: Path) -> None:
    fields = (
        "a: Annotated[int, Ge(-1), Lt(2**31)] = 1",
        'b: Literal["x", "y"] | None = None',
        "c: tuple[int, ...] = ()",
    )
    own(scheme(tmp_path, "channels/mine", "Mine", "".join(f"    {field}\n" for field in fields)))
    made: Any = catalogue.tables("channels")["mine"]
    assert made(kind="mine", a=-1, b="y", c=[1]).model_dump() == {"kind": "mine", "a": -1, "b": "y", "c": [1]}


@pytest.mark.parametrize("decorator", ["dataclass", "dataclasses.dataclass(frozen=True)"])
def test_a_public_file_without_a_scheme_is_refused(own: Any, tmp_path: Path, decorator: str) -> None:
    file = scheme(tmp_path, "channels/mine", "Mine") / "channels" / "mine.py"
    file.write_text(file.read_text().replace("dataclass(frozen=True)", decorator))
    own(tmp_path)
    with pytest.raises(ScenarioError, match=r"mine.py: expected a public class under @dataclass\(frozen=True\)"):
        sources("channels")


def test_a_package_that_exits_is_told_and_not_kept_half(own: Any, tmp_path: Path) -> None:
    own(scheme(tmp_path / "leaves", "channels/mine", "Mine"))
    (tmp_path / "leaves" / "__init__.py").write_text("import sys\nsys.exit(3)\n")
    for _ in range(2):
        with pytest.raises(ScenarioError, match="mine.py: cannot be imported: SystemExit: 3"):
            catalogue.load("channels", "mine")
    assert outside.packages()[0].module not in sys.modules


@needs_checkout
def test_a_result_is_had_again_with_the_folders_that_its_schemes_are_of(tmp_path: Path) -> None:
    scheme(tmp_path / "idle", "csi/unused", "Unused")
    code = """
import json, sys, xarray
from overair import use
use(*sys.argv[2:])
from overair.scenarios.reading import files
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import repeated
scenario = sweep(files.read(sys.argv[1])[1]).resolved
print(repeated.again(xarray.Dataset(attrs={"scenario": json.dumps(scenario)})).command)
"""
    run = [sys.executable, "-c", code, str(TEMPLATE / "scenario.toml"), str(tmp_path / "idle"), str(SCHEMES)]
    done = subprocess.run(run, cwd=PACKAGE, capture_output=True, text=True, timeout=300)
    assert done.stdout == f"overair run scenario.toml --with {shlex.quote(str(SCHEMES))} --out runs/again\n", (
        done.stderr
    )


def test_fields_and_traits_of_a_base_of_ours_are_read_wherever_it_is_imported_from(own: Any, tmp_path: Path) -> None:
    heads = {
        "channels/mine": ("Mine", "from overair.phy import Rician"),
        "codecs/other": ("Other", "from overair.ota.codecs import LinearSum"),
        "algorithms/walk": ("Walk", "from overair.learning.federated.algorithms.fedprox import Fedprox"),
    }
    for place, (name, line) in heads.items():
        scheme(tmp_path, place, name)
        file = tmp_path / f"{place}.py"
        file.write_text(f"{line}\n" + file.read_text().replace(f"class {name}:", f"class {name}({line.split()[-1]}):"))
    own(tmp_path)
    assert {"k_db", "level"} <= set(catalogue.tables("channels")["mine"].model_fields)
    assert sources("codecs")["other"].traits["linear"] is True
    walk = sources("algorithms")["walk"]
    assert walk.traits["moves"] is True and {"mu", "level"} <= {field.name for field in walk.fields}
    code = (  # in a process that has read nothing before
        "from overair.scenarios import studies\n"
        'raw = {"study": "federated", **studies.load("federated").example, "algorithm": "walk"}\n'
        "print(studies.check(raw).optimizer.learning_rate)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert told.stdout.strip() == "1.0", told.stderr  # as of all whose devices move
