"""``help()`` is enough of what scenarios are run, drawn and read by, and of the tables of all studies."""

import doctest
import importlib
import inspect
import pydoc
import re
from typing import Any

import pytest

import overair
from overair import aggregator, scenarios
from overair.scenarios import studies
from overair.scenarios.reading.described import described

TABLES = {name: studies.load(name) for name in studies.names()}
DOOR = [overair.join, overair.load, overair.plot, overair.use, scenarios.run, scenarios.Study, *TABLES.values()]
DOOR += [getattr(aggregator, name) for name in aggregator.__all__]
MORE = ["learning.over_air", "learning.images", "learning.federated.algorithms", "learning.federated.hardware"]
MORE += ["learning.models", "learning.data", "learning.partitions", "learning.leakage.attacks"]
MORE += ["learning.images.networks", "learning.images.schemes", "learning.federated.schedulers"]
MORE += ["learning.federated.attackers", "learning.federated.protections", "learning.federated.downlinks"]
MORE += ["learning.inference.split.features", "learning.inference.retrieval.queries"]


def told() -> list[Any]:
    """What the door opens, and the public classes of parts of learning that schemes are made of."""
    modules = [importlib.import_module(f"overair.{name}") for name in MORE]
    found = [value for module in modules for name, value in vars(module).items() if not name.startswith("_")]
    classes = [value for value in found if inspect.isclass(value) and value.__module__.startswith("overair.learning")]
    return [pytest.param(each, id=each.__qualname__) for each in dict.fromkeys([*DOOR, *classes])]


@pytest.mark.parametrize("each", told())
def test_what_the_door_opens_says_what_it_is_and_ends_with_an_example(each: Any) -> None:
    first, *paragraphs = (inspect.getdoc(each) or "").split("\n\nFields::")[0].strip().split("\n\n")
    assert re.fullmatch(r"[A-Z].*\.", first), "a line about what it is"
    assert len(paragraphs) > 1 and paragraphs[-1].startswith(">>> "), "what it is for, and last an example"


@pytest.mark.parametrize("each", told())
def test_the_examples_of_what_the_door_opens_run(each: Any) -> None:
    example = doctest.DocTestParser().get_doctest(inspect.getdoc(each) or "", {}, each.__name__, None, 0)
    wrong: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(example, out=wrong.append).failed == 0, "".join(wrong)


@pytest.mark.parametrize("each", [each for each in told() if hasattr(each.values[0], "_fields")])
def test_tuples_say_what_their_fields_are(each: Any) -> None:
    about = (inspect.getdoc(each) or "").partition("\nFields::\n\n")[2]
    assert re.findall(r"^    (\w+): .+\n        \S", about, re.MULTILINE) == [*each._fields]


@pytest.mark.parametrize("name", TABLES)
def test_help_of_a_study_has_all_its_fields(name: str) -> None:
    text = pydoc.plain(pydoc.render_doc(TABLES[name]))
    for field, about in described(TABLES[name]).items():
        assert f" |      {field}\n |          {about}\n" in text, field
