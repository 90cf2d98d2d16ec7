"""A majority vote by energy (FSK-MV): a device sends on one of two elements a parameter, and the fuller one wins."""

from typing import ClassVar

import tensorflow as tf

from ...phy.arithmetic import squared
from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers, size_of
from . import Past, SharedCode, Votes, signs


@dataclass(frozen=True)
class FskVote(Votes):
    """2 d resource elements, for the rule equal_power and one antenna; the server steps by 1 an entry.

        (x1, x2) = (1, 0) for +, (0, 1) for -,   estimate = sign(|y1|^2 - |y2|^2).

    The first element of a pair says + and the second -; the receiver compares |y1|^2 with |y2|^2 and needs no channel
    CSI at either end. Where every device fades on its own, with unit mean gain and symbol energy E, and K1 and K2 of
    them vote with equal weights, the energies are exponential of means K1 E + N0 and K2 E + N0, so the majority loses
    with probability (K2 E + N0)/((K1 + K2) E + 2 N0). Elements need ``equal_power`` and one antenna; phases are
    those of the channel, so without fading equal votes add up in phase. Amplitudes carry the weights, so energies count
    their squares. Sign(0) is +. The estimate is 1 or -1 in every entry. Sahin, "Distributed learning over a wireless
    network with non-coherent majority vote computation", IEEE Trans. Wireless Communications, 2023.

    >>> import tensorflow as tf
    >>> from overair.ota import FskVote
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers = FskVote(), ((3,),)
    >>> code = codec.code(layers, codec.elements(layers, 100), keys.key(0), Past.none(layers))
    >>> symbols = codec.encode(tf.constant([[1.0, -1.0, 1.0], [1.0, -1.0, -1.0], [1.0, 1.0, -1.0]]), layers, code)
    >>> symbols.shape, codec.decode(tf.reduce_sum(symbols, axis=0), layers, code, 0.0).numpy().tolist()
    (TensorShape([3, 6]), [1.0, -1.0, -1.0])
    """

    linear: ClassVar[bool] = False

    def elements(self, layers: Layers, granted: int) -> int:
        return 2 * size_of(layers)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        return ()

    def encode(self, sent: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        votes = tf.stack([tf.maximum(sent, 0.0), tf.maximum(-sent, 0.0)], axis=-1)  # [C, d, 2]
        return tf.cast(tf.reshape(votes, [-1, 2 * size_of(layers)]), tf.complex64)

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        energy = tf.reshape(squared(symbols), [-1, 2])  # [d, 2]
        return signs(energy[:, 0] - energy[:, 1])
