"""Best channel (BC): those whose links carry most, mean log2(1 + SNR) over the grant as the receiver believes."""

from typing import ClassVar

from ....ota.round import Nest
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_data, largest


@dataclass(frozen=True)
class BestChannel(Some):
    """The same for all, whatever they have sent before: those send whose links carry most.

    Of K devices the N = ``senders`` with the largest rates r_k send, r_k the mean of log2(1 + SNR) over the grant, in
    bits an element, as the receiver believes. Of equals, lots decide. Over one coherence block of Rayleigh fading the
    mean gain of the N best of K is 1 + H_K - H_N, H_n the harmonic number: 2.93 for one of ten. Over many blocks all
    links are alike, and the gain is gone. No device has a chance that is known: weights are shares of the data that the
    N have together, biased toward those that are near, where places last.

    Amiri, Gunduz, Kulkarni, Poor, "Convergence of update aware device scheduling for federated learning at the wireless
    edge", IEEE Trans. Wireless Communications 2021.

    >>> import tensorflow as tf
    >>> from overair.learning import BestChannel, Sight
    >>> from overair.phy import keys
    >>> sight = Sight(tf.fill([4], 0.25), rates=lambda: tf.constant([1.0, 3.0, 2.0, 0.5]), norms=lambda works: works)
    >>> plan, _ = BestChannel(senders=2).plan((), sight, keys.key(0))
    >>> plan.weights.numpy().tolist()
    [0.0, 0.5, 0.5, 0.0]
    """

    sees_links: ClassVar[bool] = True
    sees_updates: ClassVar[bool] = False
    unbiased: ClassVar[bool] = False

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        return by_data(largest(sight.rates(), self.senders, key), sight.shares), state
