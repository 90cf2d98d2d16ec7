"""Families are tested one and all, and what is no scheme says what its fields mean, too."""

import re
from pathlib import Path

import pytest

import overair.conformance
from overair.conformance.found import FAMILIES, fixtures
from overair.conformance.package import families
from overair.scenarios.reading.sources import ROOT, fields_of


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_every_family_has_its_own_checks(family: str) -> None:
    """A fixture of a family's name, or of its interface's, in some test of conformance."""
    names = "|".join(sorted(fixtures(family)))
    texts = [file.read_text() for file in Path(overair.conformance.__file__).parent.glob("test_*.py")]
    assert any(re.search(rf"def test_\w+\(\s*(?:{names}): ", text) for text in texts), names


def test_every_family_has_schemes() -> None:
    assert families() == sorted(FAMILIES)  # those that are tested


@pytest.mark.parametrize(("file", "name"), [("phy/grid.py", "Grid"), ("phy/air.py", "Air")])
def test_every_field_of_grid_and_air_says_what_it_means(file: str, name: str) -> None:
    fields = fields_of(ROOT / file, name)
    assert len(fields) > 4 and all(re.fullmatch(r"[A-Z].*\.", field.about) for field in fields)
