"""Whatever is written as a scenario, what comes is a plan or one line a fault, soon, and fit for a terminal."""

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from overair.cli import main
from overair.scenarios import ScenarioError
from overair.scenarios.reading import files, limits, overrides
from overair.scenarios.reading.errors import shown
from overair.scenarios.reading.fractions import number_of
from overair.scenarios.reading.listing import listing
from overair.scenarios.reading.sweep import sweep
from overair.terminal import printable

FIVE: dict[str, Any] = {"data": "digits", "model": "softmax", "devices": 5, "rounds": 30, "uplink": "analog"}
IMAGES: dict[str, Any] = {"study": "images", "data": "digits", "scheme": "linear"}
ITSELF: list[Any] = []
ITSELF.append(ITSELF)
NASTY = "a\0b\x1b[31m\u202e\x9b\x7f"


def nested(depth: int, kind: type) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value] if kind is list else {"a": value}
    return value


def refusal(act: Callable[[], Any], most: int = 2_100) -> str:
    """The lines of a refusal that comes within two seconds."""
    begin = time.process_time()
    with pytest.raises(ScenarioError) as caught:
        act()
    assert time.process_time() - begin < 2
    assert all(line.isprintable() and len(line) <= most for line in caught.value.lines)
    return str(caught.value)


RAW: dict[str, tuple[dict[Any, Any], str]] = {
    "NUL in a title": ({"title": "a\0b"}, r'title: expected a printable text, in one line, received "a\u0000b"'),
    "control sequences in a title": ({"title": NASTY}, "title: expected a printable text"),
    "lines in a title": ({"title": "a\nb"}, r'title: expected a printable text, in one line, received "a\nb"'),
    "control sequences in a key": ({NASTY: 1}, "(all): expected fields with printable names"),
    "control sequences in a key within": ({"link": {NASTY: 1}}, "link: expected fields with printable names"),
    "control sequences in a kind": ({"uplink": NASTY}, "uplink: expected a printable text"),
    "control sequences in a variant": ({"variants": {NASTY: {"devices": 1}}}, "variants: expected fields with"),
    "a key that is no text": ({3: 1}, "(all): expected fields with printable names"),
    "a key of a million characters": ({"x" * 10**6: 1}, "(all): expected fields with printable names"),
    "a text of a million characters": ({"title": "x" * 10**6}, "title: expected a text of at most 4096 characters"),
    "seeds in lists": ({"seeds": [[[1]]]}, "seeds: expected a list of whole numbers"),
    "lists 500 deep": ({"seeds": nested(500, list)}, "expected tables and lists at most 20 deep"),
    "an axis 500 deep": ({"link": {"snr_db": nested(500, list)}}, "expected tables and lists at most 20 deep"),
    "tables 500 deep": ({"link": nested(500, dict)}, "expected tables and lists at most 20 deep"),
    "unknown tables 500 deep": ({"nonsense": nested(500, dict)}, "expected tables and lists at most 20 deep"),
    "lists 15 deep": ({"link": {"snr_db": nested(15, list)}}, "link.snr_db: expected a finite number"),
    "a number of 400 digits": ({"link": {"snr_db": 10**400}}, "link.snr_db: expected a whole number of 64 bits"),
    "a whole number of 400 digits": ({"devices": 10**400}, "devices: expected a whole number of 64 bits"),
    "a hundred thousand fields": ({f"x{place}": 1 for place in range(10**5)}, "(all): expected at most 1000 fields"),
    "a thousand unknown fields": ({f"x{place}": 1 for place in range(990)}, "x0: expected one of"),
    "a million values": ({"seeds": list(range(10**6))}, "scenario: expected at most 250000 values"),
    "a list of itself": ({"seeds": ITSELF}, "expected tables and lists at most 20"),
    "a table for a text": ({"title": {"a": 1}}, "title: expected a text"),
    "nothing": ({"devices": None}, "devices: expected a whole number, received nothing"),
    "half a pair": ({"title": "\ud800"}, "title: expected a printable text"),
}


@pytest.mark.parametrize("case", RAW)
def test_a_hostile_scenario_is_refused_in_lines_fit_for_a_terminal(case: str) -> None:
    change, words = RAW[case]
    assert words in refusal(lambda: sweep(FIVE | change))
    assert words in refusal(lambda: sweep(overrides.apply(FIVE | change, ["link.antennas=2"])))


CHANGES = {
    "a long path": "link." + "a." * 30_000 + "b=1",
    "a path with numbers": "0." * 100 + "b=1",
    "a deep list": "seeds=" + "[" * 20_000,
    "a list 500 deep": "seeds=" + "[" * 500 + "]" * 500,
    "a deep table": "link=" + "{a=" * 500 + "1" + "}" * 500,
    "a dotted key": "link={" + "a." * 20_000 + "b=1}",
    "a number of many digits": "devices=" + "9" * 100_000,
    "control sequences": f"title={NASTY}",
    "a control sequence in a path": f"{NASTY}=1",
    "quotes": 'title="' + '\\"' * 50_000,
}


