"""Codecs: how an update becomes symbols that may be added on the air, and back.

A round of a codec:

    code = codec.code(layers, elements, key, past)  # what devices and server draw alike, once
    sent = codec.select(wanted, layers, code)  # what of its update a device sends
    symbols = codec.encode(sent, layers, code)
    estimate = codec.decode(sum of all symbols, layers, code, noise)
    owed = wanted - codec.delivered(sent, layers, code, share)

Without noise, and where everybody arrives as announced, ``decode`` gives ``target(sum_k w_k sent_k)``, exactly or on
average over codes.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, runtime_checkable

import tensorflow as tf

from ...phy.keys import Key
from ..layers import Layers
from ..past import Past

SharedCode = Any  # a nest of tensors
Gradient = Callable[[tf.Tensor], tf.Tensor]


@runtime_checkable
class Codec(Protocol):
    """Two real numbers ride on a complex symbol.

    ``linear`` says that encoding commutes with weighted sums; ``feedback`` is the weight of error feedback unless the
    uplink has one, and None where there can be none. One that takes anything from the past says ``remembers = True``.
    """

    linear: ClassVar[bool]
    feedback: ClassVar[float | None]

    def elements(self, layers: Layers, granted: int) -> int:
        """How many resource elements an update takes when so many are granted."""
        ...

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        """What devices and server draw alike for one round. The key is the same for all devices."""
        ...

    def select(self, wanted: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        """What is sent of updates [C, d], [C, d]."""
        ...

    def encode(self, sent: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        """What is sent [C, d] as symbols [C, M]."""
        ...

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        """Added symbols [M], with noise of that variance a real number, to an estimate of the target [d]."""
        ...

    def delivered(self, sent: tf.Tensor, layers: Layers, code: SharedCode, share: tf.Tensor) -> tf.Tensor:
        """What devices believe to arrive of what they sent, [C, d]; a symbol arrives times its share [C, M]."""
        ...

    def target(self, total: tf.Tensor) -> tf.Tensor:
        """What the air should deliver of the weighted sum [d] of what is sent, [d]."""
        ...


@runtime_checkable
class Counting(Codec, Protocol):
    """One whose devices all send equally strong, so that the receiver can count.

    A device is given its update times its weight over the mean weight. Before the first sends every device reports a
    number, and all are told the mean; both are float32 that take no elements.
    """

    def check(self, layers: Layers, devices: int) -> None:
        """Raise ValueError where there is too much to count."""
        ...

    def ask(self, wanted: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        """What devices report of updates [C, d], [C]."""
        ...

    def told(self, code: SharedCode, answers: tf.Tensor, weights: tf.Tensor) -> SharedCode:
        """The code after all [K] have reported, with the weights [K] of all, zero for the absent."""
        ...


class Sum:
    """The defaults: all of an update is sent, and what is wanted is the weighted sum."""

    feedback: ClassVar[float | None] = 0.0

    def select(self, wanted: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        return wanted

    def target(self, total: tf.Tensor) -> tf.Tensor:
        return total


class LinearSum(Sum):
    """What is left to codecs whose decoding is linear too, and takes leading axes."""

    linear: ClassVar[bool] = True

    def delivered(self: Codec, sent: tf.Tensor, layers: Layers, code: SharedCode, share: tf.Tensor) -> tf.Tensor:
        symbols = self.encode(sent, layers, code)
        return self.decode(symbols * tf.cast(share, symbols.dtype), layers, code, tf.zeros([]))


class Votes:
    """What is left to majority votes: devices send signs, and what is wanted is the sign of their sum."""

    feedback: ClassVar[float | None] = None

    def select(self, wanted: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        return signs(wanted)

    def target(self, total: tf.Tensor) -> tf.Tensor:
        return signs(total)

    def delivered(self, sent: tf.Tensor, layers: Layers, code: SharedCode, share: tf.Tensor) -> tf.Tensor:
        return sent


def signs(values: tf.Tensor) -> tf.Tensor:
    """1 or -1, and 1 for 0; NaN stays."""
    return tf.where(values >= 0, tf.ones_like(values), tf.where(values < 0, -tf.ones_like(values), values))


def pack(values: tf.Tensor) -> tf.Tensor:
    """Real values [..., m] two by two into complex symbols [..., ceil(m/2)]."""
    if values.shape[-1] % 2:
        values = tf.pad(values, [[0, 0]] * (values.shape.rank - 1) + [[0, 1]])
    shape = tf.concat([tf.shape(values)[:-1], [values.shape[-1] // 2]], 0)
    return tf.reshape(_joined(tf.reshape(values, [-1, 2])), shape)


def unpack(symbols: tf.Tensor, count: int) -> tf.Tensor:
    """The first ``count`` real values [..., count] of complex symbols."""
    shape = tf.concat([tf.shape(symbols)[:-1], [2 * symbols.shape[-1]]], 0)
    values = tf.reshape(_parted(tf.reshape(symbols, [-1])), shape)
    return values if count == values.shape[-1] else values[..., :count]


# TensorFlow keeps what a custom gradient closes over for good. In functions of their own that is a graph of a few
# operations, whatever its size; else it were the graph of every round that was ever compiled.
@tf.function(autograph=False, reduce_retracing=True)
@tf.custom_gradient
def _joined(pairs: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """Pairs [N, 2] as complex numbers [N]. They lie in memory alike, but ``tf.bitcast`` has no gradient."""
    return tf.bitcast(pairs, tf.complex64 if pairs.dtype == tf.float32 else tf.complex128), _parted


@tf.function(autograph=False, reduce_retracing=True)
@tf.custom_gradient
def _parted(symbols: tf.Tensor) -> tuple[tf.Tensor, Gradient]:
    """Complex numbers [N] as pairs [N, 2]."""
    return tf.bitcast(symbols, tf.float32 if symbols.dtype == tf.complex64 else tf.float64), _joined


FAMILY = Codec  # what each file of this folder is one of

__all__ = ["SharedCode", "Codec", "Counting", "LinearSum", "Past", "Sum", "Votes", "pack", "signs", "unpack"]
