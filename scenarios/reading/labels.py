"""Names for the values of an axis: a number is its own; a scheme has its label, or its kind and, where that is not
enough, the fields in which it differs from others.
"""

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from .errors import ScenarioError, fault, shown

Label = int | float | str
LONGEST = 80  # characters of a label


def of(axis: str, values: list[Any]) -> list[Label]:
    """A number or a short text for every value, all different."""
    different(axis, values)
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return list(values)
    labels: list[Label] = [_given(value) or "" for value in values]
    rivals: defaultdict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for place, value in enumerate(values):
        if not labels[place]:
            rivals[_name(value)][place] = _flat(value)
    for name, details in rivals.items():
        for place, words in _differences(details).items():
            labels[place] = " ".join(filter(None, [name, *words]))
    _check_different(axis, "different labels", labels, labels)
    return labels


def different(axis: str, values: list[Any]) -> None:
    """Refuses values of which two are equal."""
    _check_different(axis, "different values", values, [_exact(value) for value in values])


def _check_different(axis: str, expected: str, values: list[Any], exact: Iterable[Any]) -> None:
    there: set[Any] = set()
    for value, each in zip(values, exact, strict=True):
        if each in there:
            raise ScenarioError(fault(axis, expected, values, f"{shown(value)} is there twice"))
        there.add(each)


def _exact(value: Any) -> Any:
    """Equal for equal values, and good for a set: 1 and 1.0 are."""
    return json.dumps(value, sort_keys=True, default=str) if isinstance(value, dict | list | bool) else value


def _given(value: Any) -> str | None:
    return value.get("label") if isinstance(value, dict) else None


def _name(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("label") or value.get("kind", value.get("name", "")))
    if isinstance(value, list):
        return " + ".join(map(_name, value)) or "none"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _flat(value: Any, prefix: str = "") -> dict[str, Any]:
    """The plain values inside a value, by dotted path, kinds before fields; a label stands for all it names."""
    if not isinstance(value, dict | list):
        return {prefix: value}
    if prefix and (label := _given(value)):
        return {f"{prefix}.kind": label}
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    return {name: plain for part, inner in parts for name, plain in _flat(inner, f"{prefix}.{part}".strip(".")).items()}


def _differences(details: dict[int, dict[str, Any]]) -> dict[int, list[str]]:
    """As few words as tell values of one name apart, or one of what differs, by the place of the value."""
    told: dict[int, tuple[str, ...]] = dict.fromkeys(details, ())
    chosen, varying, groups = list[str](), list[str](), 1
    for key in dict.fromkeys(key for detail in details.values() for key in detail):
        now = {place: repr(detail.get(key)) for place, detail in details.items()}
        if len(set(now.values())) == 1:
            continue
        varying.append(key)
        more = {place: (*told[place], now[place]) for place in details}
        if len(set(more.values())) > groups:
            chosen, told, groups = [*chosen, key], more, len(set(more.values()))
    return {place: _words(detail, chosen) or _words(detail, varying)[:1] for place, detail in details.items()}


def _words(detail: dict[str, Any], keys: list[str]) -> list[str]:
    return [_word(key, detail[key]) for key in keys if detail.get(key) is not None]


def _word(key: str, value: Any) -> str:
    last, text = key.split(".")[-1], _name(value).removesuffix(".0")
    return text if last == "kind" else f"{last}={text}"


def checked(label: str) -> str:
    """A label as it may be given: a text that fits a legend."""
    if not (label.strip() and label.isprintable() and len(label) <= LONGEST):
        raise ValueError(f"expected a printable text of at most {LONGEST} characters, received {shown(label)}")
    return label.strip()
