"""The air of a scenario's link and grid."""

from typing import TYPE_CHECKING, Any

from ..reading import catalogue
from ..reading.complaints import named

if TYPE_CHECKING:
    from ...phy import Air


def air_of(scenario: Any, devices: int) -> "Air":
    """For so many devices."""
    from ...phy import Air, Grid

    with named():
        parts = catalogue.parts(scenario.link, "link")
        del parts["snr_db"]  # which every round is told
        return Air(Grid(**catalogue.parts(scenario.grid, "grid")), devices=devices, **parts)
