"""What there is: every scheme of every family, read from its file without importing it.

A scheme is a file of a family's folder with exactly one public dataclass; its kind is the file's name, its summary
the first line of the file's text, its fields the annotations of the class. Reading them with ``ast`` keeps
TensorFlow out of `overair list` and out of the checking of scenarios. Nothing is registered anywhere.
"""

import ast
import importlib
import types
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler, ValidationError, create_model
from pydantic_core import CoreSchema, core_schema

from .errors import ScenarioError

ROOT = Path(__file__).parent.parent


class Family(NamedTuple):
    """A folder of schemes, and the name by which a scheme's fields ask for one of them."""

    folder: str
    interface: str
    about: str
    usual: str | None = None  # the kind of a table that names none


FAMILIES = {
    "channels": Family("phy/channels", "Channel", "how signals scatter on their way"),
    "impairments": Family("phy/impairments", "Impairment", "what clocks, distances and hardware do to a signal"),
    "knowledge": Family("phy/knowledge", "Knowledge", "what a side believes of the channel"),
    "power": Family("phy/power", "PowerRule", "how transmitters spend their budget"),
    "receivers": Family("phy/receivers", "Receiver", "how antennas are combined"),
    "codecs": Family("ota/codecs", "Codec", "how an update becomes symbols that add on the air"),
    "recovery": Family("ota/recovery", "Recovery", "how a receiver finds a sparse update in few random sums"),
    "compressors": Family("ota/compressors", "Compressor", "how an update becomes bits"),
    "images": Family("ota/images", "ImageCodec", "how a picture becomes a file"),
    "rates": Family("ota/rates", "Rate", "how many bits a device's elements carry"),
    "uplinks": Family("ota/uplinks", "Uplink", "how updates reach the server"),
    "downlinks": Family("learning/federated/downlinks", "Downlink", "how its step reaches devices", "broadcast"),
    "data": Family("learning/data", "Data", "what is learnt from"),
    "partitions": Family("learning/partitions", "Partition", "which device holds what"),
    "models": Family("learning/models", "Model", "what is trained"),
    "networks": Family("learning/networks", "Network", "how an image becomes features, and back"),
    "senders": Family("learning/senders", "Sender", "how images are sent"),
    "algorithms": Family("learning/federated/algorithms", "Algorithm", "what devices and server do in a round"),
}


class SchemeField(NamedTuple):
    """A field as the file has it: its annotation, and its default (none: it must be given)."""

    name: str
    annotation: ast.expr
    default: ast.expr | None


class Source(NamedTuple):
    """A scheme as its file describes it."""

    family: str
    kind: str
    class_name: str
    summary: str
    about: str
    fields: tuple[SchemeField, ...]


class Table(BaseModel):
    """A table of a scenario: nothing unknown, nothing converted, nothing infinite."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, validate_default=True)


class Scheme(Table):
    """A chosen scheme: its kind and its fields."""

    source: ClassVar[Source]
    kind: str


class Of:
    """The annotation of a field that takes a scheme of a family: its kind, or a table with ``kind`` and fields."""

    def __init__(self, family: str) -> None:
        self.family = family

    def __get_pydantic_core_schema__(self, _: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        choices = {kind: handler.generate_schema(table) for kind, table in tables(self.family).items()}
        chosen = core_schema.tagged_union_schema(choices, kind_of)
        return core_schema.no_info_before_validator_function(partial(as_table, self.family), chosen)


@cache
def sources(family: str) -> dict[str, Source]:
    """The schemes of a family by kind, in order of kind."""
    files = sorted((ROOT / FAMILIES[family].folder).glob("[!_]*.py"))
    found = [_read(family, file) for file in files]
    return {source.kind: source for source in found if source}


@cache
def tables(family: str) -> dict[str, type[Scheme]]:
    """The types that check a family's tables, by kind."""
    return {kind: _table(source) for kind, source in sources(family).items()}


