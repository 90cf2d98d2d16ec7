"""Neighbours share a number: means of groups of entries are sent, and each entry is decoded as its group's mean."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le
from pydantic.dataclasses import dataclass

from overair.ota.codecs import LinearSum, Past, SharedCode, pack, unpack
from overair.ota.layers import Layers, size_of
from overair.phy.keys import Key
from overair.phy.strict import STRICT


@dataclass(frozen=True, config=STRICT)
class Averaged(LinearSum):
    """ceil(d/group) numbers, two to a resource element; of the last group what is missing counts as 0."""

    group: Annotated[int, Ge(1), Le(10**6)] = 4
    """Entries that share a number."""

    def elements(self, layers: Layers, granted: int) -> int:
        return -(-self._groups(layers) // 2)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        return ()

    def encode(self, sent: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        count, size = self._groups(layers), size_of(layers)
        padded = tf.pad(sent, [[0, 0]] * (sent.shape.rank - 1) + [[0, count * self.group - size]])
        shape = tf.concat([tf.shape(sent)[:-1], [count, self.group]], 0)
        return pack(tf.ensure_shape(tf.reduce_mean(tf.reshape(padded, shape), axis=-1), [*sent.shape[:-1], count]))

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        means = unpack(symbols, self._groups(layers))
        return tf.repeat(means, self.group, axis=-1)[..., : size_of(layers)]

    def _groups(self, layers: Layers) -> int:
        return -(-size_of(layers) // self.group)
