"""Federated training of Keras models over an uplink."""

from .federated.algorithms import Algorithm
from .federated.algorithms.fedavg import Fedavg
from .federated.algorithms.sgd import Sgd
from .federated.downlinks import Downlink
from .federated.downlinks.broadcast import Broadcast
from .federated.federation import Federation, Metrics, State
from .federated.task import Task, Weights

__all__ = [
    "Algorithm",
    "Broadcast",
    "Downlink",
    "Fedavg",
    "Federation",
    "Metrics",
    "Sgd",
    "State",
    "Task",
    "Weights",
]