def homes(kind: str) -> list[str]:
    """The families that have a scheme of this kind."""
    return [family for family in FAMILIES if kind in sources(family)]


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
    values = {}
    for name in type(scheme).model_fields:
        value = getattr(scheme, name)
        if name == "kind":
            continue
        if isinstance(value, list):
            value = tuple(
                build(item, f"{path}.{name}.{place}") if isinstance(item, Scheme) else item
                for place, item in enumerate(value)
            )
        values[name] = build(value, f"{path}.{name}") if isinstance(value, Scheme) else value
    try:
        return load(scheme.source.family, scheme.kind)(**values)
    except ValidationError as error:
        faults = [detail["msg"].removeprefix("Value error, ") for detail in error.errors(include_url=False)]
        raise ScenarioError(*(f"scenario field {path}: {fault}" for fault in faults)) from None
    except ValueError as error:
        raise ScenarioError(f"scenario field {path}: {error}") from None


def load(family: str, kind: str) -> Any:
    """The real class of a scheme."""
    module = f"..{FAMILIES[family].folder.replace('/', '.')}.{kind}"
    return getattr(importlib.import_module(module, __package__), sources(family)[kind].class_name)


def _read(family: str, file: Path) -> Source | None:
    tree = ast.parse(file.read_text(encoding="utf-8"), str(file))
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef) and _is_scheme(node)]
    if not classes:
        return None
    if len(classes) > 1:
        names = ", ".join(node.name for node in classes)
        raise TypeError(f"{file}: expected one public dataclass, found {names}; a scheme is one file")
    fields = [
        SchemeField(node.target.id, node.annotation, node.value)
        for node in classes[0].body
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and not _is_shared(node.annotation)
    ]
    summary = (ast.get_docstring(tree) or "").partition("\n")[0]
    about = " ".join((ast.get_docstring(classes[0]) or "").partition("\n\n")[0].split())
    return Source(family, file.stem, classes[0].name, summary, about, tuple(fields))


def _is_scheme(node: ast.ClassDef) -> bool:
    """Whether a class is public and carries @dataclass(...)."""
    calls = (decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call))
    marked = any(isinstance(call, ast.Name) and call.id == "dataclass" for call in calls)
    return marked and not node.name.startswith("_")


def _is_shared(annotation: ast.expr) -> bool:
    """Whether an annotation is ClassVar."""
    base = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    return isinstance(base, ast.Name) and base.id == "ClassVar"


def _table(source: Source) -> type[Scheme]:
    fields: dict[str, Any] = {"kind": (Literal[source.kind], Field())}
    for field in source.fields:
        kept = ... if field.default is None else _default(field.default)
        fields[field.name] = (_type(source, field), kept)
    table = create_model(source.class_name, __base__=Scheme, __module__=__name__, **fields)
    table.source = source
    return table


def _type(source: Source, field: SchemeField) -> Any:
    plain = [float, int, bool, str, tuple, Ge, Gt, Le, Lt, MultipleOf]
    names: dict[str, Any] = {known.__name__: known for known in plain} | {"Literal": Literal, "Annotated": Annotated}
    names |= {about.interface: Annotated[Scheme, Of(family)] for family, about in FAMILIES.items()}
    text = ast.unparse(field.annotation)
    try:
        kept = eval(text, {"__builtins__": {}}, names)  # our own source files, and nothing but these names
    except (NameError, TypeError, AttributeError) as error:
        raise TypeError(f"{source.family}/{source.kind}.py: field {field.name}: annotation {text}: {error}") from None
    if get_origin(kept) is tuple:  # a TOML file has lists
        return types.GenericAlias(list, get_args(kept)[:1])
    return kept


def _default(node: ast.expr) -> Any:
    """A literal default, or the scheme that a call such as RandomLinear(compression=2.0) makes."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        kinds = {source.class_name: kind for family in FAMILIES for kind, source in sources(family).items()}
        given = {str(keyword.arg): _default(keyword.value) for keyword in node.keywords}
        return {"kind": kinds[node.func.id]} | given
    if isinstance(node, ast.Tuple):
        return [_default(item) for item in node.elts]
    return ast.literal_eval(node)
