"""What a guarantee asks of a sum: who is heard whatever is in an update, a level lowered, and noise of the devices.

Under a level agreed on beforehand a device is heard where its rule has it send, also if its update is all zeros: else
the server's silence would tell that. A ``Split`` has devices send sqrt(data) b (w s + v) for b w s, with noise v of
their own, drawn anew by each, and the receiver divides by sqrt(data) times the level.
"""

import tensorflow as tf

from ...phy import Level, PowerRule, keys
from ..round import Round


def nobody(rule: PowerRule, round: Round) -> tf.Tensor:
    """Who sends under a level agreed on beforehand, nobody yet, bool [K]; [0] where energies tell."""
    return tf.zeros([round.weights.shape[0] if getattr(rule, "beforehand", False) else 0], tf.bool)


def sending(so_far: tf.Tensor, devices: tf.Tensor, b: tf.Tensor) -> tf.Tensor:
    """Who sends, with devices [C] of amplitudes b [C, N]."""
    if so_far.shape[0] == 0:
        return so_far
    return tf.tensor_scatter_nd_update(so_far, devices[:, None], tf.reduce_any(b != 0, axis=1))


def heard(sends: tf.Tensor, energy: tf.Tensor) -> tf.Tensor:
    """Who is heard, bool [K]."""
    return energy > 0 if sends.shape[0] == 0 else sends


def lowered(level: Level, round: Round) -> Level:
    """The level of what is sent of data."""
    if round.split is None:
        return level
    share = tf.sqrt(round.split.data)
    return Level(level.scale * share, level.arrival * share)


def disguised(symbols: tf.Tensor, round: Round, devices: tf.Tensor) -> tf.Tensor:
    """Symbols [C, M] of devices with the noise of each."""
    if round.split is None or round.split.noise is None:
        return symbols
    key, deviation = keys.fold(round.key, "artificial noise"), tf.sqrt(tf.gather(round.split.noise, devices) / 2.0)

    def one(item: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        device, each = item
        real, imaginary = tf.unstack(each * keys.normal(keys.fold(key, device), [2, symbols.shape[1]]))
        return tf.complex(real, imaginary)

    return symbols + tf.map_fn(
        one, (devices, deviation), fn_output_signature=tf.TensorSpec(symbols.shape[1:], symbols.dtype)
    )
