"""PAPR of what devices send in a round, of all its OFDM symbols together; measured where the terms ask for it.

What a digital device sends is measured on QPSK symbols on its own elements, with its own energies. Waveforms of many
subcarriers are nearly Gaussian whatever their symbols are (`phy/papr.py`).
"""

import math

import tensorflow as tf

from ...phy import papr_db
from ..round import Round
from ._disturbance import Owned, symbols


def none(round: Round) -> tf.Tensor:
    """Nothing sent yet, [K]; [0] where it is not asked for."""
    return tf.zeros([round.terms.air.devices if round.terms.papr else 0])


def measured(so_far: tf.Tensor, round: Round, devices: tf.Tensor, x: tf.Tensor) -> tf.Tensor:
    """With that of devices [C] that send x [C, T, F], in dB; NaN of silence."""
    if not round.terms.papr:
        return so_far
    each = tf.map_fn(lambda one: papr_db(one, round.terms.air.grid), x, fn_output_signature=tf.float32)  # [C]
    return tf.tensor_scatter_nd_update(so_far, devices[:, None], each)


def of_test(round: Round, owned: Owned) -> tf.Tensor:
    """Of everybody's test symbols, in dB, [K] or [0]; ``owned`` as in `_disturbance.py`."""
    grid = round.terms.air.grid

    def of(device: tf.Tensor) -> tf.Tensor:
        return papr_db(grid.fill(symbols(round, *owned(round, device[None])))[0], grid)

    if not round.terms.papr:
        return none(round)
    there = tf.where(round.weights > 0)[:, 0]
    each = tf.map_fn(of, there, fn_output_signature=tf.float32, parallel_iterations=1)
    return tf.tensor_scatter_nd_update(tf.fill([round.terms.air.devices], math.nan), there[:, None], each)
