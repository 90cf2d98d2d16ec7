"""Federated training of Keras models over an uplink."""

from .federated.algorithms import Algorithm
from .federated.algorithms.fedavg import Fedavg
from .federated.algorithms.sgd import Sgd
from .federated.downlinks import Downlink
from .federated.downlinks.broadcast import Broadcast
from .federated.federation import Federation, Metrics, State
from .federated.population import Population
from .federated.schedulers import Plan, Scheduler, Sight
from .federated.schedulers.best_channel import BestChannel
from .federated.schedulers.channel_then_update import ChannelThenUpdate
from .federated.schedulers.cohort import Cohort
from .federated.schedulers.coins import Coins
from .federated.schedulers.largest_update import LargestUpdate
from .federated.schedulers.oldest import Oldest
from .federated.schedulers.optimal import Optimal
from .federated.schedulers.proportional_fair import ProportionalFair
from .federated.schedulers.random import Random
from .federated.schedulers.round_robin import RoundRobin
from .federated.task import Task, Weights

__all__ = [
    "Algorithm",
    "BestChannel",
    "Broadcast",
    "ChannelThenUpdate",
    "Cohort",
    "Coins",
    "Downlink",
    "Fedavg",
    "Federation",
    "LargestUpdate",
    "Metrics",
    "Oldest",
    "Optimal",
    "Plan",
    "Population",
    "ProportionalFair",
    "Random",
    "RoundRobin",
    "Scheduler",
    "Sgd",
    "Sight",
    "State",
    "Task",
    "Weights",
]
