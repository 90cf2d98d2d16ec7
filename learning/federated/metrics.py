"""What a round tells: scalars of its report, of its training loss and of its clock."""

import math
from typing import NamedTuple

import tensorflow as tf

from ...ota import Report
from ...ota.round import Nest
from ...phy.documented import documented
from .clock import Spent, unknown


@documented
class Metrics(NamedTuple):
    """Scalars of one round, float32 [] where no other type is told; NaN where something is not measured.

    NMSE is |s_hat - s|^2 / |s|^2 for the weighted sum s of updates [d] and its estimate s_hat.

    >>> from overair.learning import Metrics
    >>> Metrics._fields[:3]
    ('train_loss', 'nmse', 'nmse_sent')
    """

    train_loss: tf.Tensor  # mean over those that took part
    nmse: tf.Tensor  # of the estimate of the weighted sum of updates
    nmse_sent: tf.Tensor  # the same against what was sent, after feedback and selection
    energy: tf.Tensor  # mean over devices, per granted resource element, in units of P
    energy_max: tf.Tensor  # the largest of a device
    decoded: tf.Tensor  # how many devices
    bits: tf.Tensor  # payload, side information and channel feedback of all devices
    resource_elements: tf.Tensor  # that carried data
    pilot_elements: tf.Tensor  # that were granted to pilots
    downlink_elements: tf.Tensor  # of the broadcast back
    airtime: tf.Tensor  # of both ways, in seconds
    free_bits: tf.Tensor  # of the bits, those that take no elements
    silent: tf.Tensor  # share of those that take part that send nothing
    unheard: tf.Tensor  # share of them that is not decoded, the silent ones included
    papr_db: tf.Tensor  # mean over devices that send, where it is asked for
    finite: tf.Tensor  # bool, whether all numbers of the round are
    seconds: tf.Tensor  # of the round, these four float64; NaN without hardware
    elapsed: tf.Tensor  # since the start
    compute_joules: tf.Tensor  # of all devices
    radio_joules: tf.Tensor  # of all devices
    epsilon: tf.Tensor  # of all rounds so far, under a protection; NaN without


def metrics(
    loss: tf.Tensor, report: Report, finite: tf.Tensor, broadcast: tuple[int, float], spent: Spent, clock: Nest
) -> Metrics:
    """Of a round with a broadcast back of so many resource elements and seconds."""
    elements, seconds = broadcast
    return Metrics(
        train_loss=loss,
        nmse=report.nmse,
        nmse_sent=report.nmse_sent,
        energy=tf.reduce_mean(report.energy),
        energy_max=tf.reduce_max(report.energy),
        decoded=tf.reduce_sum(tf.cast(report.decoded, tf.float32)),
        bits=report.bits,
        resource_elements=report.payload,
        pilot_elements=report.pilots,
        downlink_elements=tf.constant(elements, tf.float32),
        airtime=report.airtime + seconds,
        free_bits=report.free_bits,
        silent=report.silent,
        unheard=report.unheard,
        papr_db=report.papr_db,
        finite=finite,
        elapsed=clock if tf.is_tensor(clock) else unknown(),
        **spent._asdict(),
        epsilon=tf.constant(math.nan),
    )
