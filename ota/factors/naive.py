"""Naive ISGQ: each factor by its own Lloyd-Max quantiser (3.3)."""

import tensorflow as tf

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import Message
from ._levels import _Levels
from ._scales import normalised


@dataclass(frozen=True)
class NaiveFactors(_Levels):
    """Levels that suit each factor.

        X~ = the level nearest to X, Delta~ likewise,   G~ = Delta~ X~' / L,

    with the levels of each factor's own Lloyd-Max quantiser (3.3).

    Levels travel as float32. With factors that are independent of each other G~ is unbiased over their law: for normal
    ones and one bit it errs by 1 - 4/pi^2 of G, for folded normal X by 1 - (1 - .117482) 2/pi = .438171 (lemma 3 has
    .376, as it takes a border of the quantiser for its energy). The factors of a network are not independent, and then
    it is biased: of normal ones with correlation rho by (4/pi^2) asin(rho) - rho. Abdi, "Distributed learning and
    inference in deep models", 2020, section 3.3.1 and appendix D.2.

    >>> from overair.ota import NaiveFactors
    >>> from overair.phy import keys
    >>> x, delta = keys.normal(keys.key(0, "x"), [20, 8]), keys.normal(keys.key(0, "delta"), [10, 8])  # of 8 samples
    >>> codec = NaiveFactors(levels_x=4, zero=False)
    >>> decoded = codec.decode(codec.encode(x, delta, keys.key(1)), keys.key(1))
    >>> [len(set(factor.numpy().ravel().tolist())) for factor in decoded]
    [4, 2]
    """

    def encode(self, x: tf.Tensor, delta: tf.Tensor, key: Key) -> Message:
        (unit_x, scale_x), (unit_delta, scale_delta) = normalised(x), normalised(delta)
        symbols_x, levels_x = self._cells(unit_x, self.levels_x)
        symbols_delta, levels_delta = self._cells(unit_delta, self.levels_delta)
        return Message(symbols_x, symbols_delta, tf.concat([scale_x * levels_x, scale_delta * levels_delta], 0))
