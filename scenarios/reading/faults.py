"""From what pydantic found wrong to one line a fault."""

import itertools
import re
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from . import renamed
from .catalogue import Table, kind_of, own_fields, tables
from .errors import closest, fault, one_of, shown
from .shapes import FieldShape, Path, dotted, part_of
from .sources import homes

EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "a table",
    "finite_number": "a finite number",
    "float_type": "a finite number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of 64 bits",
    "int_type": "a whole number",
    "list_type": "a list",
    "missing": "a value",
    "model_type": "a table",
    "string_type": "a text",
    "too_short": "at least one value",
}
MOST = 30  # faults that are told at once
BOUNDS = {"gt": "more than", "ge": "at least", "lt": "less than", "le": "at most", "multiple_of": "a multiple of"}


def lines(error: ValidationError, raw: Any, root: type[Table]) -> list[str]:
    """One line for every field at fault."""
    found: dict[Path, list[ErrorDetails]] = {}
    holders: dict[Path, tuple[FieldShape, Any]] = {}
    for detail in error.errors(include_url=False):
        if detail["type"] == "default_factory_not_called":  # the fault it depends on is there too
            continue
        path, holder = _place(detail["loc"], raw, root)
        found.setdefault(path, []).append(detail)
        holders[path] = holder
    some = itertools.islice(found.items(), MOST)
    return [_line(path, details, *holders[path]) for path, details in some]


def _place(location: Path, raw: Any, root: type[Table]) -> tuple[Path, tuple[FieldShape, Any]]:
    """The path as written, without pydantic's marks of kinds; and the shape and value that hold its last part."""
    path: list[str | int] = []
    shape, value, inside_kind = FieldShape(table=root), raw, False
    holder = (shape, value)
    for part in location:
        if shape.family and not shape.many and not inside_kind:
            inside_kind = True
            continue
        holder = (shape, value)
        child = shape.child(value, part)
        if child is None and shape.holds(value) is None and not shape.many:
            break
        path.append(part)
        shape, value, inside_kind = child or FieldShape(), part_of(value, part), False
    return tuple(path), holder if path else (FieldShape(table=root), raw)


def _unknown(path: Path, holder: FieldShape, held: Any) -> str:
    table, name, owner = holder.holds(held), path[-1], dotted(path[:-1])
    known = own_fields(table) if table else []
    if new := renamed.now(name, known):
        return _renamed(path, new)
    match = closest(name, known)
    having = [
        kind for kind, each in (tables(holder.family) if holder.family else {}).items() if name in each.model_fields
    ]
    deeper = _within(holder, held, str(name))
    meant = deeper or ((match,) if match else None)
    advice = f"did you mean {dotted((*path[:-1], *meant))}?" if meant else ""
    if having and not meant:
        advice = f"{owner} of the kind {having[0]} has it"
    return fault(dotted(path), one_of(known) if known else f"no field, as {kind_of(held)} has none", name, advice)


def _within(shape: FieldShape, held: Any, name: str, depth: int = 1) -> Path | None:
    """Where a field of this name is, in the tables inside a table."""
    table = shape.holds(held)
    for field in own_fields(table) if table else ():
        inner, child = part_of(held, field), shape.child(held, field) or FieldShape()
        inner = table.model_fields[field].default if table and inner is None else inner
        below = child.holds(inner)
        if below and name in own_fields(below):
            return field, name
        if below and depth and (found := _within(child, inner, name, depth - 1)):
            return field, *found
    return None


def _renamed(path: Path, new: str) -> str:
    name, instead = dotted(path), dotted((*path[:-1], new))
    return f"scenario field {name}: expected {new}, received the old name; {renamed.advice(path[-1], instead)}"


def _apt(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Of what takes a word or a number: what is wrong with the number, where one was given."""
    of_numbers = [each for each in details if each["type"] != "literal_error"]
    return of_numbers if of_numbers and isinstance(details[0]["input"], int | float) else details


def _line(path: Path, details: list[ErrorDetails], holder: FieldShape, held: Any) -> str:
    details = _apt(details)
    detail = details[0]
    name, received, context = dotted(path) or "(all)", detail["input"], detail.get("ctx", {})
    match detail["type"]:
        case "extra_forbidden":
            return _unknown(path, holder, held)
        case "union_tag_invalid" | "union_tag_not_found":
            shape = holder.child(held, path[-1])
            known = list(tables(shape.family)) if shape and shape.family else []
            if new := renamed.now(kind_of(received), known):
                advice = renamed.advice(kind_of(received), new)
                return f"scenario field {name}: expected {new}, received the old name; {advice}"
            match = closest(kind_of(received), known)
            received = kind_of(received) or received
            elsewhere = homes(received) if isinstance(received, str) else []
            advice = f"{received} is one of {elsewhere[0]}" if elsewhere else ""
            return fault(name, one_of(known), received, f"did you mean {match}?" if match else advice)
        case "literal_error":
            known = re.findall(r"'([^']*)'", str(context.get("expected"))) or [str(context.get("expected"))]
            match = closest(received, known)
            others = " or a number" if len(details) > 1 else ""
            return fault(name, one_of(known) + others, received, f"did you mean {match}?" if match else "")
        case "value_error":
            return f"scenario field {name}: {context['error']}"
        case "missing":
            return fault(name, "a value", None)
        case "too_short" if (least := context.get("min_length", 1)) > 1:
            return fault(name, f"at least {least} values", received)
    bounds = [f"{word} {context[bound]}" for bound, word in BOUNDS.items() if bound in context]
    expected = bounds or [EXPECTED.get(each["type"], each["msg"]) for each in details]
    alone = detail["type"] == "list_type" and isinstance(received, str | int | float)
    advice = f"in brackets it is one: [{shown(received)}]" if alone else ""
    return fault(name, " or ".join(dict.fromkeys(expected)), received, advice)
