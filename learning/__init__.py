"""Federated training of Keras models over an uplink."""

from .federated.algorithms import Algorithm
from .federated.algorithms.fedavg import Fedavg
from .federated.algorithms.sgd import Sgd
from .federated.attackers import Attacker, Others
from .federated.attackers.alie import Alie
from .federated.attackers.gaussian import Gaussian
from .federated.attackers.ipm import Ipm
from .federated.attackers.label_flip import LabelFlip
from .federated.attackers.scale import Scale
from .federated.attackers.sign_flip import SignFlip
from .federated.downlinks import Downlink
from .federated.downlinks.broadcast import Broadcast
from .federated.federation import Federation, Metrics, State
from .federated.protections import Protection
from .federated.protections.device import Device
from .federated.protections.sample import Sample
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

__all__ = [
    "Algorithm",
    "Alie",
    "Attacker",
    "BestChannel",
    "Broadcast",
    "ChannelThenUpdate",
    "Coins",
    "Device",
    "Downlink",
    "Fedavg",
    "Federation",
    "Gaussian",
    "Ipm",
    "LabelFlip",
    "LargestUpdate",
    "Metrics",
    "Oldest",
    "Optimal",
    "Others",
    "Plan",
    "ProportionalFair",
    "Protection",
    "Random",
    "RoundRobin",
    "Sample",
    "Scale",
    "Scheduler",
    "Sgd",
    "Sight",
    "SignFlip",
    "State",
    "Task",
    "Weights",
]
