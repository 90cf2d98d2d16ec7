"""The model that a unit of federated learning ended with, made of the state in its record."""

from typing import TYPE_CHECKING, Any

from ..reading.errors import ScenarioError, fault
from ..running.units import Record
from ._federation import FederationParts
from ._rounds import KEPT_STATE, STOPPED

if TYPE_CHECKING:
    import keras


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
        raise ScenarioError(fault("algorithm", "one whose server has a model", study.algorithm.kind))
    done = len(record.coordinates["round"])
    if int(record.values[STOPPED.name]) >= 0:
        raise ScenarioError(
            f"rounds: expected finite numbers, received others in round {int(record.values[STOPPED.name])}"
        )
    if done != study.rounds:
        raise ScenarioError(f"rounds: expected a record of {study.rounds}, found one of {done}")
    if not record.state:
        raise ScenarioError(f"model: expected one of at most {KEPT_STATE >> 20} MiB, as records keep them, found none")
