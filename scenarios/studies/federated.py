"""Federated learning: a Keras model trained over the air in rounds; accuracy, error, energy and elements of each."""

import json
import math
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Gt, Le, Lt
from pydantic import Field, ValidationInfo, field_validator

from ..reading.catalogue import Of, Scheme, without_labels
from ..reading.errors import shown
from ..reading.tables import (
    EffortTable,
    GridTable,
    LinkTable,
    Million,
    Optimizer,
    PayloadGrant,
    Positive,
    RadioTable,
    default,
)
from ..results.measures import over_rounds
from ..running.units import Record, Values, Work
from ._round_measures import COSTS, ENDED, EVALUATED, STOPPED
from .base import TOLD, Coordinates, Study

# inputs of a compiled federation
STEPS: Any = {"rounds": True, "evaluate_every": True, "budget_seconds": True, "link": {"snr_db", "peak_snr_db"}}
MOST_EVALUATIONS = 100_000
HELD_OUT = 0.2  # of the training data, to choose by
AIR = {"link", "grid", "grant"}


class Federated(Study):
    """Everything that decides a result of federated learning.

    Five lines make a scenario: ``data``, ``model``, ``devices``, ``rounds`` and ``uplink``. Points that differ only in
    SNR, rounds and seed share one compiled federation. A record holds every round, so more rounds go on where it ended.

    >>> from overair.scenarios.studies.federated import Federated
    >>> scenario = Federated(data="digits", model="softmax", devices=10, rounds=20, uplink="analog")
    >>> scenario.evaluate_every, scenario.optimizer.name, scenario.dimensions()["round"][-1]
    (2, 'sgd', 20)
    """

    measures: ClassVar = (*EVALUATED, *COSTS, STOPPED, ENDED)
    fixed: ClassVar = {
        "rounds": "one number (accuracy is kept along the way)",
        "evaluate_every": "one number",
        "budget_seconds": "one number (seconds are kept along the way)",
    }
    shown_last: ClassVar = "round"
    same_links: ClassVar = True
    example: ClassVar = {"data": "digits", "model": "softmax", "devices": 10, "rounds": 20, "uplink": "analog"}

    study: Literal["federated"] = Field(default="federated", description="what is simulated")
    data: Annotated[Scheme, Of("data")] = Field(description="what is learnt from")
    model: Annotated[Scheme, Of("models")] = Field(description="what is trained")
    devices: Million = Field(description="devices that hold data and send updates")
    rounds: Annotated[int, Gt(0), Le(10**7)] = Field(description="how many updates the server makes")
    uplink: Annotated[Scheme, Of("uplinks")] = Field(description="how updates reach the server")
    partition: Annotated[Scheme, Of("partitions")] = default("iid", "which device holds what")
    algorithm: Annotated[Scheme, Of("algorithms")] = default("sgd", "what devices do in a round")
    optimizer: Optimizer = Field(
        default_factory=lambda data: _plain_sgd(data.get("algorithm")),
        description="of the server; unless given sgd at 0.1, or at 1 to average what devices with local steps reach",
    )
    participation: Annotated[float, Gt(0), Le(1)] = Field(default=1.0, description="chance to take part in a round")
    scheduler: Annotated[Scheme, Of("schedulers")] | None = Field(
        default=None,
        description="who computes and sends; coins of chance participation unless given",
        exclude_if=lambda scheduler: scheduler is None,
    )
    aggregator: Annotated[Scheme, Of("aggregators")] | None = Field(
        default=None,
        description="what the server makes of separate estimates; their mean unless given",
        exclude_if=lambda aggregator: aggregator is None,
    )
    attackers: Annotated[Scheme, Of("attackers")] | None = Field(
        default=None,
        description="what some devices send in place of updates; nobody attacks unless given",
        exclude_if=lambda attackers: attackers is None,
    )
    protection: Annotated[Scheme, Of("protections")] | None = Field(
        default=None,
        description="whom clips and the channel's noise protect; nobody, and nothing is guaranteed, unless given",
        exclude_if=lambda protection: protection is None,
    )
    effort: EffortTable | None = Field(
        default=None,
        description="local steps that devices manage, and losses after computing; all, and none, unless given",
        exclude_if=lambda effort: effort is None,
    )
    hardware: Annotated[Scheme, Of("hardware")] | None = Field(
        default=None,
        description="what computing takes a device, in seconds and joules; rounds have no clock unless given",
        exclude_if=lambda hardware: hardware is None,
    )
    radio: RadioTable = default({}, "what sending takes a device", lambda radio: radio == RadioTable())
    budget_seconds: Annotated[float, Gt(0), Le(1e12)] | None = Field(
        default=None,
        description="seconds after which a run ends; rounds that end later do not count",
        exclude_if=lambda seconds: seconds is None,
    )
    batch_size: Million | None = Field(default=None, description="samples of a gradient; all a device has unless given")
    evaluate_every: Positive = Field(
        default_factory=lambda data: max(1, data.get("rounds", 1) // 10),
        description="rounds between evaluations; a tenth of all unless given",
    )
    validation: Annotated[float, Gt(0), Lt(1)] | None = Field(
        default=None, description="share of the training data held out, and measured on in place of test data"
    )
    link: LinkTable = default({}, "from the devices to the server")
    downlink: Annotated[Scheme, Of("downlinks")] = default("ideal", "from the server to the devices")
    grid: GridTable = default({}, "OFDM numerology")
    grant: PayloadGrant = default({}, "resource elements of a round, or bits of its packets")
    personal: bool = Field(
        default=False,
        description="whether devices' models are tested by their own label mixes, as personal algorithms' always are",
        exclude_if=lambda personal: not personal,
    )
    papr: bool = Field(default=False, description="whether the PAPR of what devices send is measured, which takes time")
    layer: Annotated[int, Gt(0), Le(1000)] | None = Field(
        default=None,
        description="layer whose NMSE is measured; the number of its kernel, from the input; all unless given",
        exclude_if=lambda layer: layer is None,
    )
    executor: Literal["auto", "loop", "vectorized"] = Field(default="auto", description="how devices are computed")
    chunk: Million | None = Field(default=None, description="devices computed at once; as memory allows unless given")

    @field_validator("evaluate_every")
    @classmethod
    def _not_too_often(cls, every: int, info: ValidationInfo) -> int:
        if info.data.get("rounds", 1) > MOST_EVALUATIONS * every:
            least = math.ceil(info.data["rounds"] / MOST_EVALUATIONS)
            raise ValueError(f"expected at least {least}, for at most {MOST_EVALUATIONS} evaluations, received {every}")
        return every

    @field_validator("scheduler")
    @classmethod
    def _one_schedule(cls, scheduler: Any, info: ValidationInfo) -> Any:
        chance = info.data.get("participation", 1.0)
        if scheduler and chance < 1:
            raise ValueError(f"expected none with participation, received both; set participation=1, not {chance:g}")
        return scheduler

    @field_validator("radio", "budget_seconds")
    @classmethod
    def _timed(cls, value: Any, info: ValidationInfo) -> Any:
        if value not in (None, RadioTable()) and info.data.get("hardware", True) is None:
            told = shown(value.model_dump() if isinstance(value, RadioTable) else value)
            raise ValueError(f"expected none without hardware, received {told}; say what computing takes")
        return value

    @field_validator("budget_seconds")
    @classmethod
    def _whole_rounds(cls, seconds: float | None, info: ValidationInfo) -> float | None:
        if seconds is not None and info.data.get("protection") is not None:
            raise ValueError(
                f"expected none under a protection, as a round that is cut off has told all the same, received "
                f"{seconds:g}; set rounds"
            )
        return seconds

    def dimensions(self) -> Coordinates:
        """The rounds after which the model is evaluated."""
        return {"round": sorted({*range(self.evaluate_every, self.rounds + 1, self.evaluate_every), self.rounds})}

    def identity(self) -> dict[str, Any]:
        """Without the tables that an uplink without air leaves unused; a broadcast back has an airtime on the grid."""
        idle: set[str] = set()
        sees_links = self.scheduler and self.scheduler.source.traits["sees_links"]
        if not (self.uplink.source.traits["uses_air"] or sees_links):
            idle = AIR - {"grid"} if self.downlink.source.traits["uses_air"] else AIR
        dumped = self.model_dump(mode="json", exclude={*TOLD, "rounds", "evaluate_every", "budget_seconds", *idle})
        return dict(without_labels(dumped))

    def group(self, seed: int) -> str:
        """Equal for units that one federation serves."""
        dumped = self.model_dump(mode="json", exclude=dict.fromkeys(TOLD, True) | STEPS)
        return json.dumps(without_labels(dumped), sort_keys=True)

    def steps(self) -> int:
        return self.rounds

    @property
    def is_personal(self) -> bool:
        """Whether devices are tested by the models that they use and by their own label mixes."""
        return self.personal or bool(self.algorithm.source.traits.get("personal"))

    def validating(self) -> "Federated":
        """Measured on a fifth of the training data, unless the scenario holds out another share."""
        return self.model_copy(update={"validation": self.validation or HELD_OUT})

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _federation

        return _federation.prepare(self, shared)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _federation

        return _federation.build(prepared)

    def grow(self, common: Any, work: Work) -> Record:
        from . import _rounds

        return _rounds.run(self, common, work)

    def trained(self, prepared: Any, record: Record) -> Any:
        from . import _model

        return _model.trained(self, prepared, record)

    def found(self, record: Record) -> Values | None:
        """Accuracies at the evaluations, and costs over the rounds since the one before."""
        import numpy as np

        from ._rounds import ended, of

        rounds = self.dimensions()["round"]
        if not record.values:
            return None
        done, stopped = len(record.coordinates["round"]), int(record.values[STOPPED.name])
        over = ended(record, self.budget_seconds)
        values = {each.name: np.full(len(rounds), np.nan) for each in (*EVALUATED, *COSTS)}
        ends = {STOPPED.name: np.array(-1), ENDED.name: np.array(over)}
        first = 0
        for at, last in enumerate(rounds):
            if 0 <= over <= last:
                return values | ends
            if 0 <= stopped <= last:
                return values | ends | {STOPPED.name: np.array(stopped)}
            if last > done or np.isnan(record.values["evaluated"][last - 1]):
                return None
            costs = np.stack([of(record, each)[first:last] for each in COSTS], axis=1)
            for each, cost in zip(COSTS, over_rounds(COSTS, costs), strict=True):
                values[each.name][at] = cost
            for each in EVALUATED:
                values[each.name][at] = of(record, each)[last - 1]
            first = last
        return values | ends


def _plain_sgd(algorithm: Any) -> Optimizer:
    averages = algorithm is not None and algorithm.source.traits.get("moves")
    return Optimizer(name="sgd", learning_rate=1.0 if averages else 0.1)
