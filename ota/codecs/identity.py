"""Uncoded: every parameter is sent as it is, two to a complex symbol."""

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers, size_of
from . import LinearSum, Past, SharedCode, pack, unpack


@dataclass(frozen=True)
class Identity(LinearSum):
    """Every parameter as it is, two to a complex symbol: d/2 resource elements, rounded up.

        s_i = x_2i + j x_(2i+1).

    >>> import tensorflow as tf
    >>> from overair.ota import Identity
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers = Identity(), ((3,),)
    >>> code = codec.code(layers, 2, keys.key(0), Past.none(layers))
    >>> symbols = codec.encode(tf.constant([[1.0, 2.0, 3.0]]), layers, code)
    >>> symbols.numpy().tolist(), codec.decode(symbols[0], layers, code, 0.0).numpy().tolist()
    ([[(1+2j), (3+0j)]], [1.0, 2.0, 3.0])
    """

    def elements(self, layers: Layers, granted: int) -> int:
        return -(-size_of(layers) // 2)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        return ()

    def encode(self, sent: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        return pack(sent)

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        return unpack(symbols, size_of(layers))
