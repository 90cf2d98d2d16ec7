"""Progress: what is told while something runs."""

from collections.abc import Callable

Progress = Callable[[int, int], None]  # steps done, steps to do
