"""What the receiver believes of devices' links over the whole grant, before it is known who sends: a number each."""

import math
from collections.abc import Callable

import tensorflow as tf

from ..phy import detect
from .round import Round


def over_grant(round: Round, field: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Means over the granted elements of a field [C, T, F] of devices [C], [K]; one device at a time if it moves."""
    link, elements = round.air_link, round.terms.elements

    def of(devices: tf.Tensor, elements: int) -> tf.Tensor:
        return tf.reduce_mean(round.on_grant(field(devices), elements), axis=1)

    if link.receiver.best.steps == 1:  # one symbol shows what the others repeat
        return of(tf.range(link.devices), min(elements, round.terms.air.grid.subcarriers))
    return tf.map_fn(
        lambda device: of(device[None], elements)[0], tf.range(link.devices), fn_output_signature=tf.float32,
        parallel_iterations=1,
    )  # fmt: skip


def rates(round: Round) -> tf.Tensor:
    """Mean log2(1 + SNR) of each device at its budget behind a combiner of its own, [K].

    As the receiver believes: what its belief is known to lack counts as noise, and the truth is not looked at.
    """
    link, budgets = round.air_link, round.terms.budgets

    def field(devices: tf.Tensor) -> tf.Tensor:
        snr = (tf.gather(budgets, devices) / link.noise)[None, :, None, None]
        known = detect(link, snr, devices).known[0]  # [C, T, F]
        return tf.math.log1p(known) / math.log(2.0)

    return over_grant(round, field)
