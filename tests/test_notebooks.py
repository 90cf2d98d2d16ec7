"""Notebooks, which the site's build runs, are Python that imports what there is, and run from a file as well."""

import ast
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT, needs_checkout

DOCS = CHECKOUT / "docs"
NOTEBOOKS = sorted((DOCS / "notebooks").glob("*.md"))
WIDEST = 88  # characters that a page shows
pytestmark = needs_checkout


def cells(notebook: Path) -> list[str]:
    """Its cells as Python; one that writes a file does so by itself."""
    fence = r"^```\{code-cell\}[^\n]*\n(.*?)^```$"
    return [_plain(cell) for cell in re.findall(fence, notebook.read_text(), re.M | re.S)]


def _plain(cell: str) -> str:
    magic, _, body = cell.partition("\n")
    written = re.fullmatch(r"%%writefile (\S+)", magic)
    if not written:
        return cell
    ast.parse(body)
    return f"import pathlib\n\npathlib.Path({written[1]!r}).write_text({body!r})\n"


def test_there_are_notebooks_and_each_stands_in_the_index() -> None:
    index = (DOCS / "index.md").read_text().splitlines()
    assert len(NOTEBOOKS) >= 3
    assert {f"notebooks/{notebook.stem}" for notebook in NOTEBOOKS} == {line for line in index if "notebooks/" in line}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_cells_parse_draw_fit_the_page_and_import_what_there_is(notebook: Path) -> None:
    code, text = "\n".join(cells(notebook)), notebook.read_text()
    wanted = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    for node in wanted:
        module = importlib.import_module(node.module or "")
        assert not [alias.name for alias in node.names if not hasattr(module, alias.name)]
    assert any((node.module or "").startswith("overair.") for node in wanted) and "plt." in code
    assert not [
        line for line in text.split("```{code-cell}")[1:] if max(map(len, line.split("```")[0].splitlines())) > WIDEST
    ]


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_links_of_notebooks_lead_somewhere(notebook: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", notebook.read_text())
    assert targets and not [each for each in targets if not (notebook.parent / each.partition("#")[0]).exists()]


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(notebook: Path, tmp_path: Path) -> None:
    (tmp_path / "cells.py").write_text("\n".join(cells(notebook)))
    environment = os.environ | {"MPLBACKEND": "Agg", "PYTHONPATH": str(CHECKOUT)}
    run = subprocess.run([sys.executable, "cells.py"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()
