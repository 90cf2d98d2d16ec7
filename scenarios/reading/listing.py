"""What `overair list` prints: families with their schemes, scenarios and fields of a scenario, from the code itself."""

from collections.abc import Collection, Iterator

from .. import studies
from . import renamed, search, variants
from .catalogue import tables
from .described import described
from .errors import ScenarioError, closest, one_of, shown
from .files import presets
from .searches import TABLES
from .sources import FAMILIES, Source, sources

FIELDS = "fields of another study: overair list fields STUDY"
ANY = "of a scenario of any study also:"
FEW = 4  # schemes found that are shown with their fields


def listing(what: str | None = None) -> list[str]:
    """The lines about a family, ``scenarios``, ``studies``, ``fields``, or what has that word; about all if nothing."""
    if what is None:
        parts = [_scenarios(presets()), _studies(), *(_family(family, sources(family)) for family in FAMILIES)]
        return [line for part in parts for line in (*part, "")][:-1]
    if what == "scenarios":
        return list(_scenarios(presets()))
    if what == "studies":
        return list(_studies())
    if what == "fields":
        usual = [*_rows(described(studies.load(studies.USUAL))), "", ANY, *_rows(of_any_study())]
        return [*usual, "", *_studies(), "", FIELDS]
    if what in FAMILIES:
        return list(_family(what, sources(what), details=True))
    _refuse_old(what, FAMILIES)
    return _found(what)


def _refuse_old(what: str, known: Collection[str]) -> None:
    """Says what an old word is called now, if that is known."""
    if new := renamed.now(what, known):
        advice = renamed.advice(what, f"overair list {new}")
        raise ScenarioError(f"list: expected {new}, received the old name; {advice}")


def _found(what: str) -> list[str]:
    """What has a word in its name, its summary or its fields."""
    found = search.schemes(what)
    parts = [
        _family(family, {source.kind: source for source in found if source.family == family}, len(found) <= FEW)
        for family in dict.fromkeys(source.family for source in found)
    ]
    fields_of = {name: described(studies.load(name)) for name in studies.names()}
    federated = fields_of[studies.USUAL]
    for name, every in fields_of.items():
        usual = name == studies.USUAL
        heading = "fields of a scenario:" if usual else f"of the study {name} also:"
        fields = {path: text for path, text in every.items() if usual or text != federated.get(path)}
        rows = {name: text for name, text in fields.items() if search.has(what, (name, text.rpartition(" (")[0]))}
        parts += [iter([heading, *_rows(rows)])] if rows else []
    if rows := {name: text for name, text in of_any_study().items() if search.has(what, (name, text))}:
        parts.append(iter([ANY, *_rows(rows)]))
    if titles := {name: title for name, title in presets().items() if search.has(what, (name, title))}:
        parts.append(_scenarios(titles))
    if not parts:
        _refuse_old(what, {*search.names(), *(name.rpartition(".")[2] for name in federated)})
        texts = [text for fields in (*fields_of.values(), of_any_study()) for text in (*fields, *fields.values())]
        texts += [*presets(), *presets().values()]
        match = closest(what, search.vocabulary(texts))
        advice = f"did you mean {match}?" if match else "see overair list"
        raise ScenarioError(
            "list: expected scenarios, studies, fields, a family or a word in what they say, "
            f"received {shown(what)}; {advice}"
        )
    return [line for part in parts for line in (*part, "")][:-1]


def fields(study: str) -> list[str]:
    """The lines about the fields of a study."""
    return list(_rows(described(studies.load(known_study(study)))))


def of_any_study() -> dict[str, str]:
    """What a scenario of any study can say beside its fields: searches and variants."""
    told = {path: text for name, table in TABLES.items() for path, text in described(table, f"{name}.").items()}
    return told | {variants.FIELD: variants.ABOUT}


def known_study(study: str) -> str:
    """The name of a study, refused where there is none of it."""
    if study not in studies.names():
        match = closest(study, studies.names())
        advice = f"did you mean {match}?" if match else "see overair list studies"
        raise ScenarioError(f"study: expected {one_of(studies.names())}, received {shown(study)}; {advice}")
    return study


def _studies() -> Iterator[str]:
    yield "studies: what a scenario simulates"
    yield from _columns({name: studies.summary(name) for name in studies.names()})


def _scenarios(titles: dict[str, str]) -> Iterator[str]:
    yield "scenarios: run one by name"
    yield from _columns(titles)


def _family(family: str, schemes: dict[str, Source], details: bool = False) -> Iterator[str]:
    yield f"{family}: {FAMILIES[family].about}"
    lines = _columns({kind: _summary(source) for kind, source in schemes.items()})
    for line, (kind, source) in zip(lines, schemes.items(), strict=True):
        yield line
        if details and source.fields:
            yield from (f"      {name}: {text}" for name, text in described(tables(family)[kind]).items())


def _summary(source: Source) -> str:
    """With the package that it is of, where that is not ours."""
    return source.summary + (f" (of {source.origin})" if source.origin else "")


def _rows(fields: dict[str, str]) -> Iterator[str]:
    yield from (f"  {name:<28}{text}" for name, text in fields.items())


def _columns(texts: dict[str, str]) -> Iterator[str]:
    width = max(map(len, texts), default=0)
    yield from (f"  {name:<{width}}  {text}" for name, text in texts.items())
