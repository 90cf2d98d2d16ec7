"""MSE-ISGQ: cells as of naive ISGQ, levels that suit the product, by alternating least squares (algorithm 1)."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import Message
from ._alternating import alternated
from ._levels import _Levels
from ._scales import normalised


@dataclass(frozen=True)
class MseFactors(_Levels):
    """Levels that suit the product of both factors.

        levels that minimise |Delta~ X~' / L - G|^2 + lambda (sum of its entries' errors)^2, cells as NaiveFactors has.

    Levels travel as float32. Rounds begin with Delta's, at X's cell means; each can only lower the error on the layer's
    own gradient, plus lambda times the square of the sum of its errors. One or two rounds do. Abdi, "Distributed
    learning and inference in deep models", 2020, section 3.3.1; the cells there are of fixed laws, normal or uniform.

    >>> from overair.ota import MseFactors
    >>> from overair.phy import keys
    >>> x, delta = keys.normal(keys.key(0, "x"), [20, 8]), keys.normal(keys.key(0, "delta"), [10, 8])  # of 8 samples
    >>> codec = MseFactors(zero=False)
    >>> decoded = codec.decode(codec.encode(x, delta, keys.key(1)), keys.key(1))
    >>> [len(set(factor.numpy().ravel().tolist())) for factor in decoded]  # two levels each
    [2, 2]
    """

    rounds: Annotated[int, Ge(1), Le(100)] = 1
    """How often both factors' levels are fitted."""
    penalty: Annotated[float, Ge(0), Le(1e3)] = 0.0
    """Weight of the squared sum of the gradient's errors, lambda."""

    def encode(self, x: tf.Tensor, delta: tf.Tensor, key: Key) -> Message:
        (unit_x, scale_x), (unit_delta, scale_delta) = normalised(x), normalised(delta)
        symbols_x, levels_x = self._cells(unit_x, self.levels_x)
        symbols_delta, _ = self._cells(unit_delta, self.levels_delta)
        cells = tf.one_hot(symbols_x, self.levels_x, axis=0), tf.one_hot(symbols_delta, self.levels_delta, axis=0)
        alpha, beta = alternated(unit_x, unit_delta, *cells, levels_x, self.rounds, self.penalty)
        return Message(symbols_x, symbols_delta, tf.concat([scale_x * alpha, scale_delta * beta], 0))
