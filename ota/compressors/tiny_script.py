"""TinyScript: levels of least squared error for double Weibull laws that are fitted to each layer."""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known
from ._fitted import Way, compress, layered
from ._random_levels import least, rounded


@dataclass(frozen=True)
class TinyScript:
    """Levels of least squared error for double Weibull laws that are fitted to each layer, of as many entries as fit.

    As a rule the largest entries are rounded to the nearest level, as ``m22`` does with M = 0. ``stochastic`` makes it
    unbiased: entries that the shared key chooses are sent, times d/k, each rounded at random to one of the two levels
    around it; the outermost is the largest magnitude of its layer, sent as a float32 beside scale and shape. Small
    layers are sent as float32 as long as that takes half of the bits at most (and, if stochastic, leaves room for an
    entry of a larger one). Fu et al., "Don't waste your bits! Squeeze activations and gradients for deep neural
    networks via TinyScript", ICML 2020, whose levels are those of least variance of random rounding.

    >>> import tensorflow as tf
    >>> from overair.ota import TinyScript
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [4096])
    >>> decoded, used = TinyScript(value_bits=2, kept=0.1).compress(x, tf.constant(4000.0), keys.key(0, "code"))
    >>> int(tf.math.count_nonzero(decoded)), bool(used <= 4000)
    (410, True)
    """

    value_bits: Annotated[int, Ge(1), Le(8)] = 2
    """Size of a kept entry, in bits."""
    kept: Literal["best"] | Annotated[float, Gt(0), Le(1)] = "best"
    """Largest share of entries that is kept; best: what suits the laws, or all if stochastic."""
    stochastic: bool = False
    """Whether rounding is at random and nothing is preferred, so that it is unbiased."""
    small: Annotated[int, Ge(0), Le(10**9)] = 1000
    """Largest size of layers that are sent as float32."""
    contractive: ClassVar[bool] = False  # levels are those of laws, whatever the update

    @property
    def unbiased(self) -> bool:
        return self.stochastic

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        kept = None if self.kept == "best" else self.kept
        way = Way("weibull", 0.0, (self.value_bits,), kept, past=False, small=self.small, payload=False)
        if not self.stochastic:
            return compress(update, bits, known, way)

        def rounding(parts: list[tf.Tensor], room: tf.Tensor, whole: int) -> tuple[list[tf.Tensor], tf.Tensor]:
            return rounded(key, parts, room, whole, way)

        layers = known.filled(update.shape[-1]).layers
        return layered(update, bits, layers, way, rounding, least(layers, way))
