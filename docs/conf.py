"""The site: `make docs`. Lists of what there is are written while it is built, as the package tells them."""

import ast
import re
import shutil
import sys
import tomllib
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import gallery  # noqa: E402
from docutils import nodes  # noqa: E402

from overair import __version__  # noqa: E402
from overair.scenarios.reading import files, listing  # noqa: E402

project, author, version, release = "overair", "The overair authors", __version__, __version__
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_prev_next": False, "navigation_with_keys": False, "navbar_center": []}
html_sidebars = {"**": ["globaltoc.html"]}
html_context = {"default_mode": "auto"}
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_title = f"overair {__version__}"
myst_heading_anchors = 3
nb_execution_mode = "force"  # in every build, as what they show follows from the package
nb_execution_in_temp = True  # what notebooks write is nobody's
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # seconds of a cell
nb_output_stderr = "remove"  # what TensorFlow says of the machine
nb_merge_streams = True
highlight_language = "none"  # of what is told neither by its fence nor below
autodoc_member_order = "bysource"
autodoc_typehints = "none"
nitpicky = False

generated = HERE / "generated"
shutil.rmtree(generated, ignore_errors=True)
(generated / "presets").mkdir(parents=True)
FIELDS = "Fields of a scenario of federated learning; `overair list fields STUDY` has those of others."
(generated / "list.md").write_text(
    "# Everything there is\n\nAs `overair list` prints it.\n\n```text\n" + "\n".join(listing.listing()) + "\n```\n"
)
(generated / "fields.md").write_text(
    f"# Fields\n\n{FIELDS}\n\n```text\n" + "\n".join(listing.listing("fields")) + "\n```\n"
)
for name in files.presets():
    (generated / "presets" / f"{name}.md").write_text(gallery.page(name))

PRESET = re.compile(r"\]\(\.\./scenarios/presets/(\w+)\.toml\)")
FOLDER = re.compile(r"\[([^]]+)\]\(\.\./[^)]*\)")  # of the repository, outside the site


def within_the_site(app: Any, page: str, source: list[str]) -> None:
    """A link to a preset leads to its page; what lies elsewhere in the repository is named without a link."""
    if "/" in page:
        return
    source[0] = FOLDER.sub(r"\1", PRESET.sub(r"](generated/presets/\1.md)", source[0]))
    if page == "gallery":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\ngenerated/presets/*\n```\n"


def highlight(app: Any, page: Any) -> None:
    """Indented blocks say by their text what they are."""
    for block in page.findall(nodes.literal_block):
        if block.get("language", "none") == "none":
            block["language"] = written_in(block.astext())


def written_in(text: str) -> str:
    if re.match(r"(overair|pip|make|mkdir|pytest|dask|ray) ", text):
        return "bash"
    for name, parse in (("toml", tomllib.loads), ("python", ast.parse)):
        try:
            parse(text)
            return name
        except (tomllib.TOMLDecodeError, SyntaxError):
            pass
    return "none"


MARKS = re.compile(r"\||(?<=\w)_(?!\w)|\*(?=\S)|(?<=\S)\*")  # of substitutions, references and emphasis
FIELD = re.compile(r"^    (\w+): (.+)\n((?:        .+\n?)+)", re.M)
ARGUMENT = re.compile(r"^    (\w+): (.+(?:\n     .*)*)", re.M)
told: dict[str, str] = {}  # of fields, by their full names: what their class says of them


def as_plain_text(app: Any, what: str, name: str, of: Any, options: Any, lines: list[str]) -> None:
    """Docstrings are plain text: |h|, x_ and h* mean themselves, and what is indented stands as it is.

    What a class says of its fields stands beside each of them.
    """
    text, _, fields = "\n".join(lines).partition("\nFields::\n\n")
    told.update(
        {f"{name}.{field}": f"{' '.join(about.split())} ({kind})" for field, kind, about in FIELD.findall(fields)}
    )
    lines[:] = "\n\n".join(map(paragraph, told.get(name, text).split("\n\n"))).split("\n")


def paragraph(text: str) -> str:
    if text.startswith("    "):
        return f"::\n\n{text}"
    head, _, rest = text.partition("\n")
    if head == "Args:":
        named = (f"- ``{name}``: {escaped(' '.join(about.split()))}" for name, about in ARGUMENT.findall(rest))
        return "\n".join([head, "", *named])
    if head.endswith(":") and rest.startswith("    "):
        return f"{head}:\n\n{rest}"
    return text if text.startswith(">>>") else escaped(text)


def escaped(text: str) -> str:
    parts = text.split("``")
    parts[::2] = [MARKS.sub(r"\\\g<0>", part) for part in parts[::2]]
    return "``".join(parts)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", as_plain_text)
    app.connect("source-read", within_the_site)
    app.connect("doctree-read", highlight)
