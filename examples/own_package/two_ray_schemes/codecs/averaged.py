"""Neighbours share a number: what is sent of an update are the means of groups of entries, and they arrive as such."""

from typing import Annotated

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from overair.ota.codecs import LinearSum, Past, SharedCode, pack, unpack
from overair.ota.layers import Layers, size_of
from overair.phy.keys import Key
from overair.phy.strict import dataclass


@dataclass(frozen=True)
class Averaged(LinearSum):
    """ceil(d/group) numbers, two to a resource element; the last group may be smaller."""

    group: Annotated[int, Ge(1), Le(10**6)] = 4
    """Entries that share a number."""

    def elements(self, layers: Layers, granted: int) -> int:
        return -(-self._groups(layers) // 2)

    def code(self, layers: Layers, elements: int, key: Key, past: Past) -> SharedCode:
        return ()

    def select(self, wanted: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        """Each entry as the mean of its group, so that errors of what follows are those of the air alone."""
        group_of = np.arange(size_of(layers)) // self.group
        sums = tf.math.unsorted_segment_sum(tf.transpose(wanted), group_of, self._groups(layers))
        means = tf.transpose(sums) / np.bincount(group_of).astype(np.float32)
        return self._spread(means, layers)

    def encode(self, sent: tf.Tensor, layers: Layers, code: SharedCode) -> tf.Tensor:
        return pack(sent[..., :: self.group])

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        return self._spread(unpack(symbols, self._groups(layers)), layers)

    def _groups(self, layers: Layers) -> int:
        return -(-size_of(layers) // self.group)

    def _spread(self, means: tf.Tensor, layers: Layers) -> tf.Tensor:
        """A number a group to one an entry."""
        return tf.repeat(means, self.group, axis=-1)[..., : size_of(layers)]
