"""The air of a scenario's link and grid, and the elements of its grant."""

import math
from typing import TYPE_CHECKING, Any

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..reading.tables import Grant, PayloadGrant

if TYPE_CHECKING:
    from ...phy import Air

MOST_ELEMENTS = 10**8


def air_of(scenario: Any, devices: int) -> "Air":
    """For so many devices."""
    from ...phy import Air, Grid

    with named():
        parts = catalogue.parts(scenario.link, "link")
        for told in ("snr_db", "peak_snr_db"):  # to every round
            parts.pop(told, None)
        return Air(Grid(**catalogue.parts(scenario.grid, "grid")), devices=devices, **parts)


def granted(grant: PayloadGrant, size: int, air: "Air") -> int:
    """Elements of a grant; where packets have fixed bits those on which rates are measured, a slot unless given."""
    if grant.bits is None or grant.elements:
        return elements_of(grant, size)
    return max(air.grid.elements, air.devices)


def elements_of(grant: Grant, size: int) -> int:
    """Resource elements for a vector of so many entries, two of which ride on one."""
    elements = grant.elements or math.ceil(size / (grant.compression or 1.0) / 2)
    if elements > MOST_ELEMENTS:
        expected = f"at least {size / 2 / MOST_ELEMENTS:.2g}, for at most {MOST_ELEMENTS} elements"
        raise ScenarioError(fault("grant.compression", expected, grant.compression))
    return elements
