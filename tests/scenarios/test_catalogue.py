"""The catalogue reads from the source what the classes are."""

import inspect
import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter

import overair
from overair.scenarios.reading import catalogue, sources
from overair.scenarios.reading.catalogue import Of, Scheme
from overair.scenarios.reading.sources import FAMILIES


def required(family: str, kind: str) -> list[str]:
    """The fields of a scheme that must be given."""
    return [field.name for field in sources.sources(family)[kind].fields if field.default is None]


SCHEMES = [(family, kind) for family in FAMILIES for kind in sources.sources(family)]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_file_with_a_public_dataclass_is_a_scheme_of_its_family(family: str) -> None:
    files = (sources.ROOT / FAMILIES[family].folder).glob("[!_]*.py")
    marked = {file.stem for file in files if "@dataclass(" in file.read_text()}
    assert set(sources.sources(family)) == marked != set()


@pytest.mark.parametrize("family, kind", SCHEMES)
def test_every_scheme_says_in_one_line_what_it_is(family: str, kind: str) -> None:
    assert len(sources.sources(family)[kind].summary) > 20


@pytest.mark.parametrize("family, kind", [each for each in SCHEMES if not required(*each)])
def test_a_table_without_fields_makes_what_the_class_makes_without_arguments(family: str, kind: str) -> None:
    assert catalogue.build(validated(family, kind), family) == catalogue.load(family, kind)()


@pytest.mark.parametrize("family, kind", SCHEMES)
def test_the_fields_read_are_the_arguments_of_the_class(family: str, kind: str) -> None:
    names = [field.name for field in sources.sources(family)[kind].fields]
    assert names == list(inspect.signature(catalogue.load(family, kind)).parameters)


def test_schemes_inside_schemes_are_built_as_well() -> None:
    from overair.ota import Analog, RandomLinear
    from overair.phy import FullInversion

    raw = {"kind": "analog", "codec": {"kind": "random_linear", "compression": 4.0}, "rule": "full_inversion"}
    assert catalogue.build(validated("uplinks", raw), "uplink") == Analog(RandomLinear(4.0), FullInversion())


def test_the_catalogue_imports_no_scheme() -> None:
    code = """
import sys
from overair.scenarios.reading import catalogue, sources
for family in catalogue.FAMILIES:
    assert catalogue.tables(family)
assert not {"tensorflow", "keras", "sionna", "xarray", "sklearn"} & sys.modules.keys()
"""
    root = Path(overair.__file__).parents[1]
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, timeout=60)


def test_a_file_with_two_public_dataclasses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text("@dataclass(frozen=True)\nclass A: ...\n@dataclass(frozen=True)\nclass B: ...\n")
    with pytest.raises(TypeError, match="expected one public dataclass, found A, B"):
        sources.read("codecs", tmp_path / "two.py")


def test_an_annotation_outside_the_vocabulary_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text("@dataclass(frozen=True)\nclass Odd:\n    x: complex = 0j\n")
    source = sources.read("codecs", tmp_path / "odd.py")
    assert source is not None
    with pytest.raises(TypeError, match="field x: annotation complex"):
        catalogue.table_of_scheme(source)


def test_a_list_of_schemes_and_a_default_scheme_with_fields_are_read(tmp_path: Path) -> None:
    text = '''"""A chain."""
@dataclass(frozen=True)
class Chain:
    links: tuple[Codec, ...] = (Identity(), RandomLinear(compression=2.0))
    count: ClassVar[int] = 3
    size: Annotated[int, Ge(1)] | None = None
'''
    (tmp_path / "chain.py").write_text(text)
    source = sources.read("codecs", tmp_path / "chain.py")
    assert source is not None and source.summary == "A chain."
    chain = catalogue.table_of_scheme(source)(kind="chain")
    expected = [{"kind": "identity"}, {"kind": "random_linear", "compression": 2.0, "block": None}]
    assert chain.model_dump() == {"kind": "chain", "links": expected, "size": None}


def validated(family: str, raw: object) -> Scheme:
    annotation: Any = Annotated[Scheme, Of(family)]
    return TypeAdapter(annotation).validate_python(raw)
