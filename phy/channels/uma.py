"""Urban macrocell (UMa) of 3GPP TR 38.901: receivers on roofs, 500 m from site to site."""

from typing import ClassVar, Literal

from sionna.phy.channel.tr38901 import SystemLevelScenario, UMaScenario

from ..strict import dataclass
from ._system import Sector


@dataclass(frozen=True)
class Uma(Sector):
    """Receivers on roofs.

    See ``_system.py`` for what lasts and what fades. The gain of a device is that of path loss and shadowing relative
    to ``reference_db``, the loss at which the scenario's SNR is defined; near stays near. ``compensated`` sets every
    device's mean gain to 1 instead. Paths later than ``longest`` are left out, never wrapped: at the default that is
    0.05 % of a device's power on average, and more than 0.8 % for one in a hundred (measured over 15,000 devices).
    """

    o2i_loss: Literal["low", "high"] = "low"
    """Loss into buildings (O2I)."""
    model: ClassVar[type[SystemLevelScenario]] = UMaScenario
