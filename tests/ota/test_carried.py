"""What all modulations carry, read at once, is what each carries alone."""

import numpy as np
import tensorflow as tf

from overair.ota.rates import _qam


def test_all_modulations_read_at_once_are_each_alone_bit_for_bit() -> None:
    snr = tf.constant(10 ** (np.random.default_rng(0).uniform(-40, 60, [7, 300]) / 10), tf.float32)
    snr = tf.concat([snr, tf.constant([[0.0, 1e-30, 1e30] * 100])], axis=0)
    information, variance = tf.function(_qam.carried_by_each, autograph=False)(snr)
    assert len(information) == len(variance) == len(_qam.ORDERS)
    for order, *each in zip(_qam.ORDERS, information, variance, strict=True):
        alone = tf.function(lambda snr, order=order: _qam.carried(order, snr), autograph=False)(snr)
        np.testing.assert_array_equal(each, alone)
        assert np.all(each[0].numpy() <= order) and np.all(each[0].numpy() >= 0)
