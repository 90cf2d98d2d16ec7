"""The clock of a round: seconds until its end, and joules of the devices.

    T_round = max_k T_C,k + T_T + T_D           the slowest of those that compute, the uplink, the broadcast back
    T_round = max_k (T_C,k + T_T,k) + T_D       packets of fixed bits, each sent by itself as soon as it is computed
    E_C     = sum_k E_C,k                       of all that compute, by their hardware
    E_T     = sum_k (P_tx e_k + P_c [e_k > 0]) t_k

e_k is a device's measured energy for each element of its time t_k on the air, in units of its budget P, so 1 is full
power on all subcarriers; prefixes take as much. What a grant leaves of its last slot is waited for and sent by nobody.
Devices that look at updates before it is known who sends wait for all that compute. The server pays nothing and
devices do not pay for listening. Links are those of nominal times, the number of the round times the airtime of its
grant, whatever the clock shows: schemes compared see the same fading.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import tensorflow as tf

from ...ota import Report, Terms
from ...phy import keys
from ..costs import radiated
from .hardware import Hardware, Work
from .radio import Radio
from .schedulers import Plan


class Spent(NamedTuple):
    """In a round, by all devices together; float64."""

    seconds: tf.Tensor
    compute_joules: tf.Tensor
    radio_joules: tf.Tensor


def unknown() -> tf.Tensor:
    """Of a federation without hardware."""
    return tf.constant(math.nan, tf.float64)


@dataclass(frozen=True)
class Clock:
    """Of devices that process so many samples a round, [K]."""

    hardware: Hardware
    radio: Radio
    samples: tf.Tensor

    def work(self, seed: tf.Tensor, round: tf.Tensor) -> Work:
        """What computing takes each device if it does, [K]; whoever looks at it does not change it."""
        key = keys.key(seed, "hardware", round)
        return self.hardware.draw(key, self.samples, keys.key(seed, "hardware"))

    def spent(self, work: Work, plan: Plan, report: Report, terms: Terms, broadcast: float, together: bool) -> Spent:
        """``broadcast``: seconds of the way back; ``together``: whether nobody sends before all have computed."""
        seconds, joules = (tf.where(plan.works, tf.cast(each, tf.float64), 0.0) for each in work)  # [K]
        ready = tf.reduce_max(seconds)
        ended = ready + tf.cast(report.airtime, tf.float64)
        return Spent(ended + broadcast, tf.reduce_sum(joules), self._radio(report, terms))

    def _radio(self, report: Report, terms: Terms) -> tf.Tensor:
        """Joules of all that sent, NaN where their power is not known."""
        if self.radio.power_dbm is None:
            return unknown()
        grid = terms.air.grid
        airtime = (terms.elements + terms.air.pilots) / grid.subcarriers * grid.symbol_seconds
        energy = tf.cast(report.energy, tf.float64)
        drawn = self.radio.circuit_watts * airtime * tf.cast(energy > 0, tf.float64)
        return tf.reduce_sum(radiated(self.radio.power_dbm, airtime, energy) + drawn)
