"""Downlinks: how the server's step reaches the devices, and how far their models drift from the server's by that."""

from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

import keras
import tensorflow as tf

from ....ota import Outcome, Terms, Uplink
from ....phy.documented import documented
from ....phy.keys import Key
from ..server import Served
from ..task import Weights

Score = Callable[[Weights], tf.Tensor]  # from a model to its accuracy and loss, [2]


@documented
@runtime_checkable
class Downlink(Protocol):
    """How the server's step reaches the devices, and how far their models drift from the server's by that.

    Drift is what lasts: devices' models less the server's, float32 [K, d]; [0, d] where all have the server's. One of
    your own is a frozen dataclass with these methods.

    >>> from overair.learning import Broadcast, Downlink
    >>> isinstance(Broadcast(snr_db=10.0), Downlink), Broadcast(snr_db=10.0).own_models
    (True, True)
    """

    own_models: ClassVar[bool]  # whether devices compute on models of their own
    uses_air: ClassVar[bool]  # whether it takes elements and time

    def check(self, uplink: Uplink, terms: Terms, optimizer: keras.optimizers.Optimizer) -> None:
        """Raise ValueError where devices cannot keep up with the server."""
        ...

    def elements(self, uplink: Uplink, terms: Terms) -> int:
        """Resource elements that it takes, apart from the grant of the uplink."""
        ...

    def init(self, terms: Terms) -> tf.Tensor:
        """The drift before the first round, zeros [K, d] or [0, d]."""
        ...

    def model(self, server: Weights, drift: tf.Tensor, device: tf.Tensor) -> Weights:
        """The model of a device, whose number is int32 []; in graph."""
        ...

    def score(self, score: Score, server: Weights, drift: tf.Tensor) -> tf.Tensor:
        """The mean score, accuracy and loss, of the models that devices have, float32 [2]; in graph."""
        ...

    def step(self, drift: tf.Tensor, outcome: Outcome, served: Served, key: Key) -> tf.Tensor:
        """The drift after the server has moved by the estimate; the key is the round's.

        In graph. ``outcome`` has the estimate [d] and, of an analog uplink, the symbols received; ``served`` the
        server's weights after its step, and how far it went. The drift keeps its shape.
        """
        ...


FAMILY = Downlink  # what each file of this folder is one of
USUAL = "broadcast"  # the kind of a table that names none

__all__ = ["Downlink", "Score"]
