"""Peak-to-average power of OFDM waveforms: max_t |x(t)|^2 / mean_t |x(t)|^2 in dB.

Between samples at the rate of the grid a waveform is higher than on them; four times as many find its peak to a tenth
of a dB. Symbols that are nearly Gaussian make a Gaussian waveform whatever they stand for; Ochiai and Imai, "On the
distribution of the peak-to-average power ratio in OFDM signals", IEEE Trans. Commun. 49(2), 2001. Where peaks cost
something, the impairment ``amplifier`` cuts them.
"""

import math

import tensorflow as tf

from .arithmetic import squared
from .grid import Grid
from .waveform import Waveform


def papr_db(x: tf.Tensor, grid: Grid, oversampling: int = 4) -> tf.Tensor:
    """The ratio in dB of each waveform, prefixes included, from symbols on a grid [..., T, F]; NaN for silence."""
    power = squared(Waveform(grid, 0.0, 0.0, oversampling=oversampling).modulate(x))  # [..., S]
    return 10.0 / math.log(10.0) * tf.math.log(tf.reduce_max(power, axis=-1) / tf.reduce_mean(power, axis=-1))


__all__ = ["papr_db"]
