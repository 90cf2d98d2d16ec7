"""What a file says of all objects of its class, inherited or not, is read as the class itself has it."""

from typing import Any

import pytest

from ..scenarios import studies
from ..scenarios.reading import catalogue, sources
from .found import or_nothing
from .package import kinds


def test_traits_that_are_read_are_those_of_the_class(family: str) -> None:
    for kind in kinds(family):
        source, made = sources.sources(family)[kind], catalogue.load(family, kind)
        assert source.traits == {name: getattr(made, name) for name in source.traits}


@pytest.mark.parametrize("kind", or_nothing(kinds("algorithms")))
def test_a_server_averages_what_devices_with_local_steps_reach(kind: str) -> None:
    raw: dict[str, Any] = {**studies.load("federated").example, "algorithm": kind}
    moves = catalogue.load("algorithms", kind).moves
    assert studies.check({"study": "federated", **raw}).optimizer.learning_rate == (1.0 if moves else 0.1)
