"""Docstrings end with what the source says of fields, read when they are asked for."""

import dataclasses
import inspect
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Protocol

import pytest
from annotated_types import Ge, Gt, Le

from overair.bounds import AtMost
from overair.phy import documented
from overair.phy.documented import documented as with_fields
from overair.phy.strict import dataclass


class Moving:
    """Not a dataclass: what it annotates is no field."""

    speed: float
    """Not told, as it is told below."""


@dataclass(frozen=True)
class Scheme(Moving):
    """A scheme.

    It does this.
    """

    first: Annotated[int, Gt(0), Le(2**16)]
    """Of all."""
    second: Annotated[float, Ge(0), AtMost("first")] | None = None
    """What is
    long."""
    speed: float = 1e-3  # in metres per second
    kind: Literal["a", "b"] = "a"
    many: tuple[int, ...] = ()
    """Some."""
    trait: ClassVar[bool] = False


SCHEME = """A scheme.

It does this.

Fields::

    first: int, above 0, at most 2**16
        Of all.
    second: float, at least 0, at most first, or None; default None
        What is long.
    speed: float; default 1e-3
        in metres per second
    kind: "a" or "b"; default "a"
    many: tuple of int; default ()
        Some."""


@dataclass(frozen=True)
class Child(Scheme):
    """A child."""

    speed: float = 2.0
    own: bool = True
    """Of its own."""


@with_fields
class Pair(NamedTuple):
    """A pair."""

    one: int  # the one
    other: int = 2


@with_fields
class Interface(Protocol):
    """An interface."""

    trait: ClassVar[bool]
    """Whether it is."""


@with_fields
@dataclasses.dataclass(frozen=True)
class Nothing:
    """Without fields."""


def test_fields_are_told_in_their_order_with_bounds_and_defaults() -> None:
    assert inspect.getdoc(Scheme) == SCHEME
    assert Scheme(1).__doc__ == Scheme.__doc__


def test_a_class_tells_fields_that_it_inherits_first_and_keeps_what_was_said_of_them() -> None:
    text = inspect.getdoc(Child) or ""
    names = [line.split(":")[0].strip() for line in text.splitlines() if line[4:5].strip() and ": " in line]
    assert names == ["first", "second", "speed", "kind", "many", "own"]
    assert "    speed: float; default 2.0\n        in metres per second\n" in text


def test_named_tuples_and_interfaces_tell_theirs() -> None:
    assert inspect.getdoc(Pair) == "A pair.\n\nFields::\n\n    one: int\n        the one\n    other: int; default 2"
    assert inspect.getdoc(Interface) == "An interface.\n\nFields::\n\n    trait: bool\n        Whether it is."
    assert inspect.getdoc(Nothing) == "Without fields."


def test_the_source_is_read_on_demand_and_not_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def missing(of: Any) -> str:
        asked.append(of)
        raise OSError("could not get source code")

    monkeypatch.setattr(documented.inspect, "getsource", missing)

    @dataclass(frozen=True)
    class Lost:
        """Its text alone."""

        field: int = 1
        """Of it."""

    assert not asked
    assert Lost.__doc__ == "Its text alone." and asked
