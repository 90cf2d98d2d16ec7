"""CSI: what one side believes of the channel, and what it costs to come to know it."""

from collections.abc import Callable
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import tensorflow as tf

from ..documented import documented
from ..grid import Grid
from ..keys import Key
from ..link import Belief, Paths

Correlation = Callable[[np.ndarray, np.ndarray], np.ndarray]  # of the paths from some symbols to others, [..., L or 1]
Pilots = Callable[[tf.Tensor], tf.Tensor]  # from devices [C] to what they send, [1, C, T, F]


def still(then: np.ndarray, now: np.ndarray) -> np.ndarray:
    """The correlation of paths that do not move, [..., 1]."""
    return np.ones([*np.broadcast_shapes(np.shape(then), np.shape(now)), 1])


@documented
class Observation(NamedTuple):
    """What there is to learn from: the round's channel, the one before it, and an ear on the air.

    ``Air.draw`` makes one for each side and hands it to ``Csi.believe``: the transmitters' is of what they see, without
    the impairments that they do not.

    >>> from overair.phy import ErrorVariance, Grid, Observation, Rayleigh, Size, Span, keys
    >>> import tensorflow as tf
    >>> paths = Rayleigh().draw(Size(1, 2, 3), Span(0.0, 14, 83e-6), keys.key(0), keys.key(0, "place"))
    >>> reach, deaf = (0.0, 0.0), lambda pilots: tf.zeros([1, 2, 0, 64], tf.complex64)
    >>> seen = Observation(paths, paths, Grid(), tf.constant(0.1), tf.ones([3]), 0, reach, deaf)
    >>> ErrorVariance(0.1).believe(seen, keys.key(1)).response(Grid().frequencies).shape, seen.power.shape
    (TensorShape([1, 2, 3, 1, 64]), TensorShape([1, 3]))
    """

    now: Paths  # over the symbols of the round's data
    before: Paths  # over the ``lead`` symbols before it
    grid: Grid  # OFDM numerology
    noise: tf.Tensor  # N0, [] or [B]
    budgets: tf.Tensor  # energy an element of each device, [K]; pilots arrive with so much
    lead: int  # symbols the air is listened to before the data
    arrivals: tuple[float, float]  # the first and the last there can be, in samples after what is on time
    listen: Callable[[Pilots], tf.Tensor]  # what the receiver hears of pilots on the lead symbols, [B, A, T, F]
    correlation: Correlation = still  # symbols count from the first of the data; complex, as expected of the channel

    @property
    def power(self) -> tf.Tensor:
        """Mean power of the responses, [B, K]."""
        return tf.reduce_sum(self.now.power, axis=2)

    def kept(self, then: np.ndarray, now: np.ndarray) -> tf.Tensor:
        """How paths at symbols ``now`` [T] are correlated with those at ``then`` [K, T], any 1: complex [1, K, L, T].

        T is 1 where it is the same for all.
        """
        kept = np.swapaxes(self.correlation(then, now), -1, -2)[None]  # [1, K, L, T]
        kept = kept[..., :1] if np.array_equal(kept, np.broadcast_to(kept[..., :1], kept.shape)) else kept
        return tf.constant(kept, tf.complex64)


@documented
@runtime_checkable
class Csi(Protocol):
    """From the channel that could be known to the channel that is believed.

        h = best + w,   E|w|^2 = error,

    where the belief says ``best`` and ``error`` itself: what can be known in advance of how wrong it is (``Belief``).
    What it takes to come to know the channel, pilots, their energy and bits fed back, is counted in every round.
    ``Free`` of this module has the members of what costs nothing.

    >>> from overair.phy import Csi, Estimated, Grid
    >>> csi = Estimated(comb=4)
    >>> isinstance(csi, Csi), csi.lead(Grid(), devices=20), csi.pilots(Grid(), devices=20)  # a slot of 14 symbols
    (True, 14, 896)
    """

    def check(self, grid: Grid, arrivals: tuple[float, float]) -> None:
        """Raise ValueError where it cannot be had on a grid, with the first and the last arrival in samples."""
        ...

    def lead(self, grid: Grid, devices: int) -> int:
        """OFDM symbols before the data that it needs."""
        ...

    def pilots(self, grid: Grid, devices: int) -> int:
        """Resource elements of the sounding grant: whole symbols, among those of ``lead``."""
        ...

    def pilot_energy(self, grid: Grid) -> float:
        """Energy a device spends on its pilots in a round, in units of P."""
        ...

    def bits(self, grid: Grid, antennas: int) -> float:
        """Bits fed back to a device in a round."""
        ...

    def believe(self, observed: Observation, key: Key) -> Belief:
        """The belief of a round: paths or a table of responses, with what is known of its error.

        ``observed`` has the round's paths, complex64 [B, A, K, L, T], those before it, and ``listen``, with which
        pilots are sent and heard; what is drawn comes from ``key``, int64 [2].
        """
        ...


class Free:
    """Costs nothing and needs nothing but the round itself."""

    def check(self, grid: Grid, arrivals: tuple[float, float]) -> None:
        pass

    def lead(self, grid: Grid, devices: int) -> int:
        return 0

    def pilots(self, grid: Grid, devices: int) -> int:
        return 0

    def pilot_energy(self, grid: Grid) -> float:
        return 0.0

    def bits(self, grid: Grid, antennas: int) -> float:
        return 0.0


FAMILY = Csi  # what each file of this folder is one of

__all__ = ["Correlation", "Free", "Csi", "Pilots", "Observation", "still"]
