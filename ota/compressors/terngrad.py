"""TernGrad without clipping: max|x| sign(x) with probability |x|/max|x|, else 0."""

from typing import ClassVar

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known
from ._ternary import ternary


@dataclass(frozen=True)
class TernGrad:
    """Ternary levels, entropy coded.

        x_hat_i = max|x| sign(x_i) with probability |x_i| / max|x|, else 0.

    Unbiased; the error is max|x| |x|_1/|x|_2^2 - 1 of |x|_2^2. Zeros and signs are entropy coded; where not all
    coordinates fit, a random subset scaled by d/k is sent. Clipping, which the paper adds, would make it biased. Wen et
    al., "TernGrad: ternary gradients to reduce communication in distributed deep learning", NeurIPS 2017.

    >>> import tensorflow as tf
    >>> from overair.ota import TernGrad
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [256])
    >>> decoded, used = TernGrad().compress(x, tf.constant(1000.0), keys.key(0, "code"))
    >>> len(set(decoded.numpy().tolist())), bool(used <= 1000)
    (3, True)
    """

    unbiased: ClassVar[bool] = True

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return ternary(update, lambda x: tf.reduce_max(tf.abs(x)), 0.0, bits, key)
