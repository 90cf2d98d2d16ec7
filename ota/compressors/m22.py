"""M22: the largest entries, at levels of least error weighted by |x|^M for laws fitted to each layer."""

from typing import Annotated, ClassVar, Literal

import tensorflow as tf
from annotated_types import Ge, Gt, Le

from ...phy.keys import Key
from ...phy.strict import dataclass
from . import ALONE, Known
from ._fitted import Way, compress

DEPTHS = (1, 2, 3, 4, 5, 6)  # to choose from


@dataclass(frozen=True)
class M22:
    """A law, a weight, and as many entries at as many bits as suit.

        x_hat = levels of least E|x|^M (x - x_hat)^2 under the law fitted to a layer, for what is kept; 0 elsewhere.

    The weighted error sum_j |x_j|^M (x_j - x^_j)^2 lies between squared error (M = 0) and keeping the largest entries
    exactly. Magnitudes of each layer follow a generalised normal or a double Weibull law of scale and shape by two
    moments, and levels are those of least weighted error above the smallest magnitude that is kept of all layers
    together (``_fitted``). Layers of at most ``small`` entries, moving statistics among them, are sent as float32 as
    long as that takes half of the bits at most. Entries that are no numbers come back as they are. Biased, and in
    squared error it may do worse than silence: Gaussian entries at 1 bit and M = 2 have an error of exactly 1.

    With ``count = "payload"`` only ``value_bits`` for each entry that is sent are counted, as the authors do:
    positions, laws and the float32 of small layers are free. Of 552,874 entries, 60 % at a bit are 331,724 bits in this
    count; where they are takes 536,804 more. Liu, Rini, Salehkalaibar, Chen, "M22: a communication-efficient algorithm
    for federated learning inspired by rate-distortion", IEEE Trans. Communications, 2023.

    >>> import tensorflow as tf
    >>> from overair.ota import M22
    >>> from overair.phy import keys
    >>> x = keys.normal(keys.key(0, "update"), [4096])
    >>> decoded, used = M22(m=2.0, value_bits=1, kept=0.1).compress(x, tf.constant(4000.0), keys.key(0, "code"))
    >>> int(tf.math.count_nonzero(decoded)), bool(used <= 4000)
    (410, True)
    """

    law: Literal["gennorm", "weibull"] = "gennorm"
    """Law of a layer's magnitudes, generalised normal or double Weibull."""
    m: Annotated[float, Ge(0), Le(8)] = 1.0
    """Power M of the magnitude that weighs squared errors."""
    value_bits: Literal["best"] | Annotated[int, Ge(1), Le(8)] = "best"
    """Size of a kept entry, in bits; best: up to 6, as the laws foretell."""
    kept: Literal["best"] | Annotated[float, Gt(0), Le(1)] = "best"
    """Share of entries kept; best: of those that fit, as the laws foretell."""
    fit: Literal["sent", "past"] = "sent"
    """Whether laws are fitted to the update and sent, or to the last estimate."""
    count: Literal["true", "payload"] = "true"
    """Whether all bits are counted, or only those of kept entries."""
    small: Annotated[int, Ge(0), Le(10**9)] = 1000
    """Largest size of layers that are sent as float32."""
    unbiased: ClassVar[bool] = False
    contractive: ClassVar[bool] = False  # it is in weighted error

    @property
    def remembers(self) -> bool:
        return self.fit == "past"

    def compress(
        self, update: tf.Tensor, bits: tf.Tensor, key: Key, known: Known = ALONE
    ) -> tuple[tf.Tensor, tf.Tensor]:
        return compress(update, bits, known, self._way)

    @property
    def _way(self) -> Way:
        depths = DEPTHS if self.value_bits == "best" else (self.value_bits,)
        kept = None if self.kept == "best" else self.kept
        return Way(self.law, self.m, depths, kept, self.remembers, self.small, self.count == "payload")
