"""Uncoded: every parameter is sent as it is, two to a complex symbol."""

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from ..layers import Layers, size_of
from . import LinearSum, Past, SharedCode, pack, unpack


@dataclass(frozen=True)
class Identity(LinearSum):
    """ceil(d/2) resource elements, no compression."""

    def elements(self, layers: Layers, granted: int) -> int:
        return -(-size_of(layers) // 2)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        return ()

    def encode(self, sent: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        return pack(sent)

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        return unpack(symbols, size_of(layers))
