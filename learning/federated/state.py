"""What a run of federated learning carries from round to round."""

from collections.abc import Mapping
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


def forms(state: State) -> dict[str, str]:
    """Of each part by name, how its tensors are nested and which types and shapes they have."""
    return {name: _form(part) for name, part in zip(State._fields, state, strict=True)}


def check_forms(state: State, wanted: Mapping[str, str], whose: Mapping[str, object]) -> None:
    """Raise ValueError where parts have other forms than wanted, by the name of whose they are."""
    for name, found in forms(state).items():
        if found != wanted[name]:
            source = whose.get(name)
            told = f" with {type(source).__name__}" if source is not None else ""
            raise ValueError(
                f"state.{name}: expected {wanted[name]}, as of this federation{told}, received {found}, of another "
                "one; take the state that init or step of this one returned"
            )


def _form(part: Any) -> str:
    if hasattr(part, "shape"):
        return f"{part.dtype.name}{list(part.shape)}"
    if not isinstance(part, list | tuple):
        return kind(part)
    name = type(part).__name__ if hasattr(part, "_fields") else ""
    return f"{name}({', '.join(map(_form, part))})"
