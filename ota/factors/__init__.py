"""Factors: how the two factors of a dense layer's gradient become symbols, and back.

A dense layer with inputs X [n, L] on L samples, where Delta [m, L] are the gradients of the samples' losses by what
enters its activation, has the gradient G = Delta X'/L of the mean loss (3.1). Indirect quantisation (ISGQ) sends both
factors in place of the product, G~ = Delta~ X~'/L (3.2): L (n + m) symbols for m n numbers. What is sent is linear in
neither factor alone nor in G, so it cannot be added up over the air, and it is the gradient of one batch: E local steps
have E pairs of factors. Abdi, "Distributed learning and inference in deep models", 2020, ch. 3; Abdi and Fekri,
"Indirect stochastic gradient quantization and its application in distributed deep learning", AAAI 2020.
"""

import math
from typing import NamedTuple, Protocol, runtime_checkable

import tensorflow as tf

from ...phy.documented import documented
from ...phy.keys import Key
from .. import coding

NUMBER_BITS = 32.0  # a float32


@documented
class Message(NamedTuple):
    """What a device sends of one layer."""

    x: tf.Tensor  # symbols, int32 [n, L]
    delta: tf.Tensor  # symbols, int32 [m, L]
    numbers: tf.Tensor  # scales or levels, float32

    def bits(self, alphabets: tuple[int, int]) -> tf.Tensor:
        """With an entropy coder for each factor (`ota/coding.py`), as a float64."""
        pairs = zip((self.x, self.delta), alphabets, strict=True)
        coded = [coding.code_length(histogram(symbols, alphabet)) for symbols, alphabet in pairs]
        return coded[0] + coded[1] + NUMBER_BITS * self.numbers.shape[0]


@documented
@runtime_checkable
class FactorCodec(Protocol):
    """How the two factors of a dense layer's gradient become symbols, and back: one layer of one device at a time.

        G = Delta X' / L,   G~ = Delta~ X~' / L (3.1, 3.2)

    for inputs X [n, L] on L samples and Delta [m, L], the gradients of the samples' losses by what enters the layer's
    activation. The key is known to both sides. One whose error is known in advance has also ``error(x, delta)``, the
    mean of ``|G~ - G|^2`` over keys. Abdi, "Distributed learning and inference in deep models", 2020, ch. 3.

    >>> from overair.ota import DitheredFactors, FactorCodec
    >>> from overair.phy import keys
    >>> x, delta = keys.normal(keys.key(0, "x"), [20, 8]), keys.normal(keys.key(0, "delta"), [10, 8])  # of 8 samples
    >>> message = DitheredFactors().encode(x, delta, keys.key(1))
    >>> isinstance(DitheredFactors(), FactorCodec), message.x.shape, message.delta.shape, message.numbers.shape
    (True, TensorShape([20, 8]), TensorShape([10, 8]), TensorShape([2]))
    """

    @property
    def unbiased(self) -> bool:
        """Whether, over keys, the mean of Delta~ X~' is Delta X'."""
        ...

    @property
    def alphabets(self) -> tuple[int, int]:
        """How many symbols there are for X, and for Delta."""
        ...

    def encode(self, x: tf.Tensor, delta: tf.Tensor, key: Key) -> Message:
        """What is sent of X, float32 [n, L], and Delta, float32 [m, L]."""
        ...

    def decode(self, message: Message, key: Key) -> tuple[tf.Tensor, tf.Tensor]:
        """What the server makes of it: X~, float32 [n, L], and Delta~, float32 [m, L]."""
        ...


FAMILY = FactorCodec  # what each file of this folder is one of


def gradient(x: tf.Tensor, delta: tf.Tensor) -> tf.Tensor:
    """G' = X Delta'/L, [n, m], as Keras keeps kernels."""
    return tf.matmul(x, delta, transpose_b=True) / x.shape[1]


def fixed_bits(inputs: int, outputs: int, samples: int, alphabets: tuple[int, int]) -> float:
    """L (n log2 A + m log2 B): symbols of fixed length, without scales or levels."""
    return samples * (inputs * math.log2(alphabets[0]) + outputs * math.log2(alphabets[1]))


def histogram(symbols: tf.Tensor, alphabet: int) -> tf.Tensor:
    """How often each symbol occurs, [A]."""
    return tf.math.bincount(tf.reshape(symbols, [-1]), minlength=alphabet, maxlength=alphabet)


__all__ = ["FactorCodec", "Message", "fixed_bits", "gradient", "histogram"]
