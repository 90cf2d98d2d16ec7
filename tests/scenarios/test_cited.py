"""Papers are cited as docstrings name them: all of them, once, with authors, title, venue and year."""

import re

import pytest

from overair import __version__, cli
from overair.scenarios.reading.sources import FAMILIES, ROOT
from overair.scenarios.results import cited
from tests.checkout import CHECKOUT, needs_checkout

WITHOUT_YEAR = {"phy/channels/block_rayleigh.py", "phy/channels/rician.py", "learning/models/dropout_cnn.py"}


def test_authors_title_venue_and_year_are_told_apart() -> None:
    text = """Held by a key. After Amiri and Gunduz, "Machine learning at the
    wireless edge", IEEE Trans. Signal Processing, 2020, eq. 4; Suresh et al., "Distributed mean estimation", ICML
    2017."""
    edge, mean = cited.papers(text)
    assert edge == (
        "Amiri and Gunduz",
        "Machine learning at the wireless edge",
        "IEEE Trans. Signal Processing",
        "2020",
    )
    assert mean == ("Suresh et al.", "Distributed mean estimation", "ICML", "2017")
    assert (edge.key, mean.key) == ("amiri2020machine", "suresh2017distributed")
    assert "  author = {Amiri and Gunduz},\n" in edge.bibtex()
    assert "  author = {Suresh and others},\n" in mean.bibtex() and "  howpublished = {ICML},\n" in mean.bibtex()


@pytest.mark.parametrize(
    ("file", "key", "author"),
    [
        ("ota/aggregators/krum.py", "blanchard2017machine", "Blanchard and {El Mhamdi} and Guerraoui and Stainer"),
        (
            "learning/federated/algorithms/feddyn.py",
            "acar2021federated",
            "Acar and Zhao and {Matas Navarro} and Mattina and Whatmough and Saligrama",
        ),
        ("ota/compressors/quic_fl.py", "basat2024accelerating", "{Ben Basat} and others"),
    ],
)
def test_names_of_several_words_are_whole_and_lose_nobody(file: str, key: str, author: str) -> None:
    (paper,) = cited.papers(cited.told(ROOT / file))
    assert paper.key == key and f"  author = {{{author}}},\n" in paper.bibtex()


def test_a_preset_that_is_misspelt_is_named(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["cite", "quickstar"]) == 2
    assert capsys.readouterr().err.endswith("received quickstar; did you mean quickstart?\n")


def test_signs_that_tex_reads_are_escaped_and_what_is_not_known_is_left_out() -> None:
    (paper,) = cited.papers('Max, "Cost & gain of 5% in k_1", 1960.')
    assert r"{Cost \& gain of 5\% in k\_1}" in paper.bibtex() and "howpublished" not in paper.bibtex()


def test_no_scheme_names_a_paper_that_is_not_understood() -> None:
    lost = set()
    for family in FAMILIES.values():
        for file in (ROOT / family.folder).glob("[!_]*.py"):
            text = " ".join(cited.told(file).split())
            titles = set(re.findall(r'[A-Z][^"]*, "([A-Z][^"]{25,})"', text))
            if titles - {paper.title for paper in cited.papers(text)}:
                lost.add(file.relative_to(ROOT).as_posix())
    assert lost == WITHOUT_YEAR


def test_a_scenario_cites_the_package_and_what_its_schemes_come_from_once(capsys: pytest.CaptureFixture) -> None:
    assert cli.main(["cite", "amiri2020"]) == 0
    told = capsys.readouterr().out
    keys = re.findall(r"^@\w+\{([^,]+),$", told, re.MULTILINE)
    assert keys[0] == "overair" and keys[1:] == sorted(set(keys[1:])) and f"version = {{{__version__}}}" in told
    assert {"amiri2020machine", "alistarh2017qsgd", "lecun1998gradient", "donoho2009message"} <= {*keys}
    assert not {"vargaftik2022eden", "rothchild2020fetchsgd"} & {*keys}  # which it does not use
    assert told.count("{") == told.count("}")


@needs_checkout
def test_the_citation_file_is_of_this_version() -> None:
    text = (CHECKOUT / "CITATION.cff").read_text()
    assert f"version: {__version__}\n" in text and f'title: "{cited.TITLE[1:-1]}"' in text
