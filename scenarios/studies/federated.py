"""Federated learning: a Keras model trained over the air in rounds; accuracy, error, energy and elements of each.

Five lines make a scenario: ``data``, ``model``, ``devices``, ``rounds`` and ``uplink``. Points that differ only in SNR,
rounds and seed share one compiled federation. A record holds every round, so more rounds go on where it ended.
"""

import json
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from annotated_types import Gt, Le
from pydantic import Field

from ..reading.catalogue import Of, Scheme
from ..reading.tables import Grant, GridTable, LinkTable, Optimizer, Positive, default
from ..results.measures import Measure, over_rounds
from ..running.units import Record, Work
from .base import TOLD, Coordinates, Study

STEPS: dict[str, Any] = {"rounds": True, "evaluate_every": True, "link": {"snr_db"}}  # inputs of a compiled federation
AIR = {"link", "grid", "grant"}
EVALUATED = (  # after the last of some rounds
    Measure("accuracy", "1", "test accuracy", "last", heading="accuracy"),
    Measure("loss", "nat", "test loss", "last", heading="loss"),
)
COSTS = (  # of every round, by the names that a federation gives them
    Measure("nmse", "1", "normalised mean square error of the aggregate", heading="NMSE"),
    Measure("nmse_sent", "1", "normalised mean square error against what was sent, after error feedback and selection"),
    Measure("resource_elements", "1", "resource elements that carried data in a round", heading="elements"),
    Measure("pilot_elements", "1", "resource elements granted to pilots in a round"),
    Measure("downlink_elements", "1", "resource elements of the broadcast back in a round"),
    Measure(
        "energy",
        "1",
        "mean energy of a device for each granted resource element, relative to its budget P",
        heading="energy/P",
    ),
    Measure(
        "energy_max",
        "1",
        "largest energy of a device for each granted resource element in any round, relative to P",
        "max",
    ),
    Measure("airtime", "s", "airtime of a round, both ways", heading="airtime/s"),
    Measure("bits", "bit", "payload and side information of all devices in a round", heading="bits"),
    Measure("decoded", "1", "devices decoded in a round", heading="decoded"),
)
STOPPED = Measure("stopped_at", "1", "round in which numbers stopped being finite, -1 where none did", over=())


class Federated(Study):
    """Everything that decides a result of federated learning."""

    measures: ClassVar = (*EVALUATED, *COSTS, STOPPED)
    fixed: ClassVar = {"rounds": "one number (accuracy is kept along the way)", "evaluate_every": "one number"}
    shown_last: ClassVar = "round"

    study: Literal["federated"] = Field(default="federated", description="federated")
    data: Annotated[Scheme, Of("data")] = Field(description="what is learnt from")
    model: Annotated[Scheme, Of("models")] = Field(description="what is trained")
    devices: Positive = Field(description="how many hold data and send updates")
    rounds: Positive = Field(description="how many updates the server makes")
    uplink: Annotated[Scheme, Of("uplinks")] = Field(description="how updates reach the server")
    partition: Annotated[Scheme, Of("partitions")] = default("iid", "which device holds what")
    algorithm: Annotated[Scheme, Of("algorithms")] = default("sgd", "what devices do in a round")
    optimizer: Optimizer = Field(
        default_factory=lambda data: _plain_sgd(data.get("algorithm")),
        description="of the server; unless given sgd at 0.1, or at 1 to average the models of fedavg",
    )
    participation: Annotated[float, Gt(0), Le(1)] = Field(default=1.0, description="chance to take part in a round")
    batch_size: Positive | None = Field(
        default=None, description="samples of a gradient; all a device has unless given"
    )
    evaluate_every: Positive = Field(
        default_factory=lambda data: max(1, data.get("rounds", 1) // 10),
        description="rounds between evaluations; a tenth of all unless given",
    )
    link: LinkTable = default({}, "from the devices to the server")
    downlink: Annotated[Scheme, Of("downlinks")] = default("ideal", "from the server to the devices")
    grid: GridTable = default({}, "OFDM numerology")
    grant: Grant = default({}, "resource elements of a round")
    executor: Literal["auto", "loop", "vectorized"] = Field(default="auto", description="how devices are computed")
    chunk: Positive | None = Field(default=None, description="devices computed at once; as memory allows unless given")

    def dimensions(self) -> Coordinates:
        """The rounds after which the model is evaluated."""
        return {"round": sorted({*range(self.evaluate_every, self.rounds + 1, self.evaluate_every), self.rounds})}

    def identity(self) -> dict[str, Any]:
        """Without the tables that an uplink without air leaves unused; a broadcast back has an airtime on the grid."""
        idle: set[str] = set()
        if not self.uplink.source.traits["uses_air"]:
            idle = AIR - {"grid"} if self.downlink.source.traits["uses_air"] else AIR
        return self.model_dump(mode="json", exclude={*TOLD, "rounds", "evaluate_every", *idle})

    def group(self, seed: int) -> str:
        """Equal for units that one federation serves."""
        return json.dumps(self.model_dump(mode="json", exclude=dict.fromkeys(TOLD, True) | STEPS), sort_keys=True)

    def steps(self) -> int:
        return self.rounds

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _federation

        return _federation.prepare(self, shared)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _federation

        return _federation.build(prepared)

    def grow(self, common: Any, work: Work) -> Record:
        from . import _rounds

        return _rounds.run(self, common, work)

    def found(self, record: Record) -> dict[str, np.ndarray] | None:
        """Accuracies at the evaluations, and costs over the rounds since the one before."""
        rounds = self.dimensions()["round"]
        if record.failure is not None:
            return super().found(record)
        done, stopped = len(record.coordinates["round"]), int(record.values[STOPPED.name])
        values = {each.name: np.full(len(rounds), np.nan) for each in (*EVALUATED, *COSTS)}
        first = 0
        for at, last in enumerate(rounds):
            if 0 <= stopped <= last:
                return values | {STOPPED.name: np.array(stopped)}
            if last > done or np.isnan(record.values["evaluated"][last - 1]):
                return None
            costs = np.stack([record.values[each.name][first:last] for each in COSTS], axis=1)
            for each, cost in zip(COSTS, over_rounds(COSTS, costs), strict=True):
                values[each.name][at] = cost
            for each in EVALUATED:
                values[each.name][at] = record.values[each.name][last - 1]
            first = last
        return values | {STOPPED.name: np.array(-1)}


def _plain_sgd(algorithm: Any) -> Optimizer:
    averages = getattr(algorithm, "kind", None) == "fedavg"
    return Optimizer(name="sgd", learning_rate=1.0 if averages else 0.1)
