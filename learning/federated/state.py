"""What a run of federated learning carries from round to round."""

from typing import Any, NamedTuple

import tensorflow as tf

from ...ota.layers import Layers
from ...ota.round import Nest
from ...phy import Place
from ...phy.documented import documented
from ...phy.inputs import kind
from .algorithms import Memory
from .task import Weights


@documented
class State(NamedTuple):
    """Everything a run carries from round to round.

    A nest of tensors whose shapes no round changes: whoever keeps it, as by ``tf.nest.flatten``, can go on from it.

    >>> import tensorflow as tf
    >>> from overair.learning import State, Weights
    >>> state = State(tf.zeros([], tf.int64), Weights([], []), [], (), (), tf.zeros([0, 9]), ())
    >>> int(state.round), state.drift.shape, state.clock
    (0, TensorShape([0, 9]), ())
    """

    round: tf.Tensor  # rounds done, int64
    weights: Weights  # of the server
    optimizer: list[tf.Tensor]  # variables of the server's
    uplink: Nest  # such as what devices owe
    place: Place  # where devices are, and what else lasts of their links
    drift: tf.Tensor  # devices' models less the server's, [K, d]; [0, d] where all have the server's
    scheduler: Nest  # what it remembers
    clock: Nest = ()  # seconds since the start, float64; nothing without hardware
    memory: Memory = Memory((), ())  # of the algorithm, the server's and each device's
    leaked: Nest = ()  # what rounds told of each device's data, sums of mu^2, float64 [K]; [0] without a protection


def check(state: Any, layers: Layers) -> None:
    """Raise ValueError unless it is a state of a model of these layers."""
    if not isinstance(state, State):
        raise ValueError(f"state: expected what init or step returned, received {kind(state)}")
    found = tuple(tuple(part.shape) for part in tf.nest.flatten(state.weights) if hasattr(part, "shape"))
    if found != layers:
        told = [[list(shape) for shape in shapes] for shapes in (layers, found)]
        raise ValueError(f"state: expected one of this model, with weights {told[0]}, received {told[1]}")
