"""What there is: every family, scheme and field, read from the source files without importing them.

A family is a folder of the package whose ``__init__`` says ``FAMILY =`` and the interface of its schemes. A scheme is
a file of that folder with exactly one public dataclass; its kind is the file's name, its summary the first line of the
file's text, its fields the annotations of the class and of the dataclasses it inherits from, and what a field means is
the docstring below it. Reading them with ``ast`` keeps TensorFlow out of `overair list` and out of the checking of
scenarios. Nothing is registered anywhere.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from ... import plain_files
from . import outside
from .errors import ScenarioError

ROOT = Path(__file__).parents[2]
LARGEST = 2**20  # bytes of a scheme's file
PARTS = ("phy", "ota", "learning")
MARK = re.compile(r"^FAMILY = (\w+)", re.MULTILINE)
USUAL = re.compile(r"^USUAL = \"(\w+)\"", re.MULTILINE)


class Family(NamedTuple):
    """A folder of schemes, and the name by which a scheme's fields ask for one of them."""

    folder: str
    interface: str
    about: str
    usual: str | None  # the kind of a table that names none


class SourceField(NamedTuple):
    """A field as the file has it: its annotation, its default (none: it must be given), and its docstring."""

    name: str
    annotation: ast.expr
    default: ast.expr | None
    about: str


class Source(NamedTuple):
    """A scheme as its file describes it."""

    family: str
    kind: str
    class_name: str
    summary: str
    about: str
    fields: tuple[SourceField, ...]
    traits: dict[str, Any]  # what the class itself says of all its objects, where that is a plain value
    file: Path
    origin: str = ""  # the package that it is of, where that is not ours
    module: str = ""  # its name there


def _families() -> Iterator[tuple[str, Family]]:
    for part in PARTS:
        for file in sorted((ROOT / part).rglob("__init__.py")):
            text = file.read_text(encoding="utf-8")
            if mark := MARK.search(text):
                about = text.partition("\n")[0].strip('".').partition(": ")[2]
                folder, usual = file.parent.relative_to(ROOT).as_posix(), USUAL.search(text)
                yield file.parent.name, Family(folder, mark[1], about, usual and usual[1])


FAMILIES = dict(_families())


@cache
def sources(family: str) -> dict[str, Source]:
    """The schemes of a family by kind, in order of kind."""
    files = sorted((ROOT / FAMILIES[family].folder).glob("[!_]*.py"))
    ours = [read(family, file) for file in files]
    found = {source.kind: source for source in ours if source}
    for source in _outside(family):
        if there := found.get(source.kind):
            rival = there.origin or "overair"
            raise ScenarioError(f"{source.file}: expected a name that no other has, {source.kind} is one of {rival}")
        found[source.kind] = source
    return found


def _outside(family: str) -> Iterator[Source]:
    """Those of packages that are not ours."""
    outside.check(FAMILIES)
    for package in outside.packages():
        for file in sorted((package.folder / family).glob("[!_]*.py")):
            try:
                source = read(family, file)
            except OSError as error:  # of a pipe, a folder of such a name, a large file
                told = f"expected a scheme in a plain file; {error.strerror}"
                raise ScenarioError(f"{file}: {told}") from None
            except (TypeError, SyntaxError, ValueError, RecursionError, MemoryError) as error:
                told = str(error).removeprefix(f"{file}: ")
                raise ScenarioError(f"{file}: expected a scheme, as ours are written; {told}") from None
            if not source:
                told = "expected a public class under @dataclass(frozen=True), found none"
                raise ScenarioError(f"{file}: {told}; the name of a file without a scheme begins with _")
            yield source._replace(origin=package.name, module=f"{package.module}.{family}.{file.stem}")


def homes(kind: str) -> list[str]:
    """The families that have a scheme of this kind."""
    return [family for family in FAMILIES if kind in sources(family)]


