"""Channel, then update (BC-BN2): of those with the best channels, who compute, the largest n_k/n |u_k| send."""

from typing import Annotated, ClassVar

import tensorflow as tf
from annotated_types import Gt, Le

from ....ota.round import Nest
from ....phy import keys
from ....phy.keys import Key
from ....phy.strict import dataclass
from . import Plan, Sight
from ._some import Some, by_data, largest


@dataclass(frozen=True)
class ChannelThenUpdate(Some):
    """Channels first, as they are known before anything is computed; then the largest updates (BC-BN2).

    Of those with the best channels, who compute, those with the largest n_k/n |u_k| send. The candidates pay for
    computing and report a float32 each. With as many candidates as senders this is ``best_channel``, with all devices
    ``largest_update``. Weights are shares of the data that those who send have together.

    Amiri, Gunduz, Kulkarni, Poor, "Convergence of update aware device scheduling for federated learning at the wireless
    edge", IEEE Trans. Wireless Communications 2021.

    >>> import tensorflow as tf
    >>> from overair.learning import ChannelThenUpdate, Sight
    >>> from overair.phy import keys
    >>> rates, norms = tf.constant([1.0, 3.0, 2.0, 0.5]), tf.constant([9.0, 1.0, 2.0, 9.0])
    >>> sight = Sight(tf.fill([4], 0.25), lambda: rates, lambda works: tf.where(works, norms, 0.0))
    >>> plan, _ = ChannelThenUpdate(senders=1, candidates=2).plan((), sight, keys.key(0))
    >>> plan.works.numpy().tolist(), plan.weights.numpy().tolist()
    ([False, True, True, False], [0.0, 0.0, 1.0, 0.0])
    """

    candidates: Annotated[int, Gt(0), Le(10**6)] | None = None
    """Devices that compute; twice as many as send, or all there are, unless given."""
    sees_links: ClassVar[bool] = True
    sees_updates: ClassVar[bool] = True
    unbiased: ClassVar[bool] = False

    def check(self, devices: int) -> None:
        super().check(devices)
        if self.candidates is not None and not self.senders <= self.candidates <= devices:
            raise ValueError(
                f"scheduler.candidates: expected from senders, {self.senders}, to all {devices} devices, "
                f"received {self.candidates}"
            )

    def plan(self, state: Nest, sight: Sight, key: Key) -> tuple[Plan, Nest]:
        candidates = self.candidates or min(2 * self.senders, sight.shares.shape[0])
        works = largest(sight.rates(), candidates, keys.fold(key, "channels"))
        norms = tf.where(works, sight.norms(works), -1.0)
        return by_data(largest(norms, self.senders, key), sight.shares, works), state
