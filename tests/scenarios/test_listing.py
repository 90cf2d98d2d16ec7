"""`overair list` finds schemes and fields by the words of the field, and says what a field means and takes."""

import os
import re
from pathlib import Path

import pytest

from overair.scenarios import ScenarioError
from overair.scenarios.reading.listing import described, fields, listing
from overair.scenarios.reading.sources import FAMILIES, sources
from overair.scenarios.studies.federated import Federated
from overair.scenarios.studies.images import Images


def found(word: str) -> str:
    return "\n".join(listing(word))


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("cfo", "frequency_offset"),
        ("CFO", "frequency_offset"),
        ("sto", "timing_offset"),
        ("SCO", "sampling_offset"),
        ("pa", "amplifier"),
        ("papr", "amplifier"),
        ("adc", "quantized_receiver"),
        ("mrc", "maximum_ratio"),
        ("zf", "zero_forcing"),
        ("mmse", "beamforming"),
        ("aircomp", "analog"),
        ("link adaptation", "mcs"),
        ("mcs", "mcs"),
        ("harq", "mcs"),
        ("bler", "outage"),
        ("ldpc", "ldpc"),
        ("los", "rician"),
        ("los", "umi"),
        ("cp", "grid.prefix"),
        ("jscc", "deepjscc"),
        ("ray tracing", "ray_traced"),
        ("iid", "iid"),
        ("non-IID", "dirichlet"),
        ("a-dsgd", "sparse"),
        ("D-DSGD", "position_coded"),
        ("qsgd", "qsgd"),
        ("amp", "amp"),
        ("em-bg-amp", "em_bg_amp"),
        ("klt", "linear"),
        ("rician", "rician"),
        ("retransmissions", "mcs"),
        ("quantis", "dithered"),
    ],
)
def test_the_words_of_the_field_find_the_scheme(word: str, kind: str) -> None:
    assert any(line.split()[:1] == [kind] for line in listing(word))


@pytest.mark.parametrize("word", ["csit", "CSIR", "snr", "prefix", "antennas"])
def test_fields_of_a_scenario_are_found_too(word: str) -> None:
    assert "fields of a scenario:" in listing(word)


@pytest.mark.parametrize(
    ("word", "path"),
    [("find", "find.over"), ("tune", "tune.values"), ("variants", "variants"), ("precision", "seeds.precision")],
)
def test_what_a_scenario_of_any_study_can_say_is_found_too(word: str, path: str) -> None:
    for lines in (listing(word), listing("fields")):
        below = lines[lines.index("of a scenario of any study also:") + 1 :]
        assert any(line.split()[:1] == [path] and len(line) > 40 for line in below)


def test_a_whole_word_counts_before_a_part_of_one() -> None:
    assert "path_loss" not in found("pa")  # which is an amplifier
    assert "em_bg_amp" not in found("amplifier") and "amplifier" not in found("amp")


def test_few_schemes_are_shown_with_their_fields_and_many_without() -> None:
    assert "      low: least offset, in subcarrier spacings (a number; default 0.0)" in listing("cfo")
    many = listing("elements")
    assert len(many) > 8 and not [line for line in many if line.startswith("      ")]


@pytest.mark.parametrize(
    ("wrong", "right"), [("cf0", "cfo"), ("codcs", "codecs"), ("raleigh", "rayleigh"), ("tunne", "tune")]
)
def test_what_is_not_found_is_told_with_the_nearest_word(wrong: str, right: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        listing(wrong)
    (line,) = caught.value.lines
    assert line.startswith("list: expected ") and line.endswith(f'received "{wrong}"; did you mean {right}?')


@pytest.mark.parametrize("family", FAMILIES)
def test_a_field_is_listed_with_its_docstring(family: str) -> None:
    told = found(family)
    for source in sources(family).values():
        for field in source.fields:
            assert field.about.removesuffix(".")[1:] in told


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_listed_of_a_scheme_is_a_whole_sentence_of_plain_text(family: str) -> None:
    for source in sources(family).values():
        assert source.summary.endswith(".") and not any("`" in text for text in (source.summary, found(family)))


def test_a_field_does_not_begin_with_its_own_name() -> None:
    """Docstrings of dimensions do, as axes of figures are named by them."""
    told = "\n".join(fields("compression"))
    assert "  how a gradient becomes bits, and back (" in told and not re.search(r"^  (\w+) +\1; ", told, re.MULTILINE)


def test_bounds_are_told_exactly() -> None:
    assert "at least 2, at most 16777216; default 64" in found("codecs")


def test_the_glossary_names_what_there_is() -> None:
    checkout = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2]))
    glossary = checkout / "docs" / "glossary.md"
    if not glossary.exists():
        pytest.skip("no checkout: the wheel carries no documents")
    rows = [line for line in glossary.read_text().splitlines() if line.startswith("| ") and "---" not in line][1:]
    known = {*described(Federated), *described(Images)}
    for family in FAMILIES:
        for kind, source in sources(family).items():
            known |= {f"{family}/{kind}", *(f"{family}/{kind}.{field.name}" for field in source.fields)}
    assert len(rows) > 40
    for row in rows:
        names = re.findall("`([^`]+)`", row)
        assert names and not set(names) - known, row
    words = [row.split("|")[1].strip().lower() for row in rows]
    assert words == sorted(words)
