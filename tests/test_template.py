"""The template of a package of one's own, from a wheel in an environment that borrows the libraries of this one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import overair
from overair.conformance import package, plugin
from tests.checkout import CHECKOUT, NEEDED
from tests.scenarios.test_outside import CLASS, own

__all__ = ["own"]

TEMPLATE = CHECKOUT / "examples" / "own_package"
BORROWED = [str(Path(overair.__file__).parents[1]), *(path for path in sys.path if path.endswith("site-packages"))]
PYTEST = ("-m", "pytest", "-q", "-p", "overair.conformance.plugin", "-p", "no:cacheprovider")
CONFORMANCE = ("--pyargs", "overair.conformance", "--overair")

pytestmark = pytest.mark.skipif(not TEMPLATE.is_dir(), reason=NEEDED)


def run(*command: str, cwd: Path, code: int = 0) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "OVERAIR_WITH"}
    environment |= {"TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template."""
    copy = tmp_path_factory.mktemp("template") / "source"
    subprocess.run(["cp", "-r", str(TEMPLATE), str(copy)], check=True)
    return copy


@pytest.fixture(scope="module")
def python(source: Path) -> str:
    """An interpreter with the template's wheel, our package and the libraries."""
    pip, home = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"], source.parent
    options = ["--no-deps", "--no-index"]
    run(*pip, "wheel", "--no-build-isolation", *options, "-w", str(home), str(source), cwd=home)
    run(sys.executable, "-m", "venv", "--without-pip", str(home / "venv"), cwd=home)
    found = str(home / "venv" / "bin" / "python")
    run(*pip, "--python", found, "install", *options, *map(str, home.glob("*.whl")), cwd=home)
    (site,) = (home / "venv").glob("lib/python3*/site-packages")
    (site / "libraries.pth").write_text("\n".join(BORROWED) + "\n")
    return found


def test_from_its_wheel_it_is_listed_and_passes_the_tests_of_every_scheme(python: str, tmp_path: Path) -> None:
    assert "(of two_ray_schemes)" in run(python, "-m", "overair", "list", "partial_inversion", cwd=tmp_path)
    chosen = ("-k", "not link_level and not test_codecs")  # all of them: below
    told = run(python, *PYTEST, *CONFORMANCE, "two_ray_schemes", *chosen, cwd=tmp_path)
    assert " passed" in told and "skipped" not in told and "failed" not in told, told


@pytest.mark.slow
def test_all_that_its_readme_says_works(python: str, source: Path, tmp_path: Path) -> None:
    told = run(
        python, "-m", "overair", "run", str(source / "scenario.toml"), "--out", str(tmp_path / "run"), cwd=tmp_path
    )
    assert "analog identity" in told and "analog averaged" in told
    told = run(python, *PYTEST, "-rA", cwd=source)
    assert "test_of_a_group_the_mean_arrives" in told and "test_channels[TwoRay" in told and "failed" not in told


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("nowhere", '--overair: expected a folder or an installed package, received "nowhere", which is neither'),
        ("empty", "empty: expected a folder with schemes in one of channels, "),
        ("outer", "found none; name {}/outer/inner"),
    ],
)
def test_what_is_no_package_of_schemes_is_told_in_one_line(tmp_path: Path, named: str, told: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "outer" / "inner" / "channels").mkdir(parents=True)
    command = (*PYTEST, *CONFORMANCE, named)
    environment = os.environ | {"PYTHONPATH": BORROWED[0]}
    done = subprocess.run([sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR, done.stdout + done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line]
    assert line.startswith("ERROR: ") and told.format(tmp_path) in line


def test_files_that_cannot_be_imported_or_tried_are_told_all_at_once(
    own: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugin, "origin", tmp_path.name)
    (tmp_path / "models").mkdir()
    for name in ("one", "two"):
        text = CLASS.format(name.title())
        (tmp_path / "models" / f"{name}.py").write_text(f"import nothing_of_that_name\n{text}")
    own(tmp_path)  # type: ignore[operator]
    lines = package.complaints()
    assert [line.partition(": cannot be imported: ModuleNotFoundError")[0] for line in lines] == [
        str(tmp_path / "models" / f"{name}.py") for name in ("one", "two")
    ]


def test_what_pytest_reads_in_every_run_is_light(tmp_path: Path) -> None:
    code = (
        "import sys; import overair.conformance.plugin; print({'pydantic', 'numpy', 'tensorflow'} & sys.modules.keys())"
    )
    environment = os.environ | {"PYTHONPATH": BORROWED[0]}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
