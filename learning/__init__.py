"""Federated training of Keras models over an uplink."""

from .. import quietly  # noqa: F401 (first, as others import TensorFlow)
from .federated.algorithms import Algorithm
from .federated.algorithms.distillation import Distillation
from .federated.algorithms.ditto import Ditto
from .federated.algorithms.fedavg import Fedavg
from .federated.algorithms.feddyn import Feddyn
from .federated.algorithms.fednova import Fednova
from .federated.algorithms.fedprox import Fedprox
from .federated.algorithms.fine_tuning import FineTuning
from .federated.algorithms.mime import Mime
from .federated.algorithms.mocha import Mocha
from .federated.algorithms.per_fedavg import PerFedavg
from .federated.algorithms.pfedme import Pfedme
from .federated.algorithms.reptile import Reptile
from .federated.algorithms.scaffold import Scaffold
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
from .federated.effort import Effort
from .federated.federation import Federation
from .federated.hardware import Hardware
from .federated.metrics import Metrics
from .federated.population import Population
from .federated.protections import Protection
from .federated.protections.device import Device
from .federated.protections.sample import Sample
from .federated.radio import Radio
from .federated.schedulers import Plan, Scheduler, Sight
from .federated.schedulers.best_channel import BestChannel
from .federated.schedulers.buffered import Buffered
from .federated.schedulers.channel_then_update import ChannelThenUpdate
from .federated.schedulers.cohort import Cohort
from .federated.schedulers.coins import Coins
from .federated.schedulers.deadline import Deadline
from .federated.schedulers.deliverable_update import DeliverableUpdate
from .federated.schedulers.joint import Joint
from .federated.schedulers.largest_update import LargestUpdate
from .federated.schedulers.oldest import Oldest
from .federated.schedulers.optimal import Optimal
from .federated.schedulers.proportional_fair import ProportionalFair
from .federated.schedulers.random import Random
from .federated.schedulers.round_robin import RoundRobin
from .federated.schedulers.slotted import Slotted
from .federated.state import State
from .federated.task import Task
from .federated.weights import Weights

__all__ = [
    "Reptile",
    "Pfedme",
    "PerFedavg",
    "Ditto",
    "Algorithm",
    "Alie",
    "Attacker",
    "BestChannel",
    "Broadcast",
    "Buffered",
    "ChannelThenUpdate",
    "Cohort",
    "Coins",
    "Deadline",
    "DeliverableUpdate",
    "Device",
    "Distillation",
    "Downlink",
    "Effort",
    "Fedavg",
    "Feddyn",
    "Federation",
    "Fednova",
    "Fedprox",
    "FineTuning",
    "Gaussian",
    "Hardware",
    "Ipm",
    "Joint",
    "LabelFlip",
    "LargestUpdate",
    "Metrics",
    "Mime",
    "Mocha",
    "Oldest",
    "Optimal",
    "Others",
    "Plan",
    "Population",
    "ProportionalFair",
    "Protection",
    "Radio",
    "Random",
    "RoundRobin",
    "Sample",
    "Scaffold",
    "Scale",
    "Scheduler",
    "Sgd",
    "Sight",
    "SignFlip",
    "Slotted",
    "State",
    "Task",
    "Weights",
]
