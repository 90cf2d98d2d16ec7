"""Draws every published figure from the curves that are kept, and writes the page that shows them.

    python docs/gallery.py                  # all of them
    python docs/gallery.py quickstart       # these, and the page

Presets without a curve stand at the end.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from overair.figures import published
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


def _entry(name: str) -> str:
    return "\n".join([f"## {name}", "", files.presets()[name] + ".", "", *_lines(name)])


def _lines(name: str) -> Iterator[str]:
    yield f"    overair run {name} --out runs/{name}"
    whole = published.PARTS.get(name, name)
    there = name in published.names(published.CURVES)
    yield f"    overair figure {name}" + ("" if there or whole != name else " --curves runs")
    yield ""
    if whole != name:
        yield f"It is a part of the figure of [{whole}](#{whole})."
    elif (DOCS / f"{name}.png").is_file() or there:
        yield f"![{files.presets()[name]}]({name}.png)"
    else:
        yield "No curve of it is kept."
    yield ""


def draw(names: list[str]) -> None:
    """Figures, all where none is named, as files of few colours."""
    from PIL import Image

    for name in names or published.names(published.CURVES):
        file = DOCS / f"{name}.png"
        published.draw_published(name, published.CURVES, file)
        Image.open(file).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(file, optimize=True)
        print(file)


if __name__ == "__main__":
    draw(sys.argv[1:])
    (DOCS / "gallery.md").write_text(text())
