"""Transmissions: layers of a refinement share one channel and full power, and a stop leaves what was heard before."""

import keras
import numpy as np
import tensorflow as tf

from overair.learning.images import Transmission
from overair.learning.over_air import OverAir
from overair.phy import Air, Grid, Rayleigh, keys

KEY = keys.key(0)


def nothing() -> keras.Model:
    return keras.Sequential([keras.Input((2, 2, 8)), keras.layers.Identity()])


def test_layers_of_a_refinement_have_one_channel_and_full_power_each() -> None:
    over_air = OverAir(Air(Grid(16, 2, prefix=4), Rayleigh(), 1), equalizer="none")
    model = Transmission(nothing(), over_air, nothing(), (0.5, 1.0), refines=True)
    signs = np.random.default_rng(0).choice([-1.0, 1.0], [6, 2, 2, 8]).astype(np.float32)
    louder = tf.constant(signs * np.repeat([1.0, 9.0], 4).astype(np.float32))
    snr_db = tf.fill([6], 120.0)
    part, whole = (model.carry(louder, snr_db, tf.constant(place), KEY)[0].numpy() for place in (0, 1))
    np.testing.assert_array_equal(part[..., :4], whole[..., :4])
    np.testing.assert_array_equal(part[..., 4:], 0)
    sent = signs.reshape(6, 16, 2) @ [1, 1j] * 0.5**0.5
    gains = whole.reshape(6, 16, 2) @ [1, 1j] / sent  # of every symbol
    assert np.abs(gains - gains[:, :1]).max() < 1e-5 < np.abs(gains[1:] - gains[:1]).min()
