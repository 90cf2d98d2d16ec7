"""One-bit aggregation over the air (OBDA): every device sends signs, and the receiver reads the majority."""

import tensorflow as tf

from ...phy.strict import dataclass
from ..layers import Layers
from . import SharedCode, Votes, signs
from .identity import Identity


@dataclass(frozen=True)
class OneBit(Votes, Identity):
    """ceil(d/2) resource elements. Devices must arrive in phase; the server steps by 1 an entry: take small steps.

    Signs of two parameters make a QPSK symbol; sign(0) is +. What arrives is a weighted count of votes, and the
    estimate is its sign: every entry is 1 or -1, and the server's step size is the step of every parameter. An entry on
    which all are silent is decided by the noise; over fading votes count alike with truncated_inversion and unbiased =
    false. Zhu, Du, Gunduz, Huang, "One-bit over-the-air aggregation for communication-efficient federated edge
    learning", IEEE Trans. Wireless Communications, 2021. Without noise, if each of K devices has the sign wrong with
    probability p, the majority of an odd K has it wrong with sum_{j > K/2} C(K, j) p^j (1-p)^(K-j).
    """

    def decode(self, symbols: tf.Tensor, layers: Layers, code: SharedCode, noise: tf.Tensor) -> tf.Tensor:
        return signs(super().decode(symbols, layers, code, noise))
