"""Inner product manipulation (IPM): the honest mean times -epsilon, so that the sum may point backward."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Ge, Le

from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Others
from ._some import Some


@dataclass(frozen=True)
class Ipm(Some):
    """Knows the honest devices' mean, and sends it back times -epsilon (inner product manipulation, IPM).

    So what is left of the sum may point backward. At strength s an attacker sends (1 - s) u - s epsilon mean in place
    of its update u, [d].

    Xie, Koyejo, Gupta, "Fall of empires: breaking Byzantine-tolerant SGD by inner product manipulation", UAI 2019.

    >>> import tensorflow as tf
    >>> from overair.learning import Ipm, Others
    >>> others = Others(mean=tf.constant([1.0, 2.0]), deviation=tf.ones([2]))
    >>> Ipm(epsilon=0.5).forge(tf.ones([2]), others, devices=5, key=None).numpy().tolist()
    [-0.5, -1.0]
    """

    strength: Annotated[float, Ge(0), Le(1e6)] = 1.0
    """Of the attack; 1 for all of it."""
    epsilon: Annotated[float, Ge(0), Le(1e6)] = 0.5
    """Of the honest mean, how much is sent back."""
    sees_others: ClassVar[bool] = True

    def forge(self, update: tf.Tensor, others: Others | None, devices: int, key: Key) -> tf.Tensor:
        assert others is not None
        return update + self.strength * (-self.epsilon * others.mean - update)
