"""What options take, with complaints in words that are fit for a terminal."""

import argparse

DIGITS = 18  # of a whole number
CUT = 40  # letters that a complaint repeats
LONGEST = 2_000  # letters of a complaint


def whole(told: str) -> int:
    """A whole number."""
    if not told.strip().removeprefix("-").isdecimal() or len(told) > DIGITS:
        raise argparse.ArgumentTypeError(f'expected a whole number, received "{told[:CUT]}"')
    return int(told)


def names(told: str) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in told.split(",") if name.strip()]


def printable(text: str) -> str:
    """A text of bounded length in which nothing acts on a terminal; of scenarios nothing need be imported for it."""
    cut = text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in cut)
