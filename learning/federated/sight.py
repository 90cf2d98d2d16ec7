"""What a server sees before it chooses: links, updates, times, and what of updates would arrive."""

import math
from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from ...ota import Compressor, Report, Round, Terms
from ...ota.compressors import Known
from ...ota.quality import rates
from ...phy import Link, keys
from ...phy.keys import Key
from .devices import Seen
from .hardware import Work
from .schedulers import Plan, Scheduler, Sight

REPORT_BITS = 32.0  # what a device tells of its update where the schedule depends on it


class Eyes(NamedTuple):
    """Of the server of a federation."""

    terms: Terms
    shares: tf.Tensor  # of the data, [K]
    compressor: Compressor | None  # of the uplink, if it has one
    besides: float  # seconds of a round

    def open(self, key: Key, link: Link | None, seen: Seen, work: Work | None) -> Sight:
        """In a round of this key."""
        terms, grid = self.terms, self.terms.air.grid
        round = Round(terms, key, self.shares, link)

        def ready() -> tf.Tensor:
            assert work is not None
            return tf.cast(work.seconds, tf.float64)

        def delivered(works: tf.Tensor, share: float) -> tf.Tensor:
            assert self.compressor is not None
            return seen.norms(works, arriving(self.compressor, terms, key, room(terms, rates(round), share)))

        airtime = (terms.payload or 0.0) * grid.symbol_seconds / grid.subcarriers
        return Sight(self.shares, lambda: rates(round), seen.norms, ready, airtime, self.besides, delivered)


def room(terms: Terms, rates: tf.Tensor, share: float) -> tf.Tensor:
    """Bits that each may send [K] on a share of the grant, with all of its power there."""
    if terms.payload is not None:
        return tf.where(rates > 0, terms.payload, 0.0)
    snr = tf.pow(2.0, rates) - 1.0
    return terms.elements * share * tf.math.log1p(snr / share) / math.log(2.0)


def arriving(compressor: Compressor, terms: Terms, key: Key, room: tf.Tensor) -> Callable[..., tf.Tensor]:
    """From devices [C] and their updates [C, d] to the norms of what is decoded of them, alone, [C]."""
    key, known = keys.fold(key, "compressor"), Known(terms.layers)

    def one(item: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        device, update = item
        return tf.norm(compressor.compress(update, room[device], keys.fold(key, device), known.filled(terms.size))[0])

    def norms(devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
        return tf.map_fn(one, (devices, updates), fn_output_signature=tf.float32, parallel_iterations=1)

    return norms


def told_of(scheduler: Scheduler, plan: Plan, report: Report) -> Report:
    """A report with what devices tell of their updates before it is known who sends."""
    if not scheduler.sees_updates:
        return report
    told = REPORT_BITS * tf.reduce_sum(tf.cast(plan.works, tf.float32))
    return report._replace(bits=report.bits + told, free_bits=report.free_bits + told)
