"""What a round tells: scalars of its report, of its training loss and of its clock."""

import math
from typing import NamedTuple

import tensorflow as tf

from ...ota import Report
from ...ota.round import Nest
from .clock import Spent, unknown


class Metrics(NamedTuple):
    """Scalars of one round."""

    train_loss: tf.Tensor  # mean over those that took part
    nmse: tf.Tensor
    nmse_sent: tf.Tensor
    energy: tf.Tensor  # mean over devices, per granted resource element
    energy_max: tf.Tensor
    decoded: tf.Tensor
    bits: tf.Tensor
    resource_elements: tf.Tensor
    pilot_elements: tf.Tensor
    downlink_elements: tf.Tensor
    airtime: tf.Tensor  # of both ways
    free_bits: tf.Tensor
    silent: tf.Tensor
    unheard: tf.Tensor
    papr_db: tf.Tensor
    finite: tf.Tensor  # bool
    seconds: tf.Tensor  # of the round, these four float64; NaN without hardware
    elapsed: tf.Tensor  # since the start
    compute_joules: tf.Tensor  # of all devices
    radio_joules: tf.Tensor
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
