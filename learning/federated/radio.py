"""The radio of a device: what it draws while it sends.

A transmitter draws more than it radiates: some 1.3 W of an LTE phone, of which 0.2 W (23 dBm) leave the antenna.
"""

from typing import Annotated

from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from ...phy.strict import STRICT


@dataclass(frozen=True, config=STRICT)
class Radio:
    """What sending takes a device."""

    power_dbm: Annotated[float, Ge(-300), Le(300)] | None = None
    """Radiated power of a device at P, in dBm; joules of the radio are unknown unless given."""
    circuit_watts: Annotated[float, Ge(0), Le(1e6)] = 0.0
    """Power that a radio draws on the air beside what it radiates, in watts."""
