"""What lasts of analog rounds from one to the next, and what their receiver has so far in one."""

from typing import NamedTuple

import tensorflow as tf

from ...phy import Level
from ..codecs import Past, SharedCode


class AnalogMemory(NamedTuple):
    """What lasts from round to round."""

    cost: tf.Tensor  # expected cost of the rule, [K]; unused under a round budget
    owed: tf.Tensor  # what each device still owes, [K, d]; [0, d] without feedback
    past: Past


class Heard(NamedTuple):
    """What the receiver has so far, and what the devices have spent."""

    y: tf.Tensor  # [1, A, T, F]
    code: SharedCode
    cost: tf.Tensor  # [K]
    owed: tf.Tensor  # [K, d] or [0, d]
    level: Level  # that y and energy are at
    needed: tf.Tensor  # energy at level 1 of those that were asked or have sent, [K]
    energy: tf.Tensor  # spent, [K]
    target: tf.Tensor  # sum_k w_k u_k, [d]
    sent: tf.Tensor  # sum_k w_k sent_k, [d]
    papr: tf.Tensor  # in dB, [K], or [0] where it is not measured
    sends: tf.Tensor  # bool [K], or [0] where energies tell
