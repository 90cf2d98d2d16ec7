"""What to simulate: a scenario, checked before anything heavy is imported.

Five lines make one: ``data``, ``model``, ``devices``, ``rounds`` and ``uplink``. A scheme is its kind, "rayleigh",
or a table with the kind and fields, {kind = "tdl", model = "B"}.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import Field, ValidationError, ValidationInfo, field_validator

from . import faults
from .catalogue import Of, Scheme, Table, table_of_class
from .errors import ScenarioError, shown

OptimizerName = Literal[
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "ftrl", "lamb", "lion", "muon", "nadam", "rmsprop",
    "sgd",
]  # fmt: skip
Positive = Annotated[int, Gt(0), Lt(2**31)]
Seed = Annotated[int, Ge(0), Lt(2**63)]


def _default(value: str | dict[str, Any], description: str) -> Any:
    """A field with a default as a file would give it."""
    return Field(default=value, description=description)


class Optimizer(Table):
    """A Keras optimiser: what the server does with the estimate it receives."""

    name: OptimizerName = Field(description="a Keras optimiser, in small letters")
    learning_rate: Annotated[float, Gt(0)] = Field(description="the size of its steps")
    options: dict[str, float | bool] = Field(default={}, description="its further arguments, such as momentum")


class Snr(Table):
    """What a link has besides an air."""

    snr_db: Annotated[float, Ge(-300), Le(300)] = Field(
        default=10.0, description="SNR, in dB; P/N0 at unit mean channel gain"
    )


def link(channel: str) -> Any:
    """The table of an air on a grid, over a channel unless the scenario has another."""
    return table_of_class("phy/air.py", "Air", without=("grid", "devices"), defaults={"channel": channel})


OverTdl: Any = link("tdl")
GridFields: Any = table_of_class("phy/grid.py", "Grid")


class LinkTable(OverTdl, Snr):
    """One link for every uplink compared."""


class GridTable(GridFields):
    """The OFDM numerology."""


class Grant(Table):
    """The resource elements of a round, the same for every uplink compared."""

    elements: Positive | None = Field(
        default=None, description="resource elements a round; from compression unless given"
    )
    compression: Annotated[float, Gt(0)] | None = Field(
        default_factory=lambda data: None if data.get("elements") else 1.0,
        description="or room for d/compression real numbers, two an element; 1 unless given",
    )

    @field_validator("compression")
    @classmethod
    def _one_of_two(cls, compression: float | None, info: ValidationInfo) -> float | None:
        elements = info.data.get("elements")
        if compression is None or elements is None:
            return compression
        raise ValueError(
            f"expected elements or compression, received both, {elements} and {compression:g}; "
            f"set the whole table, grant={{elements={elements}}}, to replace one by the other"
        )


class Scenario(Table):
    """Everything that decides a result."""

    title: str = Field(default="", description="for tables and figures")
    data: Annotated[Scheme, Of("data")] = Field(description="what is learnt from")
    model: Annotated[Scheme, Of("models")] = Field(description="what is trained")
    devices: Positive = Field(description="how many hold data and send updates")
    rounds: Positive = Field(description="how many updates the server makes")
    uplink: Annotated[Scheme, Of("uplinks")] = Field(description="how updates reach the server")
    partition: Annotated[Scheme, Of("partitions")] = _default("iid", "which device holds what")
    algorithm: Annotated[Scheme, Of("algorithms")] = _default("sgd", "what devices do in a round")
    optimizer: Optimizer = Field(
        default_factory=lambda data: _plain_sgd(data.get("algorithm")),
        description="of the server; unless given sgd at 0.1, or at 1 to average the models of fedavg",
    )
    participation: Annotated[float, Gt(0), Le(1)] = Field(default=1.0, description="chance to take part in a round")
    batch_size: Positive | None = Field(
        default=None, description="samples of a gradient; all a device has unless given"
    )
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0, 1, 2], description="independent repetitions")
    evaluate_every: Positive = Field(
        default_factory=lambda data: max(1, data.get("rounds", 1) // 10),
        description="rounds between evaluations; a tenth of all unless given",
    )
    link: LinkTable = _default({}, description="from the devices to the server")
    downlink: Annotated[Scheme, Of("downlinks")] = _default("ideal", "from the server to the devices")
    grid: GridTable = _default({}, description="OFDM numerology")
    grant: Grant = _default({}, description="resource elements of a round")
    executor: Literal["auto", "loop", "vectorized"] = Field(default="auto", description="how devices are computed")
    chunk: Positive | None = Field(default=None, description="devices computed at once; as memory allows unless given")

    @field_validator("seeds")
    @classmethod
    def _all_different(cls, seeds: list[int]) -> list[int]:
        if len(set(seeds)) < len(seeds):
            raise ValueError(f"expected different seeds, received {shown(seeds)}")
        return seeds


def _plain_sgd(algorithm: Any) -> Optimizer:
    averages = getattr(algorithm, "kind", None) == "fedavg"
    return Optimizer(name="sgd", learning_rate=1.0 if averages else 0.1)


def check(raw: Mapping[str, Any], table: type[Table] = Scenario) -> Any:
    """The scenario of a raw table without axes; ScenarioError with a line for every fault."""
    try:
        return table.model_validate(dict(raw))
    except ValidationError as error:
        raise ScenarioError(*faults.lines(error, raw, table)) from None
