"""The physical layer: grids, channels, impairments, knowledge, power rules, receivers and the air that joins them."""

from . import keys
from .air import Air, Place, superpose
from .channels import Channel
from .channels.awgn import Awgn
from .channels.rayleigh import Rayleigh
from .channels.tdl import Tdl
from .grid import Grid
from .impairments import Distortion, Impairment
from .impairments.path_loss import PathLoss
from .impairments.timing_offset import TimingOffset
from .knowledge import Knowledge, Sight
from .knowledge.error_variance import ErrorVariance
from .knowledge.perfect import Perfect
from .link import Link, Paths, Size, Span, Table
from .power import Level, PowerRule, squared
from .power.full_inversion import FullInversion
from .power.mse_optimal import MseOptimal
from .power.phase_only import PhaseOnly
from .power.truncated_inversion import TruncatedInversion
from .receivers import Receiver, behind
from .receivers.maximum_ratio import MaximumRatio
from .waveform import Waveform

__all__ = [
    "Air",
    "Awgn",
    "Channel",
    "Distortion",
    "ErrorVariance",
    "FullInversion",
    "Grid",
    "Impairment",
    "Knowledge",
    "Level",
    "Link",
    "MaximumRatio",
    "MseOptimal",
    "PathLoss",
    "Paths",
    "Perfect",
    "PhaseOnly",
    "Place",
    "PowerRule",
    "Rayleigh",
    "Receiver",
    "Sight",
    "Size",
    "Span",
    "Table",
    "Tdl",
    "TimingOffset",
    "TruncatedInversion",
    "Waveform",
    "behind",
    "keys",
    "squared",
    "superpose",
]
