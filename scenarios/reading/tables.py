"""Tables that several studies have: link, grid, grant, optimiser, and types of fields.

A scheme is its kind, "rayleigh", or a table with the kind and fields, {kind = "tdl", model = "B"}.
"""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import Field, ValidationInfo, field_validator

from ...bounds import DECIBELS
from .catalogue import Table, table_of_class
from .errors import shown

OptimizerName = Literal[
    "adadelta", "adafactor", "adagrad", "adam", "adamax", "adamw", "fedadagrad", "fedadam", "fedyogi", "ftrl", "lamb",
    "lion", "muon", "nadam", "rmsprop", "sgd",
]  # fmt: skip
Positive = Annotated[int, Gt(0), Lt(2**31)]
Million = Annotated[int, Gt(0), Le(10**6)]
Elements = Annotated[int, Gt(0), Le(10**8)]
Seed = Annotated[int, Ge(0), Lt(2**63)]
SnrDb = Annotated[float, Ge(-DECIBELS), Le(DECIBELS)]


def default(value: Any, description: str, exclude_if: Callable[[Any], bool] | None = None) -> Any:
    """A field with a default as a file would give it."""
    return Field(default=value, description=description, exclude_if=exclude_if)


def all_different(values: list[Any]) -> list[Any]:
    """Refuses a value that is there twice."""
    if len(set(values)) < len(values):
        raise ValueError(f"expected different values, received {shown(values)}")
    return values


class Optimizer(Table):
    """An optimiser: what the server does with the estimate it receives."""

    name: OptimizerName = Field(description="a Keras optimiser, or fedadam, fedyogi, fedadagrad as published")
    learning_rate: Annotated[float, Gt(0)] = Field(description="the size of its steps")
    options: dict[str, float | bool] = Field(default={}, description="its further arguments, such as momentum")


class Snr(Table):
    """What a link has besides an air."""

    snr_db: SnrDb = Field(default=10.0, description="SNR, in dB; P/N0 at unit mean channel gain")


class Snrs(Table):
    """What a link has besides an air where one pass serves all SNRs."""

    snr_db: Annotated[list[SnrDb], MinLen(1)] = Field(
        default=[0.0, 5.0, 10.0, 15.0, 20.0], description="SNRs, in dB; P/N0, one or several"
    )

    _different = field_validator("snr_db")(all_different)

    @field_validator("snr_db", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


def link(channel: str) -> Any:
    """The table of an air on a grid, over a channel unless the scenario has another."""
    return table_of_class("phy/air.py", "Air", without=("grid", "devices"), defaults={"channel": channel})


OverTdl: Any = link("tdl")
OverAwgn: Any = link("awgn")
GridFields: Any = table_of_class("phy/grid.py", "Grid")


class LinkTable(OverTdl, Snr):
    """One link for every uplink compared."""

    peak_snr_db: SnrDb | None = Field(
        default=None,
        description="peak SNR, in dB; saturation power of the amplifier over N0, and snr_db is that less its back-off",
    )

    @field_validator("peak_snr_db")
    @classmethod
    def _one_amplifier(cls, peak: float | None, info: ValidationInfo) -> float | None:
        amplifiers = [each for each in info.data.get("impairments", ()) if each.kind == "amplifier"]
        if peak is not None and "impairments" in info.data and len(amplifiers) != 1:
            raise ValueError(
                f"expected one amplifier among impairments, whose peak power it is, received {len(amplifiers)}"
            )
        return peak

    @property
    def mean_snr_db(self) -> float:
        """P/N0 in dB: as given, or what the amplifier's back-off leaves of its peak power."""
        if self.peak_snr_db is None:
            return float(self.snr_db)
        return self.peak_snr_db - next(each.backoff_db for each in self.impairments if each.kind == "amplifier")


class DeviceLink(OverAwgn, Snrs):
    """The link from one device to the receiver."""

    @field_validator("power_offsets_db")
    @classmethod
    def _one_device(cls, values: list[float]) -> list[float]:
        if values:
            raise ValueError(f"expected none, as each device has P, received {shown(values)}; change snr_db")
        return values


class GridTable(GridFields):
    """The OFDM numerology."""


EffortFields: Any = table_of_class("learning/federated/effort.py", "Effort")


class EffortTable(EffortFields):
    """Partial work and dropout."""


RadioFields: Any = table_of_class("learning/federated/radio.py", "Radio")


class RadioTable(RadioFields):
    """The radio of a device."""


class Grant(Table):
    """The resource elements of a round, the same for every uplink compared."""

    elements: Elements | None = Field(
        default=None, description="resource elements a round; from compression unless given"
    )
    compression: Annotated[float, Ge(1e-3), Le(1e9)] | None = Field(
        default_factory=lambda data: None if data.get("elements") else 1.0,
        description="parameters for each real number granted, d/m; two numbers an element, 1 unless given",
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


class PayloadGrant(Grant):
    """The resource elements of a round, or the bits of its packets."""

    bits: Annotated[float, Ge(1), Le(1e12)] | None = Field(
        default=None,
        description="bits of each packet of digital uplinks instead, whose airtime is then an outcome",
        exclude_if=lambda bits: bits is None,
    )

    @field_validator("bits")
    @classmethod
    def _bits_alone(cls, bits: float | None, info: ValidationInfo) -> float | None:
        if bits is not None and info.data.get("elements") is None and info.data.get("compression") not in (None, 1.0):
            raise ValueError(f"expected bits or compression, received both, {bits:g} and {info.data['compression']:g}")
        return bits
