"""The tables of a scenario that check themselves, those of schemes and others as their dataclasses declare them."""

import ast
import importlib
import types
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, partial
from typing import Annotated, Any, ClassVar, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, create_model
from pydantic_core import CoreSchema, core_schema

from ...bounds import AtMost
from .. import promises
from . import annotations, labels, outside, written
from .errors import ScenarioError
from .sources import FAMILIES, ROOT, Source, SourceField, fields_of, sources

NOTHING: Mapping[str, Any] = types.MappingProxyType({})
FAMILY = "x-family"  # marks the choice of a scheme of a family


class Table(BaseModel):
    """A table of a scenario: nothing unknown, nothing converted, nothing infinite."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, validate_default=True, defer_build=True
    )


class Scheme(Table):
    """A chosen scheme: its kind, its fields, and what it is called if that is not told by these."""

    source: ClassVar[Source]
    kind: str
    label: Annotated[str, AfterValidator(labels.checked)] | None = Field(
        default=None, description="what tables and legends call it", exclude_if=lambda label: label is None
    )


class Of:
    """The annotation of a field that takes a scheme of a family: its kind, or a table with ``kind`` and fields."""

    def __init__(self, family: str) -> None:
        self.family = family

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {kind: handler.generate_schema(table) for kind, table in tables(self.family).items()}
        chosen = core_schema.tagged_union_schema(choices, kind_of, metadata={FAMILY: self.family})
        return core_schema.no_info_before_validator_function(partial(as_table, self.family), chosen)


@cache
def tables(family: str) -> dict[str, type[Scheme]]:
    """The types that check a family's tables, by kind."""
    return {
        kind: _explained(source) if source.origin else _ours(family, kind) for kind, source in sources(family).items()
    }


@cache
def _ours(family: str, kind: str) -> type[Scheme]:
    """Of a scheme of ours, the same whatever packages there are."""
    return table_of_scheme(sources(family)[kind])


def _explained(source: Source) -> type[Scheme]:
    """Of a scheme that is not ours; ScenarioError where it is not written as ours are."""
    try:
        return table_of_scheme(source)
    except ScenarioError:  # of another file
        raise
    except (TypeError, ValueError, KeyError, NameError, RuntimeError) as error:  # the last two of pydantic
        told = " ".join(str(error).removeprefix(f"{source.file}: ").split())
        raise ScenarioError(f"{source.file}: {told}") from None


def table_of_scheme(source: Source) -> type[Scheme]:
    """The type that checks a scheme's table."""
    kind: dict[str, Any] = {"kind": (Literal[source.kind], Field())}
    where = source.file if source.origin else f"{source.family}/{source.kind}.py"
    fields = kind | _fields(str(where), source.fields, origin=source.origin)
    table = create_model(source.class_name, __base__=Scheme, __module__=__name__, **fields)
    table.source = source
    return table


def table_of_class(
    file: str, class_name: str, without: Iterable[str] = (), defaults: Mapping[str, Any] = NOTHING
) -> Any:
    """The type that checks a table of a dataclass's fields; ``Any``, as type checkers follow no type made at work."""
    fields = [field for field in fields_of(ROOT / file, class_name) if field.name not in without]
    return create_model(class_name, __base__=Table, __module__=__name__, **_fields(file, fields, defaults))


def as_table(family: str, value: Any) -> Any:
    """A bare kind, or a table of a family's usual kind that does not name it, as the table it stands for."""
    usual = FAMILIES[family].usual
    if isinstance(value, Mapping) and value and usual:
        return {"kind": usual, **value}
    return {"kind": value} if isinstance(value, str) else value


def kind_of(value: Any) -> Any:
    """The kind of a scheme in any of its forms, None where there is none."""
    if isinstance(value, Mapping):
        value = value.get("kind")
    elif isinstance(value, Scheme):
        value = value.kind
    return value if isinstance(value, str) and value else None


def build(scheme: Scheme, path: str) -> Any:
    """The real object of a scheme, with the schemes inside it; imports what it needs. ``path`` is for complaints."""
    values = parts(scheme, path)
    try:
        made = load(scheme.source.family, scheme.kind)(**values)
    except ValidationError as error:
        faults = [detail["msg"].removeprefix("Value error, ") for detail in error.errors(include_url=False)]
        raise ScenarioError(*(f"scenario field {path}: {fault}" for fault in faults)) from None
    except ValueError as error:
        raise ScenarioError(f"scenario field {path}: {error}") from None
    if scheme.source.origin:
        promises.check(scheme.source.family, made)
    return made


def parts(table: Table, path: str) -> dict[str, Any]:
    """The fields of a table by name, with the schemes among them built."""
    return {name: _built(getattr(table, name), f"{path}.{name}") for name in own_fields(type(table))}


