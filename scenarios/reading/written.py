"""Defaults of the fields of schemes, as their files have them: plain values, and schemes as calls of their classes.

A class is that of a scheme of ours, in a package of another that of a scheme of the package, too, of a family that the
field takes: what a package calls its classes changes no default of ours.
"""

import ast
from typing import Any

from .errors import ScenarioError
from .sources import FAMILIES, Source, SourceField, sources


def default(where: str, field: SourceField, origin: str) -> Any:
    """The default of a field that has one; ValueError where it is told by none of what can be read."""
    assert field.default is not None
    try:
        return _default(field.default, field, origin)
    except ScenarioError:  # of another file
        raise
    except (TypeError, ValueError, KeyError):
        wanted = "expected a plain value such as 1e-7, or a scheme of the field's family such as Rician(k_db=3.0)"
        told = f"default {ast.unparse(field.default)}: {wanted}"
        raise ValueError(f"{where}: field {field.name}: {told}") from None


def _default(node: ast.expr, field: SourceField, origin: str) -> Any:
    """A literal default, or the scheme that a call such as RandomLinear(compression=2.0) makes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        made = _made(node.func.id, field, origin)
        within = {each.name: each for each in made.fields}
        given = {str(each.arg): _default(each.value, within[str(each.arg)], origin) for each in node.keywords}
        return {"kind": made.kind} | given
    if isinstance(node, ast.Tuple):
        return [_default(item, field, origin) for item in node.elts]
    return ast.literal_eval(node)


def _made(class_name: str, field: SourceField, origin: str) -> Source:
    """The scheme of a class that a field takes: of the package that the field is of, before ours."""
    asked = {node.id for node in ast.walk(field.annotation) if isinstance(node, ast.Name)}
    families = [family for family, about in FAMILIES.items() if about.interface in asked]
    found = [each for family in families for each in sources(family).values() if each.class_name == class_name]
    near = sorted((each for each in found if each.origin in ("", origin)), key=lambda each: each.origin != origin)
    if not near:
        raise KeyError(class_name)
    return near[0]
