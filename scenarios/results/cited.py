"""Papers behind a result, as BibTeX: the package, and what the files of the schemes in its scenario name.

A paper is named where what it says is done, in the docstring of a scheme or of its file, and nowhere else: authors,
"title", venue and year, as in ``Amiri, Gunduz, "Federated learning over wireless fading channels", IEEE TWC 2020``.
"""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ...version import __version__
from ..reading.catalogue import schemes
from ..reading.planned import planned

BEFORE = r"(?:After|As|At|By|From|Here|In|It|Like|Of|On|See|The|This|With)\b"  # begins a sentence, and no name
NAME = rf"(?!{BEFORE})(?:van |de |von )?[A-Z][\w'-]+(?: (?:y )?[A-Z][\w'-]+){{0,2}}"
PAPER = re.compile(
    rf'(?P<authors>{NAME}(?:(?:,? and |, ){NAME})*(?: et al\.)?), "(?P<title>[^"]+)",? (?P<venue>[^";]*?)'
    r",? ?(?P<year>(?:19|20)\d\d)\b"
)
AUTHOR, TITLE = "{The overair authors}", "{overair: learning over wireless links, simulated}"
ESCAPED = re.compile(r"[&%$#_]")


class Paper(NamedTuple):
    """As a docstring names it."""

    authors: str
    title: str
    venue: str
    year: str

    @property
    def key(self) -> str:
        """Its first author, its year, and the first long word of its title."""
        first = re.split(r",? and |, | et al", self.authors)[0].split()[-1]
        word = next((each for each in re.findall(r"[a-z]+", self.title.lower()) if len(each) > 3), "")
        return f"{first.lower()}{self.year}{word}"

    def bibtex(self) -> str:
        """An entry; where it appeared is told as the docstring has it."""
        names = re.split(r",? and |, ", self.authors.replace(" et al.", ", others"))
        whole = " and ".join(f"{{{name}}}" if " " in name else name for name in names)  # no given name is told
        fields = {"author": whole, "title": f"{{{self.title}}}", "howpublished": self.venue, "year": self.year}
        return _entry("misc", self.key, fields)


def papers(text: str) -> list[Paper]:
    """All that a docstring names, in their order."""
    found = PAPER.finditer(" ".join(text.split()))
    return [Paper(*(part.strip() for part in each.group("authors", "title", "venue", "year"))) for each in found]


def bibtex(scenario: Mapping[str, Any]) -> str:
    """Entries of the package and of all that a scenario's schemes name, in order of their keys."""
    own = _entry("software", "overair", {"author": AUTHOR, "title": TITLE, "version": __version__})
    named = {paper.key: paper for text in _texts(scenario) for paper in papers(text)}
    return "\n".join([own, *(named[key].bibtex() for key in sorted(named))])


def _texts(scenario: Mapping[str, Any]) -> Iterator[str]:
    """What the docstrings of the files of all schemes of a scenario say."""
    points = planned(scenario)[0].points
    for file in dict.fromkeys(each.source.file for point in points for each in schemes(point.scenario)):
        yield told(file)


def told(file: Path) -> str:
    """The docstrings of a scheme's file: its own, and those of its classes."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return "\n\n".join([ast.get_docstring(tree) or "", *(ast.get_docstring(node) or "" for node in classes)])


def _entry(kind: str, key: str, fields: Mapping[str, str]) -> str:
    told = [
        f"  {name} = {{{ESCAPED.sub(lambda found: chr(92) + found[0], value)}}}"
        for name, value in fields.items()
        if value
    ]
    return f"@{kind}{{{key},\n" + ",\n".join(told) + "\n}\n"
