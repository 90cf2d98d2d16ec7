"""Downlinks: how the server's step reaches the devices, and how far their models drift from the server's by that."""

from collections.abc import Callable
from typing import ClassVar, Protocol, runtime_checkable

import keras
import tensorflow as tf

from ....ota import Outcome, Terms, Uplink
from ....phy.keys import Key
from ..server import Served
from ..task import Weights

Score = Callable[[Weights], tf.Tensor]  # from a model to its accuracy and loss, [2]


@runtime_checkable
class Downlink(Protocol):
    """Drift is what lasts: devices' models less the server's, [K, d]; [0, d] where all have the server's."""

    own_models: ClassVar[bool]  # whether devices compute on models of their own
    uses_air: ClassVar[bool]  # whether it takes elements and time

    def check(self, uplink: Uplink, terms: Terms, optimizer: keras.optimizers.Optimizer) -> None:
        """Raise ValueError where devices cannot keep up with the server."""
        ...

    def elements(self, uplink: Uplink, terms: Terms) -> int:
        """Resource elements that it takes, apart from the grant of the uplink."""
        ...

    def init(self, terms: Terms) -> tf.Tensor:
        """The drift before the first round."""
        ...

    def model(self, server: Weights, drift: tf.Tensor, device: tf.Tensor) -> Weights:
        """The model of a device."""
        ...

    def score(self, score: Score, server: Weights, drift: tf.Tensor) -> tf.Tensor:
        """The mean score of the models that devices have, [2]."""
        ...

    def step(self, drift: tf.Tensor, outcome: Outcome, served: Served, key: Key) -> tf.Tensor:
        """The drift after the server has moved by the estimate; the key is the round's."""
        ...


FAMILY = Downlink  # what each file of this folder is one of
USUAL = "broadcast"  # the kind of a table that names none

__all__ = ["Downlink", "Score"]
