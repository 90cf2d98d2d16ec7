"""The radio of a device: what it draws while it sends."""

from typing import Annotated

from annotated_types import Ge, Le

from ...phy.strict import dataclass


@dataclass(frozen=True)
class Radio:
    """What sending takes a device.

    A transmitter draws more than it radiates: some 1.3 W of an LTE phone, of which 0.2 W (23 dBm) leave the antenna.
    With ``power_dbm`` and hardware a round's ``radio_joules`` are known: sum_k P_tx e_k t + P_c t_k, with e_k the
    energy of device k for each element of the time t on the air in units of its budget P, and P_c = ``circuit_watts``
    while it sends, for t_k.

    >>> from overair.learning import Radio
    >>> Radio(power_dbm=23.0, circuit_watts=1.1).circuit_watts
    1.1
    """

    power_dbm: Annotated[float, Ge(-300), Le(300)] | None = None
    """Radiated power of a device at P, in dBm; joules of the radio are unknown unless given."""
    circuit_watts: Annotated[float, Ge(0), Le(1e6)] = 0.0
    """Power that a radio draws on the air beside what it radiates, in watts."""
