"""Pages are what they say: their examples run, their scenarios are valid, and their links lead somewhere."""

import re
import tomllib
from pathlib import Path

import pytest

from tests.checkout import CHECKOUT, needs_checkout

DOCS = CHECKOUT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
pytestmark = needs_checkout


def blocks(language: str) -> list[tuple[str, str]]:
    """Of all pages, with the page of each."""
    fence = rf"^```{language}\n(.*?)^```$"
    return [(page.name, text) for page in PAGES for text in re.findall(fence, page.read_text(), re.M | re.S)]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
@pytest.mark.parametrize(("page", "code"), blocks("python"))
def test_examples_in_python_run(page: str, code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, page, "exec"), {})


@pytest.mark.parametrize(("page", "text"), blocks("toml"))
def test_scenarios_are_valid(page: str, text: str) -> None:
    from overair.scenarios.reading.searches import taken
    from overair.scenarios.reading.sweep import sweep

    plain, asked = taken(tomllib.loads(text))
    plan = sweep(plain)
    asked.check(plan.axes)
    assert plan.points, page


def test_links_between_pages_lead_somewhere() -> None:
    lost = []
    for page in [*PAGES, CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text()):
            file, _, anchor = target.partition("#")
            there = (page.parent / file) if file else page
            if target.startswith("http"):
                continue
            if not there.exists() or anchor and f"\n## {anchor}\n" not in there.read_text():
                lost.append(f"{page.name}: {target}")
    assert not lost


def test_commands_that_pages_name_are_commands() -> None:
    known = {"run", "list", "show", "new", "check", "report", "figure", "cite", "snr", "schema", "bundle", "verify"}
    known |= {"completion", "models"}
    named = {word for page in PAGES for word in re.findall(r"(?:^    |`)overair (\w+)", page.read_text(), re.M)}
    assert named <= known


def test_every_page_stands_in_the_index() -> None:
    index = (DOCS / "index.md").read_text()
    listed = {line for block in re.findall(r"```\{toctree\}\n(.*?)```", index, re.S) for line in block.splitlines()}
    assert {page.stem for page in PAGES} - listed == {"index"}
