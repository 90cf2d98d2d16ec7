"""The clock of a round: seconds until its end, and joules of the devices.

    T_round = max_k T_C,k + T_T + T_D           the slowest of those that compute, the uplink, the broadcast back
    T_round = max_k (T_C,k + T_T,k) + T_D       packets of fixed bits, each sent by itself as soon as it is computed
    E_C     = sum_k E_C,k                       of all that compute, by their hardware
    E_T     = sum_k P_tx e_k t + P_c t_k

e_k is a device's measured energy for each element of the time t on the air, in units of its budget P, so 1 is full
power on all subcarriers; prefixes take as much. Its circuits run for its own time t_k: the data of those that send, of
groups over the air that of one, and the sounding of all that sound. What a grant leaves of its last slot is waited for
and sent by nobody. Devices that look at updates before it is known who sends wait for all that compute. The server pays
nothing and devices do not pay for listening. Links are those of nominal times, the number of the round times the
airtime of its grant, whatever the clock shows: schemes compared see the same fading.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ...ota import Report, Terms, Uplink, margins
from ...phy import keys
from ...phy.numbered import Numbered
from ..costs import radiated
from .algorithms import Algorithm
from .effort import Effort
from .hardware import Hardware, Work
from .radio import Radio
from .schedulers import InTime, Plan, Scheduler

DRAWS = 32  # rounds of which one device at least must be in time in one


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
    """Of devices that process so many samples a round, [K], each as often as it is passed."""

    hardware: Hardware
    radio: Radio
    samples: tf.Tensor
    passes: tuple[float, ...] = (1.0,)  # gradients of each in a round, of rounds that take turns

    def work(
        self,
        seed: tf.Tensor,
        round: tf.Tensor,
        samples: tf.Tensor | None = None,
        numbers: tf.Tensor | None = None,
    ) -> Work:
        """What computing takes each device if it does, [K]; of a part of its samples, where devices manage no more.

        ``numbers`` [K] say who the devices of a cohort are among all: how fast each is follows from its own.
        """
        key, place = keys.key(seed, "hardware", round), keys.key(seed, "hardware")
        place = place if numbers is None else Numbered(place, numbers)
        passes = tf.gather(self.passes, tf.cast(round, tf.int32) % len(self.passes))
        samples = passes * (self.samples if samples is None else samples)
        return self.hardware.draw(key, samples, place)

    def spent(self, work: Work, plan: Plan, report: Report, terms: Terms, broadcast: float, together: bool) -> Spent:
        """``terms`` are those of a sum, ``broadcast`` is in seconds; ``together``: all compute before anybody sends."""
        seconds, joules = (tf.where(plan.works, tf.cast(each, tf.float64), 0.0) for each in work)  # [K]
        ready = tf.fill(tf.shape(seconds), tf.reduce_max(seconds)) if together else seconds
        if not tf.is_tensor(report.sending):
            ended = tf.reduce_max(ready) + tf.cast(report.airtime, tf.float64)
        else:
            ended = _sounding(terms) + last(ready, tf.cast(report.sending, tf.float64), plan)
        lasts = ended + broadcast
        if plan.wait is not None:
            lasts = tf.where(tf.reduce_any(plan.weights > 0), lasts, tf.maximum(lasts, plan.wait))
        lasts = lasts if plan.lasts is None else plan.lasts
        return Spent(lasts, tf.reduce_sum(joules), self._radio(plan, report, terms))

    def _radio(self, plan: Plan, report: Report, terms: Terms) -> tf.Tensor:
        """Joules of all that sent or sounded, NaN where their power is not known."""
        if self.radio.power_dbm is None:
            return unknown()
        data = terms.elements * _element(terms)
        airtime, energy = data * terms.groups + _sounding(terms), tf.cast(report.energy, tf.float64)
        sends = (plan.weights > 0) & (report.energy > terms.energy(tf.zeros_like(report.energy)))
        own = data * tf.cast(sends, tf.float64)  # [K]
        if tf.is_tensor(report.sending):
            airtime, own = tf.cast(report.airtime, tf.float64), tf.cast(report.sending, tf.float64)
        own += _sounding(terms) * tf.cast(energy > 0, tf.float64)
        return tf.reduce_sum(radiated(self.radio.power_dbm, airtime, energy) + self.radio.circuit_watts * own)


def last(ready: tf.Tensor, sending: tf.Tensor, plan: Plan) -> tf.Tensor:
    """When the last is ready or has sent, from when each is and how long it sends, [K]: at once, or in turn."""
    ready, sending = tf.where(plan.works, ready, 0.0), tf.where(plan.weights > 0, sending, 0.0)
    if plan.turn is None:
        return tf.reduce_max(ready + sending)
    order = tf.argsort(tf.where(plan.works, plan.turn, tf.size(ready)), stable=True)
    return tf.reduce_max(tf.gather(ready, order) + tf.cumsum(tf.gather(sending, order), reverse=True))


def clock_of(
    hardware: Hardware | None,
    radio: Radio,
    algorithm: Algorithm,
    sizes: Sequence[int],
    batch_size: int | None,
    effort: Effort,
) -> Clock | None:
    """Of devices that train on so many samples, and manage as little of them as they may."""
    if hardware is None:
        return None
    drawn = effort.fewest(algorithm.batches(keys.key(0), tf.constant(sizes, tf.int32), max(sizes), batch_size))
    return Clock(hardware, radio, drawn.samples, algorithm.passes)


def check(scheduler: Scheduler, clock: Clock | None, uplink: Uplink, terms: Terms, broadcast: float) -> None:
    """Refuses a scheduler that looks at what there is not, or that nobody is fast enough for."""
    if scheduler.delivers and not hasattr(uplink, "compressor"):
        raise ValueError(
            "scheduler: expected a digital uplink with deliverable_update, whose compressor says what would arrive, "
            f"received {type(uplink).__name__.lower()}"
        )
    if not isinstance(scheduler, InTime):
        return
    if clock is None:
        raise ValueError(
            "scheduler: expected hardware with a scheduler that looks at times, received none; set hardware = "
            '{kind = "fixed"}, say'
        )
    if terms.payload is not None:
        _reckoned(scheduler, uplink, terms)
    longest = tf.constant(int(np.argmax(clock.passes)))
    works = [clock.work(tf.constant(seed), longest).seconds for seed in range(DRAWS)]
    scheduler.check_times(float(tf.reduce_min(works)), besides(uplink, terms, broadcast), terms.payload is not None)


def _reckoned(scheduler: InTime, uplink: Uplink, terms: Terms) -> None:
    """Refuses packets that take another time than capacity says, as which a scheduler reckons with."""
    rate, margin = getattr(uplink, "rate", None), getattr(uplink, "margin_db", 0.0)
    if (
        rate is None
        or margins.is_long(rate)
        and (margin == 0 or margin == "adaptive" and margins.stay(rate, terms.air))
    ):
        return
    raise ValueError(
        "uplink: expected rate = capacity without target_bler and margin_db = 0 with "
        f"{type(scheduler).__name__.lower()} and grant.bits, as it reckons how long a packet takes by what the link "
        f"carries, received {type(rate).__name__.lower()} and margin_db = {margin}; set these, or grant.elements "
        "(adaptive does with perfect CSI on both sides)"
    )


def besides(uplink: Uplink, terms: Terms, broadcast: float) -> float:
    """Seconds that a round takes beside computing and packets of fixed bits."""
    if terms.payload is not None:
        return broadcast + _sounding(terms)
    return broadcast + (terms.airtime if uplink.uses_air else 0.0)


def _element(terms: Terms) -> float:
    """Seconds of a resource element, of which as many as subcarriers pass at once."""
    return terms.air.grid.symbol_seconds / terms.air.grid.subcarriers


def _sounding(terms: Terms) -> float:
    return terms.air.pilots * _element(terms)
