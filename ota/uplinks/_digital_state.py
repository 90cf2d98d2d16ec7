"""What digital devices remember from round to round, and what their receiver has so far in one."""

from typing import NamedTuple

import tensorflow as tf

from .. import margins
from ..past import Past
from ..round import Nest
from ._combining import Weighed
from ._deals import Deal
from ._long_run import Law
from ._sides import Side


class DigitalState(NamedTuple):
    """What devices remember."""

    owed: tf.Tensor  # what did not arrive, [K, d]; [0, d] without feedback
    margins: margins.Margins
    past: Past
    slow: tf.Tensor  # updates averaged over rounds, [K, d]; [0, d] without momentum
    noise: tf.Tensor  # of the data, a variance a coordinate; where precisions weigh
    law: Law


class Decoded(NamedTuple):
    """The sum of what was decoded so far, and its costs."""

    estimate: tf.Tensor  # [d]
    target: tf.Tensor  # sum_k w_k u_k, [d]
    wanted: tf.Tensor  # the same with what is owed, [d]
    owed: tf.Tensor  # [K, d], or [0, d]
    slow: tf.Tensor  # [K, d], or [0, d]
    past: Past
    y: tf.Tensor  # what arrives of everybody's test symbols on the time domain, [A, T, F]
    energy: tf.Tensor  # [K]
    bits: tf.Tensor
    backoff: tf.Tensor  # what the SNRs that devices count on are multiplied with, [K]
    sent: tf.Tensor  # bool [K]
    decoded: tf.Tensor  # bool [K]
    held: tf.Tensor  # silent because of their margin, bool [K]
    wrong: tf.Tensor  # share of entries that side information puts into a wrong coset, [K]
    side: Side
    weighed: Weighed
    deal: Deal
    scheduled: tf.Tensor  # weights of those that may send, 0 for the others, [K]
    law: Law
    sending: Nest  # seconds on the air, [K], where packets have fixed bits
    rows: tf.Tensor  # what is decoded of each, [K, d]; [0, d] where the sum is all that is asked for
