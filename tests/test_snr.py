"""`overair snr`: conventions of SNR meet those of Sionna, and what a device has of a grant that it shares."""

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from sionna.phy.utils import ebnodb2no

import overair
from overair.cli import main
from overair.phy import Grid
from overair.snr import GIVEN, LINES, Link, conversions, number

LINKS = [Link(bits=4, rate=0.5), Link(bits=6, rate=3 / 4, devices=20, overhead=0.4), Link(bits=1, spacing=60e3)]


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, float]:
    assert main(["snr", *arguments, "--json"]) == 0
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("bits, rate", [(4, 0.5), (2, 1.0), (6, 1 / 3)])
def test_eb_n0_is_that_of_sionna(bits: int, rate: float) -> None:
    """Whose noise of a symbol of energy 1 is 1/(Es/N0), in float32."""
    found = conversions("ebno_db", 4.0, Link(bits=bits, rate=rate))
    assert found["esno_db"] == pytest.approx(-10 * math.log10(float(ebnodb2no(4.0, bits, rate))), abs=1e-5)


def test_eb_n0_of_all_is_that_of_sionna_with_a_grid() -> None:
    """Its energy of a bit pays for the prefix, and for symbols that carry no data: here 16 of 64 samples, no pilots."""
    grid = Grid(subcarriers=64, symbols=14, prefix=16).sionna
    found = conversions("ebno_all_db", 4.0, Link(bits=4, rate=0.5, overhead=16 / 64))
    assert found["esno_db"] == pytest.approx(-10 * math.log10(float(ebnodb2no(4.0, 4, 0.5, grid))), abs=1e-5)


def test_a_device_puts_all_of_its_power_into_its_own_share() -> None:
    """Of 20 that deal a grant out, each has 20 P on its elements: 13 dB more."""
    found = conversions("snr_db", -5.0, Link(bits=2, devices=20, spacing=30e3))
    symbol = 20 * 10 ** (-5 / 10)
    assert 10 ** (found["esno_db"] / 10) == pytest.approx(symbol, rel=1e-12)
    assert 10 ** (found["ebno_db"] / 10) == pytest.approx(symbol / 2, rel=1e-12)
    assert 10 ** (found["cno_dbhz"] / 10) == pytest.approx(symbol * 30e3, rel=1e-12)


@pytest.mark.parametrize("link", LINKS)
def test_ways_lead_back(link: Link) -> None:
    every = conversions("snr_db", 3.0, link)
    for convention, value in every.items():
        assert conversions(convention, value, link) == pytest.approx(every, abs=1e-9)


def test_the_command_prints_every_convention(capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, "--ebno", "4", "--bits", "4", "--rate", "1/2")
    assert found["snr_db"] == pytest.approx(4 + 10 * math.log10(2), abs=1e-12)
    assert set(found) == set(LINES) == set(GIVEN.values())
    assert main(["snr", "--snr", "-5"]) == 0
    assert "P/N0         -5.00 dB" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["", "x", "1/0", "1/2/3", "1e999999999", "nan", "9" * 500, "1/", "/2", "--"])
def test_numbers_are_short_and_finite(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="expected a number or a fraction"):
        number(text)


@pytest.mark.parametrize(
    "arguments, line",
    [
        (["--rate", "2"], "--rate: expected above 0 up to 1, received 2"),
        (["--bits", "0"], "--bits: expected above 0 up to 64, received 0"),
        (["--devices", "1/2"], "--devices: expected from 1 up to 1e+06, received 0.5"),
        (["--overhead", "-1"], "--overhead: expected from 0 up to 1e+06, received -1"),
    ],
)
def test_what_cannot_be_is_told_in_a_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["snr", "--snr", "3", *arguments]) == 2
    assert capsys.readouterr().err == f"overair: {line}\n"


def test_it_loads_nothing_heavy() -> None:
    code = """
import sys
from overair.cli import main
main(["snr", "--snr", "3"])
assert not {"tensorflow", "numpy", "pydantic", "overair.scenarios"} & sys.modules.keys()
"""
    environment = os.environ | {"PYTHONPATH": str(Path(overair.__file__).parent.parent)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
