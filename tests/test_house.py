"""The house stands: imports point one way, the wheel holds what the checkout holds, and the front door is light."""

import ast
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import overair
from tests.checkout import NEEDED

PARTS = ["phy", "ota", "learning", "scenarios", "figures"]  # each may import itself and those before it
FOLDERS = [*PARTS, "checks", "conformance"]  # the last two are the front door's, and look at all parts
GENERAL = [("curve", "plot"), ("images", "plot")]  # figures of any results
PACKAGE = Path(overair.__file__).parent
DISTRIBUTIONS = {
    "PIL": "pillow",
    "sklearn": "scikit-learn",
    "pydantic_core": "pydantic",
    "dask": "distributed",
}  # which brings what is imported


def find_checkout() -> Path | None:
    """The sources: beside these tests, or where OVERAIR_CHECKOUT says when the tests were copied elsewhere."""
    for folder in (os.environ.get("OVERAIR_CHECKOUT"), Path(__file__).parent.parent):
        if folder and (Path(folder) / "overair" / "__init__.py").exists():
            return Path(folder)
    return None


@pytest.fixture
def checkout() -> Path:
    folder = find_checkout()
    if folder is None:
        pytest.skip(NEEDED)
    return folder


@pytest.fixture
def project(checkout: Path) -> dict[str, Any]:
    return tomllib.loads((checkout / "pyproject.toml").read_text())


def files(root: Path, pattern: str = "*.py") -> dict[str, Path]:
    """The package's files by their path in the wheel; the parts are named, as links to folders are not walked."""
    found = {path.name: path for path in root.glob(pattern)}
    for part in FOLDERS:
        found |= {f"{part}/{path.relative_to(root / part)}": path for path in (root / part).rglob(pattern)}
    return found


def imported(name: str, path: Path) -> Iterator[str]:
    """Full dotted names of what a file imports, with the names taken: `from ..phy import air` is overair.phy.air."""
    package = ("overair", *Path(name).parent.parts)
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = package[: len(package) + 1 - node.level] if node.level else ()
            yield from (".".join([*start, *filter(None, [node.module]), alias.name]) for alias in node.names)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(PACKAGE.parent)}
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=60)


def test_dependencies_between_the_parts_point_one_way() -> None:
    wrong = []
    for name, path in files(PACKAGE).items():
        part = name.split("/")[0]
        if part not in PARTS:
            continue
        allowed = {*PARTS[: PARTS.index(part) + 1], "bounds", "durable", "npz", "own", "plain_files"}
        allowed |= {"quiet", "quietly", "terminal", "version", "__version__"}
        for target in imported(name, path):
            top, _, rest = target.partition(".")
            if top == "overair" and rest.split(".")[0] not in allowed:
                wrong.append(f"{name} imports {target}")
    assert not wrong


def test_figures_simulate_nothing() -> None:
    """They take results: what trains, sends or compresses is to the left of scenarios, or in these."""
    simulating = ("overair.learning", "overair.ota", "overair.phy", "tensorflow", "keras", "sionna")
    wrong = []
    for name, path in files(PACKAGE).items():
        if name.startswith("figures/"):
            wrong += [f"{name} imports {target}" for target in imported(name, path) if target.startswith(simulating)]
    assert not wrong


def test_drawing_loads_no_tensorflow() -> None:
    names = [name for name in files(PACKAGE) if name.startswith("figures/")]
    modules = [f"overair.figures.{Path(name).stem}" for name in names if not name.endswith("__init__.py")]
    code = f"""
import importlib, sys
for name in {modules!r}:
    importlib.import_module(name)
assert not {{"tensorflow", "keras", "sionna"}} & sys.modules.keys()
"""
    run = python("-c", code)
    assert run.returncode == 0, run.stderr


def test_a_figure_borrows_from_no_neighbour() -> None:
    """It takes what all share (_*.py), studies (which draw nothing), its own parts, and ``plot`` of a general one."""
    sources = {path.stem: path for name, path in files(PACKAGE).items() if name.startswith("figures/")}
    shared = {"__init__", *(stem for stem in sources if stem.startswith("_"))}
    drawing = {stem for stem, path in sources.items() if any("matplotlib" in each for each in imported("", path))}
    takes = {stem: imported(f"figures/{path.name}", path) for stem, path in sources.items() if stem != "__init__"}
    wrong = []
    for stem, targets in takes.items():
        for target in targets:
            _, part, name, *_ = f"{target}....".removeprefix("overair.").split(".")
            of_a_neighbour = target.startswith("overair.figures.") and part in drawing - shared
            if of_a_neighbour and not part.startswith(f"{stem}_") and (part, name) not in GENERAL:
                wrong.append(f"{stem} imports {target}")
    assert drawing - shared and not wrong


def test_sionna_stays_in_phy_but_for_the_coding_of_a_digital_chain() -> None:
    wrong = []
    for name, path in files(PACKAGE).items():
        targets = [target for target in imported(name, path) if target.split(".")[0] == "sionna"]
        if name.startswith("ota/"):
            targets = [target for target in targets if not target.startswith(("sionna.phy.fec", "sionna.phy.mapping"))]
        if not name.startswith("phy/"):
            wrong += [f"{name} imports {target}" for target in targets]
    assert not wrong


