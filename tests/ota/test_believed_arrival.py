"""What devices believe to arrive of their symbols, from which they know what they owe."""

import numpy as np
import tensorflow as tf

from overair.ota.uplinks._gains import share_arrived
from overair.phy import FullInversion, Individual

ARRIVES = tf.constant([[0.0, 1.0, 2.0, 4.0]], tf.complex64)  # b h of one device
LEVEL = tf.constant(4.0)


def test_under_an_announced_level_it_is_what_arrives_over_the_level() -> None:
    np.testing.assert_array_equal(share_arrived(FullInversion(), ARRIVES, LEVEL), [[0.0, 0.25, 0.5, 1.0]])


def test_where_no_level_is_announced_all_arrives_that_was_sent() -> None:
    np.testing.assert_array_equal(share_arrived(Individual(), ARRIVES, LEVEL), [[0.0, 1.0, 1.0, 1.0]])
