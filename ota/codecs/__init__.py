"""Codecs: how an update becomes symbols that may be added on the air, and back."""

from collections.abc import Callable
from typing import Any, ClassVar, Protocol, runtime_checkable

import tensorflow as tf

from ...phy.documented import documented
from ...phy.keys import Key
from ..layers import Layers
from ..past import Past

SharedCode = Any  # a nest of tensors
Gradient = Callable[[tf.Tensor], tf.Tensor]


@documented
@runtime_checkable
class Codec(Protocol):
    """How an update becomes symbols that may be added on the air, and back: two real numbers ride on a complex symbol.

    A round of a codec:

        code = codec.code(layers, elements, key, past)  # what devices and server draw alike, once
        sent = codec.select(wanted, layers, code)  # what of its update a device sends
        symbols = codec.encode(sent, layers, code)
        estimate = codec.decode(sum of all symbols, layers, code, noise)
        owed = wanted - codec.delivered(sent, layers, code, share)

    Without noise, and where everybody arrives as announced, ``decode`` gives ``target(sum_k w_k sent_k)``, exactly or
    on average over codes. One that takes anything from the past says ``remembers = True``. ``Sum``, ``LinearSum`` and
    ``Votes`` of this module have what most codecs share.

    >>> import tensorflow as tf
    >>> from overair.ota import Codec, Identity
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers, weights = Identity(), ((5, 2),), tf.constant([[0.25], [0.75]])
    >>> code = codec.code(layers, codec.elements(layers, 100), keys.key(0), Past.none(layers))
    >>> x = keys.normal(keys.key(1), [2, 10])  # updates [C, d]
    >>> heard = tf.reduce_sum(codec.encode(weights * x, layers, code), axis=0)
    >>> estimate = codec.decode(heard, layers, code, noise=tf.constant(0.0))
    >>> isinstance(codec, Codec), bool((abs(estimate - tf.reduce_sum(weights * x, axis=0)) < 1e-5).numpy().all())
    (True, True)
    """

    linear: ClassVar[bool]
    """Whether encoding commutes with weighted sums."""
    feedback: ClassVar[float | None]
    """Weight of error feedback unless the uplink has one; None where there can be none."""

    def elements(self, layers: Layers, granted: int) -> int:
        """How many resource elements an update takes when so many are granted."""
        ...

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        """What devices and server draw alike for one round, a nest of tensors.

        ``layers`` are the shapes of an update's weights, ``elements`` the resource elements it takes, ``past`` the
        round before; the key, int64 [2], is the same for all devices.
        """
        ...

    def select(self, wanted: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        """What is sent of updates, float32 [C, d], by devices one by one: float32 [C, d]."""
        ...

    def encode(self, sent: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        """What is sent, float32 [C, d], as symbols, complex64 [C, M]; their energy is the power rule's matter."""
        ...

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        """Added symbols, complex64 [M], to an estimate of the target, float32 [d].

        They are in units of the update; ``noise`` is the variance of what is not signal in each real number of them.
        """
        ...

    def delivered(self, sent: tf.Tensor, layers: Layers, code: SharedCode, share: tf.Tensor) -> tf.Tensor:
        """What devices believe to arrive of what they sent, float32 [C, d]; a symbol arrives times its share [C, M]."""
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
