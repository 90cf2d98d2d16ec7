"""What options take, with complaints in words."""

import argparse

DIGITS = 18  # of a whole number
CUT = 40  # letters that a complaint repeats


def whole(told: str) -> int:
    """A whole number."""
    if not told.strip().removeprefix("-").isdecimal() or len(told) > DIGITS:
        raise argparse.ArgumentTypeError(f'expected a whole number, received "{told[:CUT]}"')
    return int(told)


def names(told: str) -> list[str]:
    """Names with commas between."""
    return [name.strip() for name in told.split(",") if name.strip()]
