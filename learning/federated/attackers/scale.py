"""Scale: the update many times over, (1 + s) u."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Others
from ._some import Some


@dataclass(frozen=True)
class Scale(Some):
    """Speaks louder than its share; where it obeys a power rule, it lowers the level of all.

    It sends its update u [d] many times over, (1 + s) u, s = ``strength``.

    >>> import tensorflow as tf
    >>> from overair.learning import Scale
    >>> Scale(strength=9.0).forge(tf.constant([1.0, -2.0]), None, devices=5, key=None).numpy().tolist()
    [10.0, -20.0]
    """

    strength: Annotated[float, Ge(0), Le(1e6)] = 9.0
    """Of the attack, s in (1 + s) u."""

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        return (1.0 + self.strength) * update
