"""Codecs: how an update becomes symbols that may be added on the air, and back."""

from typing import Any, ClassVar, Protocol, runtime_checkable

import tensorflow as tf

from ...phy.keys import Key

Code = Any  # a nest of tensors


@runtime_checkable
class Codec(Protocol):
    """Two real numbers ride on a complex symbol. ``linear`` says that encoding commutes with weighted sums."""

    linear: ClassVar[bool]

    def elements(self, size: int, granted: int) -> int:
        """How many resource elements an update of ``size`` numbers takes when so many are granted."""
        ...

    def code(self, size: int, elements: int, key: Key) -> Code:
        """What devices and server draw alike for one round: a nest of tensors. The key is the same for all devices."""
        ...

    def encode(self, updates: tf.Tensor, code: Code) -> tf.Tensor:
        """Updates [C, d] to symbols [C, M]."""
        ...

    def decode(self, symbols: tf.Tensor, size: int, code: Code) -> tf.Tensor:
        """Added symbols [M] to an estimate of the added updates [d]."""
        ...


def pack(values: tf.Tensor) -> tf.Tensor:
    """Real values [..., m] two by two into complex symbols [..., ceil(m/2)]."""
    if values.shape[-1] % 2:
        values = tf.pad(values, [[0, 0]] * (values.shape.rank - 1) + [[0, 1]])
    pairs = tf.reshape(values, tf.concat([tf.shape(values)[:-1], [values.shape[-1] // 2, 2]], 0))
    return tf.complex(pairs[..., 0], pairs[..., 1])


def unpack(symbols: tf.Tensor, count: int) -> tf.Tensor:
    """The first ``count`` real values [..., count] of complex symbols."""
    pairs = tf.stack([tf.math.real(symbols), tf.math.imag(symbols)], axis=-1)  # [..., M, 2]
    return tf.reshape(pairs, tf.concat([tf.shape(symbols)[:-1], [2 * symbols.shape[-1]]], 0))[..., :count]


__all__ = ["Code", "Codec", "pack", "unpack"]
