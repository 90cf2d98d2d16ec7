"""The model that a unit of federated learning ended with, made of the state in its record."""

from typing import TYPE_CHECKING, Any

from ..reading.errors import ScenarioError, fault
from ..running.units import Record
from ._federation import FederationParts
from ._rounds import KEPT_STATE, STOPPED

if TYPE_CHECKING:
    import keras

OTHER = "there each device has a model of its own; take another algorithm"
SMALLER = "take a smaller optimizer.learning_rate"
FROM_PYTHON = "train it from Python, where Federation.model gives it"


def trained(study: Any, parts: FederationParts, record: Record) -> "keras.Model":
    """The server's model after the scenario's last round; ScenarioError where there is none."""
    import tensorflow as tf

    from ...learning.federated.task import Task

    _check(study, parts, record)
    model = parts.model_factory(0)
    task = Task(model)
    like = task.weights()
    values = record.state[1 : 1 + len(tf.nest.flatten(like))]  # after the round's number
    task.fill(model, tf.nest.pack_sequence_as(like, list(map(tf.constant, values))))
    return model


def _check(study: Any, parts: FederationParts, record: Record) -> None:
    """Whether the state is that after the last round, of which a result tells the accuracy."""
    if not parts.algorithm.server_model:
        raise ScenarioError(fault("algorithm", "one whose server has a model", study.algorithm.kind, OTHER))
    done, stopped = len(record.coordinates["round"]), int(record.values[STOPPED.name])
    if stopped >= 0:
        raise ScenarioError(f"rounds: expected finite numbers, received others in round {stopped}; {SMALLER}")
    if done != study.rounds:
        again = f"run the scenario with rounds = {done} in this folder"
        raise ScenarioError(f"rounds: expected a record of {study.rounds}, found one of {done}; {again}")
    if not record.state:
        most = f"{KEPT_STATE >> 20} MiB"
        raise ScenarioError(f"model: expected one of at most {most}, as records keep them, found none; {FROM_PYTHON}")