@pytest.mark.parametrize("case", CHANGES)
def test_a_hostile_change_is_refused_in_lines_fit_for_a_terminal(case: str) -> None:
    refusal(lambda: sweep(overrides.apply(FIVE, [CHANGES[case]])))


FILES: dict[str, tuple[Any, str]] = {
    "a dotted key": ("a." * 200_000 + "b = 1", "expected a TOML file; keys of at most 40 parts are read"),
    "a dotted table": ("[" + "a." * 200_000 + "b]", "expected a TOML file; keys of at most 40 parts are read"),
    "a quoted dotted key": ('"a" . ' * 100_000 + "b = 1", "expected a TOML file; keys of at most 40 parts are read"),
    "a list of lists": ("seeds = " + "[" * 100_000, "expected a TOML file"),
    "a table of tables": ("seeds = " + "{a = " * 100_000, "expected a TOML file"),
    "a number of many digits": ("devices = " + "9" * 100_000, "expected a TOML file"),
    "a megabyte": ("# " + "x" * 2**20, "expected a scenario of at most 1048576 bytes"),
    "no TOML": (NASTY, "expected a TOML file"),
    "a title of bytes": (b"title = '\xff'", "expected a TOML file"),
    "a hundred thousand keys": ("\n".join(f"a{place} = 1" for place in range(80_000)), "at most 1000 fields"),
    "a number of 400 digits": (f"rounds = {10**400}", "rounds: expected a whole number of 64 bits"),
    "infinity": ("devices = inf", "devices: expected a whole number"),
    "a thousand tables": ("\n".join(f"[a.b{place}]" for place in range(5_000)), "a: expected at most 1000 fields"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_hostile_file_is_refused_in_lines_fit_for_a_terminal(case: str, tmp_path: Path) -> None:
    content, words = FILES[case]
    file = tmp_path / "it.toml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert words in refusal(lambda: sweep(files.read(file)[1]))


NAMES = ["no\0thing", "x" * 5_000, "a/" * 3_000, NASTY]
RATIOS = ["1e-99999999", "1e999999999999", "1/0", "0/0", "9" * 4_000, "1/" + "9" * 4_000, "nan"]


@pytest.mark.parametrize("name", [*NAMES, *(f"{name}.toml" for name in NAMES)])
def test_what_is_no_path_is_refused(name: str) -> None:
    refusal(lambda: files.read(name))


@pytest.mark.skipif(sys.platform != "linux", reason="a file without an end")
def test_a_file_without_an_end_is_refused() -> None:
    assert "/dev/zero: it is no plain file" in refusal(lambda: files.read("/dev/zero"))


@pytest.mark.parametrize("ratio", RATIOS)
def test_a_hostile_fraction_is_refused_at_once(ratio: str) -> None:
    assert "ratios.0" in refusal(lambda: sweep(IMAGES | {"ratios": [ratio]}))
    begin = time.process_time()
    with pytest.raises(ValueError, match="expected a number or a fraction"):
        number_of(ratio)
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("word", [NASTY, "x" * 100_000, "[red]", "\0"])
def test_a_hostile_word_is_not_found(word: str) -> None:
    refusal(lambda: listing(word))


@pytest.mark.parametrize(
    "argv",
    [
        ["run", NASTY],
        ["run", "quickstart", "--set", f"title={NASTY}"],
        ["run", "quickstart", "--set", f"{NASTY}=1"],
        ["list", NASTY],
        ["list", "fields", NASTY],
        ["show", NASTY, "--toml"],
        ["new", NASTY],
        ["report", NASTY],
        ["report", "x", "--out", NASTY + "/x.html"],
        ["bundle", "x", "--out", NASTY],
        ["verify", NASTY],
        ["cite", NASTY],
        ["models", NASTY],
        ["models", "x" * 5_000],
        ["list", f"--x{NASTY}"],
        ["schema", f"--{NASTY}"],
        ["completion", NASTY],
        ["completion", "x" * 5_000],
    ],
    ids=lambda argv: " ".join(argv)[:40],
)
def test_the_command_prints_nothing_that_acts_on_a_terminal(
    argv: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(argv)
    except SystemExit as end:  # of options
        code = int(end.code or 0)
    printed = "".join(capsys.readouterr())
    assert code == 2 and printed.rstrip("\n").isprintable() and "unexpected" not in printed
    assert len(printed) < 2_200


def test_what_acts_on_a_terminal_is_shown_escaped() -> None:
    assert printable("a\x1b[0m\u202e\n\x9b") == "a\\x1b[0m\\u202e\\n\\x9b"
    assert shown(NASTY).isprintable() and shown({NASTY: [NASTY]}).isprintable()


def test_values_of_any_size_are_shown_at_once() -> None:
    begin = time.process_time()
    for value in (10**5_000, "x" * 10**7, list(range(10**6)), nested(500, dict), nested(500, list)):
        assert len(shown(value)) <= 80
    assert time.process_time() - begin < 1


def test_a_file_at_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "it.toml"
    text = 'data = "digits"\n#'
    file.write_text(text + "x" * (limits.BYTES - len(text)))
    assert files.read(file)[1] == {"data": "digits"}
