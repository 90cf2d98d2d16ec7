"""What `overair list --json` prints: families with their schemes and fields, studies, scenarios and fields, as data."""

from typing import Any

from .. import studies
from . import listing, search
from .catalogue import tables
from .described import described
from .files import presets
from .listing import known_study, of_any_study
from .sources import FAMILIES, Source, sources


def inventory(what: str | None = None, study: str | None = None) -> dict[str, Any]:
    """All, or what ``listing`` has of it; ScenarioError where there is no such thing."""
    listing.listing(what)  # complains
    if what == "fields":
        return {"fields": _fields(known_study(study or studies.USUAL))}
    whole: dict[str, Any] = {
        "scenarios": presets(),
        "studies": {name: studies.summary(name) for name in studies.names()},
        "families": {family: _family(family, sources(family)) for family in FAMILIES},
    }
    if what is None:
        return whole
    if what in ("scenarios", "studies"):
        return {what: whole[what]}
    return {"families": {what: whole["families"][what]}} if what in FAMILIES else _found(what)


def _found(word: str) -> dict[str, Any]:
    """What has a word, as in the listing."""
    by_family: dict[str, dict[str, Source]] = {}
    for source in search.schemes(word):
        by_family.setdefault(source.family, {})[source.kind] = source
    return {
        "scenarios": {name: title for name, title in presets().items() if search.has(word, (name, title))},
        "studies": {name: told for name in studies.names() if (told := _having(word, _fields(name)))},
        "families": {family: _family(family, found) for family, found in by_family.items()},
    }


def _having(word: str, fields: dict[str, str]) -> dict[str, str]:
    return {name: text for name, text in fields.items() if search.has(word, (name, text.rpartition(" (")[0]))}


def _fields(study: str) -> dict[str, str]:
    return described(studies.load(study)) | of_any_study()


def _family(family: str, schemes: dict[str, Source]) -> dict[str, Any]:
    kinds = {
        kind: {"summary": source.summary, "fields": described(tables(family)[kind]) if source.fields else {}}
        | ({"origin": source.origin} if source.origin else {})
        for kind, source in schemes.items()
    }
    return {"about": FAMILIES[family].about, "schemes": kinds}
