"""What stands in pages by itself, fenced or indented, is what it looks like: commands, scenarios, Python, YAML."""

import ast
import itertools
import re
import shlex
import subprocess
import textwrap
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from overair.arguments import parser
from overair.scenarios import studies
from overair.scenarios.reading import files
from overair.scenarios.reading.overrides import apply
from overair.scenarios.reading.searches import taken
from overair.scenarios.reading.sweep import sweep
from tests.checkout import CHECKOUT, needs_checkout

pytestmark = needs_checkout
PAGES = [*sorted((CHECKOUT / "docs").glob("*.md")), CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md"]
COMMANDS = re.compile(r"(\S*/)?(overair|pip|make|python|pytest|mkdir|git|source|dask|ray|export|cd)( |$)")
WORKS = {"overair", "pip", "make", "python", "pytest", "mkdir", "git", "source", "dask", "ray", "export", "cd"}


class Block(NamedTuple):
    """Some lines of a page."""

    page: Path
    text: str


def indented(page: Path) -> Iterator[Block]:
    """Those that are four spaces in, outside of fences and lists."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.M | re.S)
    for found in re.findall(r"(?:^    .*\n(?:\s*\n)*)+", text, re.M):
        yield Block(page, textwrap.dedent(found).strip("\n"))


def fenced(language: str) -> list[Block]:
    fence = rf"^```{language}\n(.*?)^```$"
    return [Block(page, text) for page in PAGES for text in re.findall(fence, page.read_text(), re.M | re.S)]


def kind(block: Block) -> str:
    """What a block is, by its first line or by who can read it."""
    if COMMANDS.match(block.text):
        return "commands"
    try:
        tomllib.loads(block.text)
        return "scenario"
    except tomllib.TOMLDecodeError:
        pass
    try:
        ast.parse(block.text)
        return "python"
    except SyntaxError:
        return "other"


BLOCKS = [block for page in PAGES for block in indented(page)]


def of(kind_: str) -> list[Block]:
    return [block for block in BLOCKS if kind(block) == kind_]


def commands(block: Block) -> Iterator[list[str]]:
    """Words of each command, without comments and what follows a redirection."""
    for line in re.sub(r"\\\n", " ", block.text).splitlines():
        words = shlex.split(line, comments=True)
        if words:
            yield list(itertools.takewhile(lambda word: word not in (">", "|", "&&"), words))


def named(words: list[str]) -> str:
    return Path(words[0]).name


def parsed(words: list[str]) -> Any:
    """By the command's own parser, which ends where it cannot read them."""
    return parser(*[lambda options: 0] * 8).parse_args(words[1:])


def scenario_of(page: Path, name: str) -> dict[str, Any]:
    """A preset, a file of the checkout, the page's own scenario, or one that is as good for fields to be set."""
    if name in files.presets() or (CHECKOUT / name).is_file():
        return files.read(name if name in files.presets() else CHECKOUT / name)[1]
    own = [block.text for block in (*BLOCKS, *fenced("toml")) if block.page == page and block.text.startswith("title")]
    return tomllib.loads(own[0]) if own else dict(studies.load(studies.USUAL).example)


def checked(raw: dict[str, Any]) -> None:
    plain, asked = taken(raw)
    plan = sweep(plain)
    asked.check(plan.axes)
    assert plan.points


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_are_such_as_the_command_takes(page: Path) -> None:
    for block in (block for block in of("commands") if block.page == page):
        for words in commands(block):
            assert named(words) in WORKS, f"{page.name}: {words}"
            if named(words) == "overair":
                options = parsed(words)
                assert not hasattr(options, "sets") or options.scenario


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_within_sentences_are_such_too(page: Path) -> None:
    for found in re.findall(r"`(overair [a-z]+ [^`]*)`", page.read_text()):
        for words in commands(Block(page, " ".join(found.split()))):
            parsed(words)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_scenarios_that_commands_run_are_there_and_what_they_set_is_valid(page: Path) -> None:
    told = {
        (options.scenario, *options.sets): options
        for block in of("commands")
        if block.page == page
        for words in commands(block)
        if named(words) == "overair" and hasattr(options := parsed(words), "sets")
    }
    for options in told.values():
        there = options.scenario in files.presets() or options.scenario.endswith(".toml")
        assert there, f"{page.name}: {options.scenario} is no preset"
        if options.sets:
            checked(apply(scenario_of(page, options.scenario), options.sets))


@pytest.mark.parametrize("block", of("scenario"), ids=lambda block: f"{block.page.name}: {block.text[:20]}")
def test_parts_of_scenarios_are_valid_in_a_scenario(block: Block) -> None:
    """A whole one by itself, and fields in the place of those of an example."""
    raw = tomllib.loads(block.text)
    study = raw.get("study", "images" if "scheme" in raw else studies.USUAL)
    checked({"study": study, **studies.load(study).example, **raw} if "title" not in raw else raw)


@pytest.mark.parametrize("block", of("python"), ids=lambda block: f"{block.page.name}: {block.text[:20]}")
def test_names_that_python_takes_are_there(block: Block) -> None:
    """Whole examples are fenced, and run; of parts the imports are."""
    parts: list[ast.stmt] = [
        node for node in ast.parse(block.text).body if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    exec(compile(ast.Module(parts, []), block.page.name, "exec"), {})


@pytest.mark.parametrize("block", fenced("bash"), ids=lambda block: block.page.name)
def test_scripts_can_be_read_by_the_shell_and_name_real_commands(block: Block) -> None:
    assert subprocess.run(["bash", "-n", "-c", block.text], capture_output=True, text=True).stderr == ""
    for line in re.findall(r"(?:^|&& )overair .*$", block.text, re.M):
        words = shlex.split(line.removeprefix("&& ").replace("$SLURM_CPUS_PER_TASK", "4"))
        assert parsed(words).processes == 4


@pytest.mark.parametrize("block", fenced("yaml"), ids=lambda block: block.page.name)
def test_jobs_can_be_read_and_name_real_commands(block: Block) -> None:
    job = pytest.importorskip("yaml").safe_load(block.text)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert parsed(container["command"]).processes == 4


def test_every_kind_of_block_is_found() -> None:
    assert all(map(of, ("commands", "scenario", "python"))) and fenced("bash") and fenced("yaml") and fenced("toml")
