"""Gradients of a network that learns: entries of a layer after so many steps, to look at or to work on."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import Field

from ..reading.errors import ScenarioError, fault
from ..results.measures import Measure
from ..running.units import Values, Work
from ._gradients import OfGradients
from .base import Coordinates

First = Annotated[int, Ge(0), Lt(2**31)]
Entries = Annotated[int, Gt(0), Le(2**20)]


class Gradients(OfGradients):
    """Everything that decides entries of gradients.

        study = "gradients"
        data = "mnist"
        model = "dropout_cnn"
        moments = [100]
        first = 1390                         # of the third kernel
        entries = 5000

    Entries are numbered over all weights, one after the other in the order of the model.

    >>> from overair.scenarios.studies.gradients import Gradients
    >>> Gradients(study="gradients", moments=[0, 20], entries=3).dimensions()
    {'moment': [0, 20], 'entry': [0, 1, 2]}
    """

    measures: ClassVar = (Measure("gradient", "1", "entry of the gradient", heading="gradient"),)
    fixed: ClassVar = OfGradients.fixed | {"first": "one number", "entries": "one number"}

    example: ClassVar = {"data": "digits", "model": "softmax", "moments": [0, 20], "first": 200, "entries": 5}

    study: Literal["gradients"] = Field(description="what is simulated")
    first: First = Field(default=0, description="the first entry taken, of all weights one after the other")
    entries: Entries = Field(default=10, description="how many entries are taken")

    def dimensions(self) -> Coordinates:
        """Moments, and the numbers of entries."""
        return super().dimensions() | {"entry": list(range(self.first, self.first + self.entries))}

    def identity(self) -> dict[str, Any]:
        decides = super().identity()
        return {name: decides[name] for name in decides if name not in ("first", "entries")}

    def prepare(self, shared: dict[str, Any]) -> Any:
        source = self.source(shared)
        if self.first + self.entries > source.size:
            wanted = f"at most {source.size - self.first}, as {source.size} are in all and {self.first} before them"
            raise ScenarioError(fault("entries", wanted, self.entries))
        return source

    def perform(self, common: Any, work: Work) -> Values:
        return {"gradient": common.at(work.wanted["moment"], work.seed)[:, work.wanted["entry"]]}