def read(family: str, file: Path) -> Source | None:
    """The scheme of a file, None where it has none."""
    tree = _tree(file)
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
    classes = [node for node in classes if _is_dataclass(node)]
    if not classes:
        return None
    if len(classes) > 1:
        names = ", ".join(node.name for node in classes)
        raise TypeError(f"{file}: expected one public dataclass, found {names}; a scheme is one file")
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    about = " ".join((ast.get_docstring(classes[0]) or "").partition("\n\n")[0].split())
    name = classes[0].name
    lineage = list(_lineage(tree, file, name))
    traits = {trait: value for node in lineage for trait, value in _traits(node)}
    return Source(family, file.stem, name, summary, about, _fields(lineage), traits, file)


@cache
def fields_of(file: Path, class_name: str) -> tuple[SourceField, ...]:
    """The fields of a dataclass, those of the dataclasses that it inherits from first."""
    return _fields(_lineage(_tree(file), file, class_name))


def _fields(lineage: Iterable[ast.ClassDef]) -> tuple[SourceField, ...]:
    found: dict[str, SourceField] = {}
    for node in filter(_is_dataclass, lineage):
        for field in _own(node):
            above = found.get(field.name)
            found[field.name] = field._replace(about=field.about or (above.about if above else ""))
    return tuple(found.values())


def _lineage(tree: ast.Module, file: Path, class_name: str) -> Iterator[ast.ClassDef]:
    """A class, and those that it inherits from first."""
    node = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == class_name)
    for base in reversed(node.bases):
        yield from _above(tree, file, base)
    yield node


def _above(tree: ast.Module, file: Path, base: ast.expr) -> Iterator[ast.ClassDef]:
    """A base that is in the same file or imported from another of its package or of ours; no other says anything."""
    if not isinstance(base, ast.Name):
        return
    if any(isinstance(node, ast.ClassDef) and node.name == base.id for node in tree.body):
        yield from _lineage(tree, file, base.id)
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and base.id in [alias.name for alias in node.names]:
            if (home := _home(file, node)) and home.is_file():
                yield from _above(_tree(home), home, base)


def _home(file: Path, node: ast.ImportFrom) -> Path | None:
    """The file that something is imported from, None where it is of another package than its own and ours."""
    parts = (node.module or "").split(".")
    if node.level:
        return file.parents[node.level - 1].joinpath(*parts).with_suffix(".py")
    if parts[0] != "overair":
        return None
    ours = ROOT.joinpath(*parts[1:])
    return ours / "__init__.py" if ours.is_dir() else ours.with_suffix(".py")


def _own(node: ast.ClassDef) -> Iterator[SourceField]:
    for each, below in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and not _is_shared(each.annotation):
            yield SourceField(each.target.id, each.annotation, each.value, _text(below))


def _traits(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    for each in node.body:
        if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name) and _is_shared(each.annotation):
            if isinstance(each.value, ast.Constant):
                yield each.target.id, each.value.value


def _text(node: ast.stmt) -> str:
    """A docstring, in one line."""
    value = node.value if isinstance(node, ast.Expr) else None
    told = isinstance(value, ast.Constant) and isinstance(value.value, str)
    return " ".join(value.value.split()) if told else ""  # type: ignore[union-attr]


def _is_dataclass(node: ast.ClassDef) -> bool:
    """Whether a class carries @dataclass(...)."""
    calls = (decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call))
    return any(isinstance(call, ast.Name) and call.id == "dataclass" for call in calls)


def _is_shared(annotation: ast.expr) -> bool:
    """Whether an annotation is ClassVar."""
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return isinstance(base, ast.Name) and base.id == "ClassVar"


def _tree(file: Path) -> ast.Module:
    return _parsed(plain_files.content(file, LARGEST).decode(), str(file))


@lru_cache(maxsize=32)  # bases are asked for again and again
def _parsed(text: str, name: str) -> ast.Module:
    return ast.parse(text, name)
