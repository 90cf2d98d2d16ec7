"""Draws every published figure from the curves that are kept, and writes the page that shows them.

    python docs/gallery.py                  # all of them
    python docs/gallery.py quickstart       # these, and the page

Presets without a curve stand at the end. The site has a page of each preset besides, made as it is built.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from overair.figures import published, write
from overair.scenarios.reading import files

DOCS = Path(__file__).parent
COLOURS = 256
HEAD = """\
# Gallery

Every preset, with the command that simulates it and the one that draws its figure again from the curve that is kept in
`docs/curves`. This page is written by `python docs/gallery.py`. Runs of your own are drawn alike, with `--curves runs`
where they are `runs/NAME`; `overair show NAME --toml` prints a preset. What came out is in [results.md](results.md).
"""


def text() -> str:
    """The page."""
    drawn = published.names(published.CURVES)
    others = [name for name in files.presets() if name not in drawn]
    return "\n".join([HEAD, *(_entry(name) for name in drawn), *(_entry(name) for name in others)])


def page(name: str) -> str:
    """That of a preset in the site, two folders below this one."""
    lines = [f"# {name}", "", files.presets()[name] + ".", "", *_lines(name, "../../", ".md")]
    if section := _section(name):
        lines += [f"What came out: [results](../../results.md#{section}).", ""]
    if _curve(name).is_file():
        lines += [f"The table behind it: {{download}}`{name}.csv <../../curves/{name}.csv>`.", ""]
    return "\n".join([*lines, "## Scenario", "", "```toml", files.text(name).strip(), "```", ""])


def _entry(name: str) -> str:
    links = [f"[scenario](../scenarios/presets/{name}.toml)"]
    if _curve(name).is_file():
        links.append(f"[table](curves/{name}.csv)")
    return "\n".join([f"## {name}", "", f"{files.presets()[name]} ({', '.join(links)}).", "", *_lines(name)])


def _lines(name: str, up: str = "", page: str = "") -> Iterator[str]:
    yield f"    overair run {name} --out runs/{name}"
    whole = published.PARTS.get(name, name)
    there = name in published.names(published.CURVES)
    yield f"    overair figure {name}" + ("" if there or whole != name else " --curves runs")
    yield ""
    if whole != name:
        yield f"It is a part of the figure of [{whole}]({whole + page if page else '#' + whole})."
    elif (DOCS / f"{name}.png").is_file() or there:
        yield f"![{files.presets()[name]}]({up}{name}.png)"
    else:
        yield "No curve of it is kept."
    yield ""


def _curve(name: str) -> Path:
    return DOCS / "curves" / f"{name}.csv"


def _section(name: str) -> str:
    """The anchor of where results.md tells of a preset; of none it is empty."""
    heading = ""
    for line in (DOCS / "results.md").read_text().splitlines():
        heading = line.lstrip("# ") if line.startswith("#") else heading
        if f"`overair run {name}`" in line:
            return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
    return ""


def draw(names: list[str]) -> None:
    """Figures, all where none is named, as files of few colours."""
    from PIL import Image

    for name in names or published.names(published.CURVES):
        file = DOCS / f"{name}.png"
        write(published.plot_published(name, published.CURVES), file)
        Image.open(file).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
        print(file)


if __name__ == "__main__":
    draw(sys.argv[1:])
    (DOCS / "gallery.md").write_text(text())
