"""`python -m overair` is the command `overair`."""

import signal
import sys

from_python = signal.signal(signal.SIGINT, signal.SIG_DFL)  # an interruption while this is imported ends it silently


def main() -> int:
    """The command."""
    from .cli import main

    signal.signal(signal.SIGINT, from_python)
    return main()


if __name__ == "__main__":
    sys.exit(main())
