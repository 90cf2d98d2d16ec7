"""What the annotation of a scheme's field may be made of, so that reading a file runs nothing of it.

Names, names with others in brackets, ``|`` between them, and plain values in ``Literal`` and in bounds. A text outside
of these is code to pydantic, which would run it.
"""

import ast

BOUNDS = ("Ge", "Gt", "Le", "Lt", "MultipleOf", "AtMost")
LARGEST_POWER = 99


def is_plain(node: ast.expr) -> bool:
    """Whether nothing of an annotation runs."""
    match node:
        case ast.Name():
            return True
        case ast.Constant(value=value):
            return value is None or value is ...
        case ast.Subscript(value=ast.Name(id="Literal"), slice=inside):
            return all(map(_is_value, _parts(inside)))
        case ast.Subscript(value=ast.Name(), slice=inside):
            return all(map(is_plain, _parts(inside)))
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_plain(left) and is_plain(right)
        case ast.Call(func=ast.Name(id=name), args=given, keywords=named):
            return name in BOUNDS and all(map(_is_value, [*given, *(each.value for each in named)]))
    return False


def _parts(inside: ast.expr) -> list[ast.expr]:
    """What stands in brackets, between commas."""
    return inside.elts if isinstance(inside, ast.Tuple) else [inside]


def _is_value(node: ast.expr) -> bool:
    match node:
        case ast.Constant() | ast.UnaryOp(op=ast.USub(), operand=ast.Constant()):
            return True
        case ast.BinOp(left=ast.Constant(value=int()), op=ast.Pow(), right=ast.Constant(value=int(power))):
            return power <= LARGEST_POWER
    return False
