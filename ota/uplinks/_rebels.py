"""Rebels ignore the power rule: a level is agreed on without them, and then they spend all their budget.

Where a rule inverts channels the honest arrive at the level of the weakest, so one that spends its budget P on symbols
that cost it E at that level arrives sqrt(P/E) times as strong: channel inversion is what makes attackers strong. The
weakest has no such room. Fan, Wang, Huo, Wang, "BEV-SGD: best effort voting SGD against Byzantine attacks for analog
aggregation based federated learning over the air", IEEE IoT Journal 2022.
"""

import tensorflow as tf

from ..round import Round


def counted(needed: tf.Tensor, round: Round) -> tf.Tensor:
    """What a level goes by of what devices would spend, [K]: nothing of rebels."""
    return needed if round.rebels is None else tf.where(round.rebels, 0.0, needed)


def boosted(b: tf.Tensor, power: tf.Tensor, round: Round, devices: tf.Tensor) -> tf.Tensor:
    """Amplitudes [C, N] of devices, on symbols of such power [C, N]; those of rebels such that they spend it all."""
    if round.rebels is None:
        return b
    spent = tf.reduce_sum(power * tf.abs(b) ** 2, axis=1)  # [C]
    room = tf.math.divide_no_nan(tf.gather(round.terms.budgets, devices), spent)
    more = tf.where(tf.gather(round.rebels, devices), tf.sqrt(room), 1.0)
    return b * tf.cast(more, b.dtype)[:, None]
