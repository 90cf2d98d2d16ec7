"""Rural macrocell (RMa) of 3GPP TR 38.901: receivers on masts, 5 km from site to site."""

from typing import Annotated, ClassVar

from annotated_types import Ge, Gt, Le
from sionna.phy.channel.tr38901 import RMaScenario, SystemLevelScenario

from ..strict import dataclass
from ._system import Sector


@dataclass(frozen=True)
class Rma(Sector):
    """A rural macrocell of 3GPP TR 38.901: receivers on masts.

    Positions, lines of sight, path loss, shadowing and clusters of rays come from the key of the place and last over
    all rounds; phases of rays are the round's. The gain of a device is that of path loss and shadowing relative to
    ``reference_db``, the loss at which the scenario's SNR is defined; near stays near. ``compensated`` sets every
    device's mean gain to 1 instead. Paths later than ``longest`` are left out, never wrapped: at the default that is
    0.013 % of a device's power on average, and more than 0.01 % for one in a hundred (measured over 15,000 devices).

    >>> from overair.phy import Rma, Size, Span, keys
    >>> paths = Rma(los="always").draw(Size(1, 2, 5), Span(0.0, 14, 83e-6), keys.key(0, "fading"), keys.key(0, "place"))
    >>> paths.a.shape[:3], paths.power.shape[:2]  # batch, antennas, devices; every device has a mean gain of its own
    (TensorShape([1, 2, 5]), TensorShape([1, 5]))
    """

    indoor_fraction: Annotated[float, Ge(0), Le(1)] = 0.5
    height: Annotated[float, Ge(10), Le(1e4)] = 35.0
    inter_site_distance: Annotated[float, Gt(0), Le(1e6)] = 5000.0
    longest: Annotated[float, Gt(0), Le(1)] = 3e-6
    model: ClassVar[type[SystemLevelScenario]] = RMaScenario
