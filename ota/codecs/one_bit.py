"""One-bit aggregation over the air (OBDA): every device sends signs, and the receiver reads the majority."""

import tensorflow as tf

from ...phy.strict import dataclass
from ..layers import Layers
from . import SharedCode, Votes, signs
from .identity import Identity


@dataclass(frozen=True)
class OneBit(Votes, Identity):
    """Signs, two to a complex symbol, and the majority of what arrives.

    It takes ceil(d/2) resource elements. Devices must arrive in phase; the server steps by 1 an entry: take small
    steps.

        s_i = sign(x_2i) + j sign(x_(2i+1)),   estimate = sign of what arrives of sum_k w_k s_k.

    Signs of two parameters make a QPSK symbol; sign(0) is +. What arrives is a weighted count of votes, and the
    estimate is its sign: every entry is 1 or -1, and the server's step size is the step of every parameter. An entry on
    which all are silent is decided by the noise; over fading votes count alike with truncated_inversion and unbiased =
    false. Zhu, Du, Gunduz, Huang, "One-bit over-the-air aggregation for communication-efficient federated edge
    learning", IEEE Trans. Wireless Communications, 2021. Without noise, if each of K devices has the sign wrong with
    probability p, the majority of an odd K has it wrong with sum_{j > K/2} C(K, j) p^j (1-p)^(K-j).

    >>> import tensorflow as tf
    >>> from overair.ota import OneBit
    >>> from overair.ota.codecs import Past
    >>> from overair.phy import keys
    >>> codec, layers = OneBit(), ((3,),)
    >>> code = codec.code(layers, 2, keys.key(0), Past.none(layers))
    >>> symbols = codec.encode(tf.constant([[1.0, -1.0, 1.0], [1.0, -1.0, -1.0], [1.0, 1.0, -1.0]]), layers, code)
    >>> codec.decode(tf.reduce_sum(symbols, axis=0), layers, code, 0.0).numpy().tolist()
    [1.0, -1.0, -1.0]
    """

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        return signs(super().decode(symbols, layers, code, noise))
