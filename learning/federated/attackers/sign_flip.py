"""Sign flip: the update the other way round, (1 - 2s) u; at strength 1 it is -u."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Others
from ._some import Some


@dataclass(frozen=True)
class SignFlip(Some):
    """Pulls against the others as hard as it would pull with them.

    It sends its update u [d] the other way round, (1 - 2s) u, s = ``strength``; at strength 1 it is -u.

    >>> import tensorflow as tf
    >>> from overair.learning import SignFlip
    >>> SignFlip().forge(tf.constant([1.0, -2.0]), None, devices=5, key=None).numpy().tolist()
    [-1.0, 2.0]
    """

    strength: Annotated[float, Ge(0), Le(1e6)] = 1.0
    """Of the attack, s in (1 - 2s) u."""

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        return (1.0 - 2.0 * self.strength) * update
