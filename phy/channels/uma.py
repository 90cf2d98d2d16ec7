"""Urban macrocell (UMa) of 3GPP TR 38.901: receivers on roofs, 500 m from site to site."""

from typing import ClassVar, Literal

from sionna.phy.channel.tr38901 import SystemLevelScenario, UMaScenario

from ..strict import dataclass
from ._system import Sector


@dataclass(frozen=True)
class Uma(Sector):
    """An urban macrocell of 3GPP TR 38.901: receivers on roofs.

    Positions, indoor or not, lines of sight, path loss, shadowing and clusters of rays come from the key of the place
    and last over all rounds; phases of rays are the round's. The gain of a device is that of path loss and shadowing
    relative to ``reference_db``, the loss at which the scenario's SNR is defined; near stays near. ``compensated`` sets
    every device's mean gain to 1 instead. Paths later than ``longest`` are left out, never wrapped: at the default that
    is 0.05 % of a device's power on average, and more than 0.8 % for one in a hundred (measured over 15,000 devices).

    >>> from overair.phy import Size, Span, Uma, keys
    >>> paths = Uma().draw(Size(1, 2, 5), Span(0.0, 14, 83e-6), keys.key(0, "fading"), keys.key(0, "place"))
    >>> paths.a.shape[:3], paths.power.shape[:2]  # batch, antennas, devices; every device has a mean gain of its own
    (TensorShape([1, 2, 5]), TensorShape([1, 5]))
    """

    o2i_loss: Literal["low", "high"] = "low"
    """Loss into buildings (O2I)."""
    model: ClassVar[type[SystemLevelScenario]] = UMaScenario
