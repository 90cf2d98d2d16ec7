"""Federated training of Keras models over an uplink."""

from .federated.algorithms import Algorithm
from .federated.algorithms.fedavg import Fedavg
from .federated.algorithms.feddyn import Feddyn
from .federated.algorithms.fednova import Fednova
from .federated.algorithms.fedprox import Fedprox
from .federated.algorithms.scaffold import Scaffold
from .federated.algorithms.sgd import Sgd
from .federated.downlinks import Downlink
from .federated.downlinks.broadcast import Broadcast
from .federated.federation import Federation, Metrics, State
from .federated.schedulers import Plan, Scheduler, Sight
from .federated.schedulers.best_channel import BestChannel
from .federated.schedulers.channel_then_update import ChannelThenUpdate
from .federated.schedulers.coins import Coins
from .federated.schedulers.largest_update import LargestUpdate
from .federated.schedulers.oldest import Oldest
from .federated.schedulers.optimal import Optimal
from .federated.schedulers.proportional_fair import ProportionalFair
from .federated.schedulers.random import Random
from .federated.schedulers.round_robin import RoundRobin
from .federated.task import Task, Weights
from .federated.work import Work

__all__ = [
    "Algorithm",
    "BestChannel",
    "Broadcast",
    "ChannelThenUpdate",
    "Coins",
    "Downlink",
    "Fedavg",
    "Feddyn",
    "Federation",
    "Fednova",
    "Fedprox",
    "LargestUpdate",
    "Metrics",
    "Oldest",
    "Optimal",
    "Plan",
    "ProportionalFair",
    "Random",
    "RoundRobin",
    "Scaffold",
    "Scheduler",
    "Sgd",
    "Sight",
    "State",
    "Task",
    "Weights",
    "Work",
]
