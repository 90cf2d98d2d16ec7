"""Docstrings that end with the fields of their class, as the source says of each: below it, or in a comment beside it.

Python keeps neither, so the source is read when somebody first asks for the docstring; without one the text is alone.
"""

import ast
import dataclasses
import inspect
import sys
import textwrap
from collections.abc import Iterator
from typing import Any, SupportsIndex, TypeVar

Class = TypeVar("Class", bound=type)

INDENTED: dict[str, Any] = {"initial_indent": "    ", "subsequent_indent": "    ", "break_long_words": False}
WIDTH = 100
WORDS = {"Ge": "at least", "Gt": "above", "Le": "at most", "Lt": "below", "AtMost": "at most"}


def documented(cls: Class) -> Class:
    """The class with a docstring that says its fields."""
    if cls.__doc__ is not None:  # as it is where Python leaves docstrings out
        cls.__doc__ = _Docstring(cls, inspect.cleandoc(cls.__doc__))
    return cls


class _Docstring(str):
    """Put together when it is read, and kept."""

    def __new__(cls, of: type, text: str) -> "_Docstring":
        return super().__new__(cls, text)

    def __init__(self, of: type, text: str) -> None:
        self.of, self.whole = of, ""

    def __get__(self, instance: Any, owner: type) -> str:
        if not self.whole:
            lines = [line for entry in _fields(self.of).values() for line in entry]
            about = f"\n\nFields::\n\n{textwrap.indent(chr(10).join(lines), '    ')}\n" if lines else ""
            self.whole = str(self) + about
        return self.whole

    def expandtabs(self, tabsize: SupportsIndex = 8) -> str:
        """``help`` begins with this on what lies in a class whose metaclass has a docstring too, as protocols' has."""
        return self.__get__(None, self.of).expandtabs(tabsize)


def _fields(cls: type) -> dict[str, list[str]]:
    """The lines about each field, in the order in which they are given."""
    found: dict[str, list[str]] = {}
    for home in reversed(cls.__mro__):
        for name, lines in _own(home):
            found[name] = lines if len(lines) > 1 else lines + found.get(name, [])[1:]
    if dataclasses.is_dataclass(cls):
        return {field.name: found[field.name] for field in dataclasses.fields(cls) if field.name in found}
    return found


def _own(home: type) -> Iterator[tuple[str, list[str]]]:
    """Those that a class itself has: what it takes, then what it means."""
    try:
        text = "" if home.__module__ in ("builtins", "typing") else inspect.getsource(sys.modules[home.__module__])
    except (OSError, TypeError):  # there is no source
        return
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef) and node.name == home.__name__:
            for each, below in zip(node.body, [*node.body[1:], ast.Pass()], strict=True):
                if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
                    about = _below(below) or _beside(each, text)
                    if about or not _of_class(each.annotation):
                        yield each.target.id, [_takes(each, text), *textwrap.wrap(about, WIDTH, **INDENTED)]


def _of_class(annotation: ast.expr) -> bool:
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return isinstance(base, ast.Name) and base.id == "ClassVar"


def _below(node: ast.stmt) -> str:
    match node:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return " ".join(text.split())
    return ""


def _beside(node: ast.AnnAssign, text: str) -> str:
    line = text.splitlines()[(node.end_lineno or 0) - 1]
    comment = line[node.end_col_offset :].strip()
    return comment[1:].strip() if comment.startswith("#") else ""


def _takes(node: ast.AnnAssign, text: str) -> str:
    default = f"; default {ast.get_source_segment(text, node.value)}" if node.value else ""
    return f"{ast.unparse(node.target)}: {_words(node.annotation, text)}{default}"


def _words(node: ast.expr, text: str) -> str:
    """An annotation, with its bounds in words."""
    match node:
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *bounds])):
            return ", ".join([_words(inner, text), *(_words(bound, text) for bound in bounds)])
        case ast.Subscript(value=ast.Name(id="ClassVar"), slice=inner):
            return _words(inner, text)
        case ast.Subscript(value=ast.Name(id="Literal"), slice=ast.Tuple(elts=choices)):
            return " or ".join(ast.get_source_segment(text, choice) or "" for choice in choices)
        case ast.Subscript(value=ast.Name(id="tuple"), slice=ast.Tuple(elts=[inner, ast.Constant(value=value)])):
            if value is ...:
                return f"tuple of {_words(inner, text)}"
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return f"{_words(left, text)}, or {_words(right, text)}"
        case ast.Call(func=ast.Name(id=name), args=[bound]) if name in WORDS:
            return f"{WORDS[name]} {_words(bound, text)}"
        case ast.Constant(value=str(field)):  # of whose value a bound is
            return field
    return ast.get_source_segment(text, node) or ""
