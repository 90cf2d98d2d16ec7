"""What `overair schema` prints: the JSON Schema of a study's scenarios, by which editors complete, explain and check.

    overair schema > federated.schema.json       # for a scenario that begins with  #:schema ./federated.schema.json

That line is read by Taplo, and with it by Even Better TOML in VS Code and others. A file says more than its tables do:
a scheme may be its bare kind, a list where one value belongs is an axis, and "0:20:5" is a range. What no schema can
say, such as which fields exclude each other, is found when the scenario is read.
"""

from collections.abc import Collection, Mapping
from typing import Any

from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from .. import studies
from . import variants
from .catalogue import FAMILY
from .listing import known_study
from .ranges import NUMBER
from .searches import TABLES
from .sources import FAMILIES
from .sweep import NOT_AXES

Schema = dict[str, Any]
DRAFT = "http://json-schema.org/draft-07/schema#"
RANGE = {"type": "string", "pattern": rf"^\s*{NUMBER}\s*:\s*{NUMBER}\s*:\s*{NUMBER}\s*$"}
FRACTION = {"type": "string", "pattern": r"^\s*\d+\s*/\s*\d+\s*$"}
WRITTEN = {"$ref": "#/definitions/written"}
NAMED: Schema = {"type": "object", "minProperties": 1}


class Tables(GenerateJsonSchema):
    """Pydantic's schemas, in which the choice of a scheme is the name of its family."""

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> Schema:
        chosen = super().tagged_union_schema(schema)["oneOf"]
        return {FAMILY: _choice(schema["metadata"][FAMILY], dict(zip(schema["choices"], chosen, strict=True)))}

    def encode_default(self, dft: Any) -> Any:
        """A plain value is as JSON has it."""
        return dft if isinstance(dft, str | float | int | None) else super().encode_default(dft)

    def sort(self, value: Any, parent_key: str | None = None) -> Any:
        """In the order of the tables."""
        return value


def schema(study: str = studies.USUAL) -> Schema:
    """Of a study's scenarios; ScenarioError where there is no such study."""
    table = studies.load(known_study(study))
    every = table.model_json_schema(ref_template="#/definitions/{model}", schema_generator=Tables)
    choices: dict[str, Schema] = {}
    inner = {name: _table(each, (), choices) for name, each in every.pop("$defs", {}).items()}
    whole = _table(every, {*NOT_AXES, *table.fixed}, choices)
    fields = whole["properties"]
    fields[variants.FIELD] = NAMED | {"additionalProperties": NAMED, "description": variants.ABOUT}
    for name, search in TABLES.items():
        plain = _plain(search.model_json_schema(), choices)
        fields[name] = {"anyOf": [fields[name], plain]} if name in fields else plain
    needed = [{"required": [elsewhere]} for elsewhere in (variants.FIELD, *TABLES) if elsewhere != "seeds"]
    whole["anyOf"] = [{"required": whole.pop("required", [])}, *needed]  # which may give what is needed
    whole["description"] = whole.get("description", "").partition("\n")[0]  # of a docstring
    head = {"$schema": DRAFT, "title": f"overair: {studies.summary(study)}"}
    return head | whole | {"definitions": inner | choices | {"written": {"anyOf": [RANGE, FRACTION]}}}


def line(study: str) -> str:
    """The lines by which editors find the schema of a scenario file, to stand at its beginning."""
    return f"#:schema ./{study}.schema.json\n# for editors, made by: overair schema {study} > {study}.schema.json\n"


def _choice(family: str, chosen: dict[str, Schema]) -> list[Any]:
    """A scheme of a family, by the family's name: its kind, or a table that names it unless it is the usual one."""
    named = {"required": ["kind"]}
    some = [each if kind == FAMILIES[family].usual else {"allOf": [each, named]} for kind, each in chosen.items()]
    return [family, {"anyOf": [{"enum": list(chosen)}, *some]}]


def _table(schema: Schema, fixed: Collection[str], choices: dict[str, Schema]) -> Schema:
    """A table whose fields may be axes, but for those that are fixed."""
    plain = _plain(schema, choices)
    fields = plain.get("properties", {})
    if "kind" in fields:  # asked for where it is chosen
        plain["required"] = [name for name in plain["required"] if name != "kind"]
    alone = {"kind", "label", *fixed}
    plain["properties"] = {name: _field(each, name not in alone) for name, each in fields.items()}
    return plain


def _plain(value: Any, choices: dict[str, Schema]) -> Any:
    """Without what TOML has no word for, none, and titles that only repeat names; families become definitions."""
    if isinstance(value, list):
        return [_plain(each, choices) for each in value if each != {"type": "null"}]
    if not isinstance(value, Mapping):
        return value
    told = {name: _plain(item, choices) for name, item in value.items() if not _is_idle(name, item)}
    if FAMILY in told:
        family, choice = told.pop(FAMILY)
        choices[family] = choice
        told["anyOf"] = [{"$ref": f"#/definitions/{family}"}]
    if len(told.get("anyOf", ())) == 1:
        told |= told.pop("anyOf")[0]
    return told


def _is_idle(name: str, item: Any) -> bool:
    return (name == "title" and isinstance(item, str)) or (name == "default" and item is None)


def _field(schema: Schema, axis: bool) -> Schema:
    """One value, or as an axis several."""
    about = {name: schema[name] for name in ("description", "default") if name in schema}
    one = {name: each for name, each in schema.items() if name not in about}
    value = one | {"items": _value(one["items"])} if one.get("type") == "array" else _value(one)
    if not axis:
        return about | value
    bare = _options(value["items"]) if one.get("type") == "array" and _is_number(one["items"]) else []
    return about | {"anyOf": [*_options(value), *bare, {"type": "array", "items": value, "minItems": 1}]}


def _value(schema: Schema) -> Schema:
    """A value, of a number also as a range or a fraction."""
    return {"anyOf": [*_options(schema), WRITTEN]} if _is_number(schema) else schema


def _is_number(schema: Schema) -> bool:
    return any(each.get("type") in ("integer", "number") for each in _options(schema))


def _options(schema: Schema) -> list[Schema]:
    return list(schema["anyOf"]) if set(schema) == {"anyOf"} else [schema]


__all__ = ["line", "schema"]
