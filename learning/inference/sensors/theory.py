"""Sensors in closed form: a number seen in K noisy copies, added over the air or received one by one.

K sensors see x + v_k, x of unit variance and v_k of variance s2 a number. For m numbers there are N = K m/2 elements,
in which each sensor may spend N P: one by one each sends its m numbers in m/2 elements of its own with K times the
power; those who add send everything K times in all N. The mean of all that is received is x with noise of variance e,

    added       s2/K + N0 (1 + s2) / K^3        one by one  s2/K + N0 (1 + s2) / K^2

a number, up to terms of 1/m from scaling each sensor's features to its energy. All ways are decoded as well as can be
by who knows that and x's variance: the best linear estimate is the mean times 1 / (1 + e), and errs by e / (1 + e)
(LMMSE). ``quantisers.py`` has the same in bits and ``limits.py`` what capacity allows. Adding K amplitudes makes K^2 of
the received power where K powers received one by one make K; averaging over views does the same to s2 either way.
Nazer, Gastpar, "Computation over multiple-access channels", IEEE Trans. Information Theory, 2007.
"""

import math
from dataclasses import replace

import numpy as np
import tensorflow as tf

from ....phy import Air, Awgn, Grid, keys
from ....phy.keys import Key
from ...over_air import OverAir
from . import quantisers
from .ways import Way


def error(sensors: int, view_noise: float, snr_db: float, way: Way) -> float:
    """Mean squared error a number of the best linear estimate."""
    added = noise(sensors, view_noise, snr_db, way)
    return added / (1 + added)


def noise(sensors: int, view_noise: float, snr_db: float, way: Way) -> float:
    """e: the variance of what is added to x in the mean of all that is received."""
    if way == "digital":
        return quantisers.best(sensors, view_noise, snr_db).noise(view_noise)
    power = 3 if way == "added" else 2
    return view_noise / sensors + 10 ** (-snr_db / 10) * (1 + view_noise) / sensors**power


def simulated(
    sensors: int, view_noise: float, snr_db: float, way: Way, key: Key, numbers: int = 2**14, batch: int = 4
) -> np.ndarray:
    """Squared errors [B, m] through the air."""
    x = keys.normal(keys.fold(key, "x"), [batch, 1, numbers])
    views = x + view_noise**0.5 * keys.normal(keys.fold(key, "views"), [batch, sensors, numbers])
    if way == "digital":
        dither = keys.uniform(keys.fold(key, "dither"), tf.shape(views), -0.5, 0.5)
        return (quantisers.estimates(views.numpy(), snr_db, view_noise, dither.numpy()) - x[:, 0].numpy()) ** 2
    air = Air(Grid(), Awgn(), 1)
    scale = (2 * (1 + view_noise)) ** 0.5  # features arrive with a power of 1/2
    scale /= 1 + noise(sensors, view_noise, snr_db, way)
    if way == "added":
        over_air = OverAir(replace(air, devices=sensors), equalizer="none")
        sent = tf.tile(views, [1, 1, sensors]) if sensors > 1 else views[:, 0]
        heard = over_air(sent, snr_db=snr_db, key=key)  # [B, K m]
        mean = tf.reduce_mean(tf.reshape(heard, [batch, sensors, numbers]), axis=1) / sensors
    else:
        each = tf.reshape(views, [batch * sensors, numbers])
        heard = OverAir(air, equalizer="none")(each, snr_db=snr_db + 10 * math.log10(sensors), key=key)
        mean = tf.reduce_mean(tf.reshape(heard, [batch, sensors, numbers]), axis=1)
    return ((scale * mean - x[:, 0]) ** 2).numpy()
