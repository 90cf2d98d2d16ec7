"""Federated training of Keras models over an uplink."""

from .algorithms import Algorithm
from .algorithms.fedavg import Fedavg
from .algorithms.sgd import Sgd
from .downlink import Downlink
from .federation import Federation, Metrics, State
from .task import Task, Weights

__all__ = ["Algorithm", "Downlink", "Fedavg", "Federation", "Metrics", "Sgd", "State", "Task", "Weights"]
