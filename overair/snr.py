"""One SNR in every convention, as `overair snr` prints it; nothing heavy is imported.

With m bits a symbol, code rate r, devices that share the grant one after another, and subcarriers B apart:

    Es/N0 = Eb/N0 + 10 log10(m r)         energy of a symbol over noise; Eb is that of an information bit
    P/N0  = Es/N0 - 10 log10(devices)     a scenario's snr_db: P is the energy of each granted element, also of those
                                          that a device leaves to others, and all of P goes into its own
    C/N0  = Es/N0 + 10 log10(B)           power of a subcarrier over noise density, in dB-Hz
    Eb/N0 of all = Eb/N0 + 10 log10(1 + overhead)    where prefix and pilots count, as with a grid in Sionna's ebnodb2no
"""

import argparse
import json
import math
import re
from typing import Any, NamedTuple

NUMBER = re.compile(r"[+-]?(\d{1,9}(\.\d{0,12})?|\.\d{1,12})(e[+-]?\d{1,2})?", re.IGNORECASE)
EXAMPLES = """examples:
  overair snr --ebno 4 --bits 4 --rate 1/2        16-QAM at rate 1/2: what snr_db an Eb/N0 of a paper is
  overair snr --snr 10 --devices 20               what a device has on its own twentieth of the grant
  overair snr --ebno-all 4 --bits 2 --overhead 3/7   an Eb/N0 that pays for prefix and pilots
"""


class Link(NamedTuple):
    """What lies between the conventions."""

    bits: float = 2.0  # of a symbol, m
    rate: float = 1.0  # of the code, r
    devices: float = 1.0  # that share the grant
    spacing: float = 15e3  # of subcarriers, in Hz
    overhead: float = 0.0  # elements and samples beside the data's, over the data's

    @property
    def over_esno(self) -> dict[str, float]:
        """By how many dB each convention lies above Es/N0."""
        ebno = -decibels(self.bits * self.rate)
        return {
            "snr_db": -decibels(self.devices),
            "esno_db": 0.0,
            "ebno_db": ebno,
            "ebno_all_db": ebno + decibels(1 + self.overhead),
            "cno_dbhz": decibels(self.spacing),
        }


LINES = {
    "snr_db": ("P/N0", "dB", "snr_db of a scenario: energy of each granted element, at unit mean gain"),
    "esno_db": ("Es/N0", "dB", "energy of a symbol on the device's own elements"),
    "ebno_db": ("Eb/N0", "dB", "energy of an information bit: Es/N0 - 10 log10(bits x rate)"),
    "ebno_all_db": ("Eb/N0 all", "dB", "the same where prefix and pilots are paid for"),
    "cno_dbhz": ("C/N0", "dB-Hz", "power of a subcarrier over noise density"),
}
GIVEN = {"snr": "snr_db", "esno": "esno_db", "ebno": "ebno_db", "ebno_all": "ebno_all_db", "cno": "cno_dbhz"}


def conversions(convention: str, value: float, link: Link) -> dict[str, float]:
    """An SNR of one convention, such as "ebno_db", in all of them."""
    above = link.over_esno
    return {name: value - above[convention] + each for name, each in above.items()}


def decibels(ratio: float) -> float:
    return 10 * math.log10(ratio)


def number(text: str) -> float:
    """Of an option: a number or a fraction, 1/2."""
    parts = [float(part) for part in text.strip().split("/") if NUMBER.fullmatch(part)]
    if len(parts) != text.count("/") + 1 or len(parts) > 2 or (len(parts) == 2 and not parts[1]):
        raise argparse.ArgumentTypeError(f'expected a number or a fraction such as 1/2, received "{text[:40]}"')
    return parts[0] / parts[1] if len(parts) == 2 else parts[0]


def add(commands: Any) -> None:
    """The command and its arguments."""
    told = commands.add_parser(
        "snr", help="an SNR in every convention: snr_db, Es/N0, Eb/N0, C/N0", epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    one = told.add_mutually_exclusive_group(required=True)
    for name, convention in GIVEN.items():
        heading, unit, about = LINES[convention]
        one.add_argument(f"--{name.replace('_', '-')}", type=number, metavar=unit, help=f"{heading}; {about}")
    told.add_argument("--bits", type=number, default=2.0, metavar="M", help="bits of a symbol (2, which is QPSK)")
    told.add_argument("--rate", type=number, default=1.0, metavar="R", help="code rate, such as 1/2 (1, uncoded)")
    told.add_argument("--devices", type=number, default=1.0, metavar="N", help="devices that deal the grant out (1)")
    told.add_argument("--spacing", type=number, default=15e3, metavar="HZ", help="subcarrier spacing (15e3)")
    told.add_argument(
        "--overhead", type=number, default=0.0, metavar="SHARE", help="prefix and pilots over data (0), for --ebno-all"
    )
    told.add_argument("--json", action="store_true", help="print JSON, for other programs")
    told.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Prints the table."""
    link = _checked(Link(options.bits, options.rate, options.devices, options.spacing, options.overhead))
    name = next(name for name in GIVEN if getattr(options, name) is not None)
    value = getattr(options, name)
    if abs(value) > 1000:
        raise ValueError(f"--{name}: expected -1000 to 1000, received {value:g}")
    found = conversions(GIVEN[name], value, link)
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for convention, (heading, unit, about) in LINES.items():
        print(f"{heading:<10}{found[convention] + 0.0:8.2f} {unit:<6} {about}")
    return 0


def _checked(link: Link) -> Link:
    """Raise ValueError where one of them cannot be."""
    bounds = {"bits": (0, 64), "rate": (0, 1), "devices": (1, 1e6), "spacing": (0, 1e12), "overhead": (0, 1e6)}
    for name, value in link._asdict().items():
        least, most = bounds[name]
        if not least <= value <= most or (value == 0 and name != "overhead"):
            above = "from" if name in ("devices", "overhead") else "above"
            raise ValueError(f"--{name}: expected {above} {least} up to {most:g}, received {value:g}")
    return link