def test_inside_the_package_imports_are_relative() -> None:
    wrong = []
    for name, path in files(PACKAGE).items():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            else:
                targets = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            wrong += [f"{name} imports {target}" for target in targets if target.split(".")[0] == "overair"]
    assert not wrong


def test_every_library_imported_is_declared(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    optional = [line for name in ("dask", "ray", "flower", "mlflow") for line in extras[name]]
    lines = [*project["project"]["dependencies"], *optional, "pytest"]  # whoever tests has it
    declared = {Requirement(line).name for line in lines}
    used = {target.split(".")[0] for name, path in files(PACKAGE).items() for target in imported(name, path)}
    used -= {*sys.stdlib_module_names, "overair"}
    assert {DISTRIBUTIONS.get(name, name.replace("_", "-")) for name in used} <= declared


def test_no_file_is_over_250_lines() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in files(PACKAGE).items()}
    assert not {name: lines for name, lines in lengths.items() if lines > 250}


def test_every_file_says_what_it_is() -> None:
    assert not [name for name, path in files(PACKAGE).items() if not ast.get_docstring(ast.parse(path.read_text()))]


def test_the_package_list_equals_the_folders(checkout: Path, project: dict[str, Any]) -> None:
    folders = {Path(name).parent for name in files(checkout / "overair")}
    unmarked = [folder for folder in folders if not (checkout / "overair" / folder / "__init__.py").exists()]
    assert not unmarked, "a folder with code and no __init__.py is left out of the wheel"
    packages = sorted(".".join(["overair", *folder.parts]) for folder in folders)
    assert sorted(project["tool"]["setuptools"]["packages"]) == packages


def test_what_is_installed_equals_the_checkout(checkout: Path) -> None:
    for pattern in ("*.py", "*.toml", "py.typed"):
        installed, source = files(PACKAGE, pattern), files(checkout / "overair", pattern)
        assert installed.keys() == source.keys()
        assert not [name for name in source if installed[name].read_bytes() != source[name].read_bytes()]


def test_the_checkout_links_each_part_to_its_folder_at_the_root(checkout: Path) -> None:
    links = {part: os.readlink(checkout / "overair" / part) for part in PARTS}
    assert links == {part: f"../{part}" for part in PARTS}


@pytest.mark.skipif("OVERAIR_CHECKOUT" not in os.environ, reason="not a run on the wheel: OVERAIR_CHECKOUT is not set")
def test_these_tests_run_on_the_wheel() -> None:
    assert not PACKAGE.samefile(Path(os.environ["OVERAIR_CHECKOUT"]) / "overair")


def test_the_version_is_the_one_installed() -> None:
    try:
        assert overair.__version__ == metadata.version("overair")
    except metadata.PackageNotFoundError:
        pytest.skip("overair is used from the checkout and not installed")


@pytest.mark.parametrize("argv", [["--help"], ["list"], ["list", "cfo"]], ids=" ".join)
def test_the_front_door_opens_without_tensorflow(argv: list[str]) -> None:
    code = f"""
import overair, runpy, sys
sys.argv = {["overair", *argv]!r}
try:
    runpy.run_module("overair", run_name="__main__")
except SystemExit as end:
    assert not end.code, end.code
assert not {{"tensorflow", "keras", "sionna", "matplotlib"}} & sys.modules.keys()
"""
    run = python("-c", code)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


def test_importing_overair_imports_no_library() -> None:
    code = "import sys; import overair; print(*{name.split('.')[0] for name in sys.modules})"
    assert set(python("-S", "-c", code).stdout.split()) - set(sys.stdlib_module_names) <= {"overair", "__main__"}


def test_the_parts_are_found_as_attributes_and_nothing_else_is() -> None:
    assert (
        {*PARTS, "Aggregator", "join", "load", "plot", "use", "__version__"}
        == set(overair.__all__)
        <= set(dir(overair))
    )
    assert overair.scenarios.__name__ == "overair.scenarios"
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = overair.nonsense


def test_the_constraints_satisfy_the_declared_ranges(checkout: Path, project: dict[str, Any]) -> None:
    lines = [line for line in (checkout / "constraints.txt").read_text().splitlines() if not line.startswith("#")]
    pins = {canonicalize_name(name): Version(version) for name, version in (line.split("==") for line in lines)}
    assert len(pins) == len(lines)
    extras = project["project"]["optional-dependencies"]
    declared = project["project"]["dependencies"] + extras["test"] + extras["docs"]
    ranges = [Requirement(line) for line in declared + project["build-system"]["requires"]]
    unpinned = [str(need) for need in ranges if canonicalize_name(need.name) not in pins]
    assert not unpinned
    assert not [str(need) for need in ranges if pins[canonicalize_name(need.name)] not in need.specifier]