def schemes(value: Any) -> Iterator[Scheme]:
    """All schemes within a table, those within schemes, too."""
    if isinstance(value, Scheme):
        yield value
    if isinstance(value, Table):
        for name in type(value).model_fields:
            yield from schemes(getattr(value, name))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from schemes(each)


def own_fields(table: type[Table]) -> list[str]:
    """The fields of a table, of a scheme without those that all schemes have."""
    common = Scheme.model_fields if issubclass(table, Scheme) else ()
    return [name for name in table.model_fields if name not in common]


def without_labels(dumped: Any) -> Any:
    """A dumped table without the labels of its schemes, which decide no number."""
    if isinstance(dumped, dict):
        return {name: without_labels(value) for name, value in dumped.items() if name != "label"}
    return [without_labels(value) for value in dumped] if isinstance(dumped, list) else dumped


def load(family: str, kind: str) -> Any:
    """The real class of a scheme."""
    source = sources(family)[kind]
    if source.origin:
        return _of_another(source)
    module = f"...{FAMILIES[family].folder.replace('/', '.')}.{kind}"
    return getattr(importlib.import_module(module, __package__), source.class_name)


def _of_another(source: Source) -> Any:
    """The class of a scheme of a package that is not ours; ScenarioError where it has not all that ours have."""
    try:
        outside.imported(source.module)
        found = getattr(importlib.import_module(source.module), source.class_name)
    except (Exception, SystemExit) as error:  # whatever it does when it is imported
        raise ScenarioError(f"{source.file}: cannot be imported: {type(error).__name__}: {error}") from None
    wanted, has = interface(source.family), {field.name for field in source.fields}
    missing = [name for name in _members(wanted) if name not in has and not hasattr(found, name)]
    if missing:
        home = f"overair/{FAMILIES[source.family].folder}/__init__.py"
        told = f"expected what a {wanted.__name__} has, found no {', '.join(missing)}; {home} says what they are"
        raise ScenarioError(f"{source.file}: {source.class_name}: {told}")
    return found


def _members(wanted: Any) -> list[str]:
    """What an interface asks for, in the order of its text."""
    homes = [
        each
        for each in reversed(wanted.__mro__)
        if getattr(each, "_is_protocol", False) and each.__module__ != "typing"
    ]
    named = [name for home in homes for name in (*home.__dict__.get("__annotations__", {}), *vars(home))]
    return [name for name in dict.fromkeys(named) if not name.startswith("_")]


def interface(family: str) -> Any:
    """The interface of a family's schemes, a protocol."""
    return importlib.import_module(f"...{FAMILIES[family].folder.replace('/', '.')}", __package__).FAMILY


def _built(value: Any, path: str) -> Any:
    if isinstance(value, list):
        return tuple(_built(item, f"{path}.{place}") for place, item in enumerate(value))
    return build(value, path) if isinstance(value, Scheme) else value


def _fields(
    where: str, fields: Iterable[SourceField], defaults: Mapping[str, Any] = NOTHING, origin: str = ""
) -> dict[str, Any]:
    """Fields as pydantic declares them: a type, and a default with a description."""
    declared = {}
    for field in fields:
        given = ... if field.default is None else written.default(where, field, origin)
        described = Field(default=defaults.get(field.name, given), description=field.about)
        declared[field.name] = (_type(where, field), described)
    return declared


@cache
def _names() -> dict[str, Any]:
    """What an annotation may be made of."""
    plain = [float, int, bool, str, tuple, Ge, Gt, Le, Lt, MultipleOf, AtMost]
    names: dict[str, Any] = {known.__name__: known for known in plain} | {"Literal": Literal, "Annotated": Annotated}
    return names | {about.interface: Annotated[Scheme, Of(family)] for family, about in FAMILIES.items()}


def _type(where: str, field: SourceField) -> Any:
    if not annotations.is_plain(field.annotation):
        wanted = "expected names such as float and Annotated[float, Gt(0)], received what would have to be run"
        raise TypeError(f"{where}: field {field.name}: annotation {ast.unparse(field.annotation)}: {wanted}")
    try:
        code = compile(ast.Expression(field.annotation), where, "eval")
        kept = eval(code, {"__builtins__": {}}, _names())  # nothing but these names, and nothing of them
    except (NameError, TypeError, AttributeError) as error:
        raise TypeError(f"{where}: field {field.name}: annotation {ast.unparse(field.annotation)}: {error}") from None
    if get_origin(kept) is tuple:  # a TOML file has lists
        return types.GenericAlias(list, get_args(kept)[:1])
    return kept
