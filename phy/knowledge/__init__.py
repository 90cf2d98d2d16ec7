"""Channel knowledge: what one side believes of the channel."""

from typing import Protocol, runtime_checkable

from ..keys import Key
from ..link import Paths


@runtime_checkable
class Knowledge(Protocol):
    """From the paths that could be known to the paths that are believed."""

    @property
    def error(self) -> float:
        """The share of the channel's mean power that the belief does not hold."""
        ...

    def believe(self, paths: Paths, key: Key) -> Paths:
        """The believed paths."""
        ...


__all__ = ["Knowledge"]
