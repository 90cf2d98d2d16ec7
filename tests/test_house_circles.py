"""No module of a layer imports itself by way of others, neither at once nor later from within a function."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import overair

LAYERS = ["phy", "ota", "learning", "scenarios", "figures"]


def modules(root: Path, layer: str) -> dict[str, Path]:
    """Files of a layer by their dotted names; a folder's ``__init__`` has the folder's name."""
    paths = {path: path.relative_to(root).with_suffix("").parts for path in (root / layer).rglob("*.py")}
    return {".".join(parts).removesuffix(".__init__"): path for path, parts in paths.items()}


def neighbours(path: Path, root: Path, known: dict[str, Path]) -> Iterator[str]:
    """The modules of the same layer that a file imports, wherever in it."""
    package = path.relative_to(root).parent.parts
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            source = ".".join([*package[: len(package) + 1 - node.level], *filter(None, [node.module])])
            wanted = {f"{source}.{alias.name}" for alias in node.names}
            yield from wanted & known.keys() or {source} & known.keys()


def check(root: Path, layer: str) -> None:
    known = modules(root, layer)
    graph = {name: {*neighbours(path, root, known)} - {name} for name, path in known.items()}
    assert any(graph.values())
    TopologicalSorter(graph).prepare()


@pytest.mark.parametrize("layer", LAYERS)
def test_no_imports_go_in_circles(layer: str) -> None:
    check(Path(overair.__file__).parent, layer)


def test_a_circle_that_hides_in_a_function_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "phy"
    folder.mkdir()
    (folder / "one.py").write_text("from .two import x\n")
    (folder / "two.py").write_text("def f():\n    from . import one\n")
    with pytest.raises(CycleError, match="phy.one"):
        check(tmp_path, "phy")
