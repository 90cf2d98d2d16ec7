"""Algorithms by which server and devices each add up what the other does: what keeps the two sums together."""

from dataclasses import replace
from typing import Annotated, ClassVar, Self

from annotated_types import Ge, Le

from ....ota import Analog, Uplink
from ....phy.strict import dataclass
from ..task import Task
from . import Memory, Usual
from ._local import Local


@dataclass(frozen=True)
class Leaking(Local, Usual):
    """One vector of the server's and one of each device, and a leak between them."""

    leak: Annotated[float, Ge(0), Le(1)] | None = None
    """Share of its error that the server's memory forgets in a round; 1 over analog uplinks, else 0."""
    moves: ClassVar[bool] = True
    vectors: ClassVar[int] = 1

    def over(self, uplink: Uplink) -> Self:
        return self if self.leak is not None else replace(self, leak=float(isinstance(uplink, Analog)))

    def init(self, task: Task, devices: int) -> Memory:
        return Memory(task.zeros(), task.zeros(devices))
