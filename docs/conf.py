"""The site: `make docs`. Lists of what there is are written while it is built, as the package tells them."""

import re
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from overair import __version__  # noqa: E402
from overair.scenarios.reading import listing  # noqa: E402

project, author, version, release = "overair", "The overair authors", __version__, __version__
extensions = ["myst_nb", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
html_theme = "pydata_sphinx_theme"
html_theme_options = {"show_prev_next": False, "navigation_with_keys": False}
html_sidebars: dict[str, list[str]] = {"**": []}
html_title = f"overair {__version__}"
myst_heading_anchors = 3
nb_execution_mode = "force"  # in every build, as what they show follows from the package
nb_execution_in_temp = True  # what notebooks write is nobody's
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # seconds of a cell
nb_output_stderr = "remove"  # what TensorFlow says of the machine
nb_merge_streams = True
suppress_warnings = ["myst.xref_missing"]  # links to folders and files of the repository
autodoc_member_order = "bysource"
autodoc_typehints = "none"
nitpicky = False

generated = HERE / "generated"
generated.mkdir(exist_ok=True)
FIELDS = "Fields of a scenario of federated learning; `overair list fields STUDY` has those of others."
(generated / "list.md").write_text(
    "# Everything there is\n\nAs `overair list` prints it.\n\n```text\n" + "\n".join(listing.listing()) + "\n```\n"
)
(generated / "fields.md").write_text(
    f"# Fields\n\n{FIELDS}\n\n```text\n" + "\n".join(listing.listing("fields")) + "\n```\n"
)


MARKS = re.compile(r"\||(?<=\w)_(?!\w)|\*(?=\S)|(?<=\S)\*")  # of substitutions, references and emphasis
FIELD = re.compile(r"^    (\w+): (.+)\n((?:        .+\n?)+)", re.M)
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
    if head.endswith(":") and rest.startswith("    "):  # such as "Args:"
        return f"{head}:\n\n{rest}"
    parts = text.split("``")
    parts[::2] = [MARKS.sub(r"\\\g<0>", part) for part in parts[::2]]
    return text if text.startswith(">>>") else "``".join(parts)


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", as_plain_text)
