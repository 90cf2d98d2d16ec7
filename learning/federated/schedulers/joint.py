"""Joint scheduling and bandwidth: device after device joins, while the time to an accuracy falls."""

from typing import Annotated, ClassVar

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from ....ota.round import Nest
from ....ota.terms import Access
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..planning.bandwidth import Uploads, paying, split
from . import Plan, Sight
from ._timed import Timed, by_data


@dataclass(frozen=True)
class Joint(Timed):
    """The band goes where it lets all end at one time: device after device joins, while the time to an accuracy falls.

    All that send end at one moment, by the shares of the band that ``planning.bandwidth`` finds; next comes whoever
    lengthens the round least. With n of K devices the round ends at t_n, and rounds needed rise with the variance of
    the update as

        1 + v (K - n) / (n (K - 1)),

    which is that of n devices drawn without replacement, v = ``diversity`` being the variance of devices' updates over
    the square of their mean. Joining ends where the product of both no longer falls. What computing will take is known
    beforehand. Weights are shares of the data that those who send have together, biased toward the fast and the near.
    It needs ``grant.bits``.

    Shi, Zhou, Niu, Jiang, Geng, "Joint device scheduling and resource allocation for latency constrained wireless
    federated learning", IEEE TWC 2021.

    >>> from overair.learning import Joint
    >>> Joint(diversity=10.0).rounds(devices=3).numpy().tolist()
    [11.0, 3.5, 1.0]
    """

    diversity: Annotated[float, Ge(0), Le(1e9)] = 10.0
    """Variance of devices' updates over the square of their mean."""
    sees_links: ClassVar[bool] = True
    access: ClassVar[Access] = "shares"

    def check_times(self, least: float, besides: float, fixed_bits: bool) -> None:
        if not fixed_bits:
            raise ValueError(
                "scheduler: expected grant.bits with joint, as shares move the end of packets of fixed bits alone, "
                "received a fixed grant; set grant = {bits = 10000}, say"
            )

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        snr = tf.pow(tf.constant(2.0, tf.float64), tf.cast(sight.rates(), tf.float64)) - 1.0
        uploads = Uploads.of(sight.ready(), sight.airtime, snr, 1.0)
        chosen, share = _planned(uploads, self.rounds(sight.shares.shape[0]), sight.besides)
        return by_data(chosen, sight.shares)._replace(shares=share), state

    def rounds(self, devices: int) -> tf.Tensor:
        """That 1, 2, ... of the devices need, over those that all of them do, [K]."""
        some = np.arange(1.0, devices + 1)
        return tf.constant(1.0 + self.diversity * (devices - some) / (some * max(devices - 1, 1)))


@tf.function(autograph=False, jit_compile=True)  # some thousand steps on a few numbers
def _planned(uploads: Uploads, rounds: tf.Tensor, besides: float) -> tuple[tf.Tensor, tf.Tensor]:
    chosen = paying(uploads, rounds, besides)
    return chosen, split(uploads, chosen).share
