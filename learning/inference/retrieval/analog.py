"""Analog joint source-channel coding of a query: its 128 features are 64 complex symbols, and the server matches them.

The head is trained through the very layer that it is used with, at the SNR or over the range of SNRs of that layer, so
fading and estimated channels are learnt too. The server has no decoder: what the equaliser reads is compared with the
gallery, at a scale that cosines do not see. Jankowski, Gunduz and Mikolajczyk, "Deep joint source-channel coding for
wireless image retrieval", ICASSP 2020.
"""

import tensorflow as tf

from ....phy.keys import Key
from ...over_air import OverAir
from .heads import SendQueries


def through(layer: OverAir) -> SendQueries:
    """How queries are sent while a head is trained."""

    def send(z: tf.Tensor, key: Key, progress: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return layer(z, key=key, training=True), tf.zeros([])

    return send
