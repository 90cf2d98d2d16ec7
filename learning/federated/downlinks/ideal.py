"""The ideal downlink: every device has the server's model, at no cost."""

from typing import ClassVar

import keras
import tensorflow as tf

from ....ota import Outcome, Terms, Uplink
from ....phy.keys import Key
from ....phy.strict import dataclass
from ..server import Served
from ..task import Weights
from . import Score


@dataclass(frozen=True)
class IdealDownlink:
    """No air at all.

    Every device has the server's model, theta_k = theta, at no cost.

    >>> from overair.learning.federated.downlinks.ideal import IdealDownlink
    >>> IdealDownlink().uses_air, IdealDownlink().elements(uplink=None, terms=None)
    (False, 0)
    """

    own_models: ClassVar[bool] = False
    uses_air: ClassVar[bool] = False

    def check(self, uplink: Uplink, terms: Terms, optimizer: keras.optimizers.Optimizer) -> None:
        pass

    def elements(self, uplink: Uplink, terms: Terms) -> int:
        return 0

    def init(self, terms: Terms) -> tf.Tensor:
        return tf.zeros([0, terms.size])

    def model(self, server: Weights, drift: tf.Tensor, device: tf.Tensor) -> Weights:
        return server

    def score(self, score: Score, server: Weights, drift: tf.Tensor) -> tf.Tensor:
        return score(server)

    def step(self, drift: tf.Tensor, outcome: Outcome, served: Served, key: Key) -> tf.Tensor:
        return drift
