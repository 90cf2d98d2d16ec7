"""The physical layer: grids, channels, impairments, CSI, power rules, combiners and the air that joins them."""

from .. import quietly  # noqa: F401 (first, as others import TensorFlow)
from . import keys
from .air import Air, superpose
from .arithmetic import squared
from .beliefs import CorrelatedPaths, CorrelatedTable
from .channels import Channel
from .channels._any_batch import any_batch
from .channels.awgn import Awgn
from .channels.block_rayleigh import BlockRayleigh
from .channels.cdl import Cdl
from .channels.cir_file import CirFile
from .channels.ray_traced import RayTraced
from .channels.rayleigh import Rayleigh
from .channels.rician import Rician
from .channels.rma import Rma
from .channels.tdl import Tdl
from .channels.uma import Uma
from .channels.umi import Umi
from .cohorts import check_cohorts
from .combiners import Combiner, combine
from .combiners.beamforming import Beamforming
from .combiners.maximum_ratio import MaximumRatio
from .combiners.zero_forcing import ZeroForcing
from .csi import Csi, Observation
from .csi.delayed import Delayed
from .csi.error_variance import ErrorVariance
from .csi.estimated import Estimated
from .csi.perfect import Perfect
from .csi.quantized_feedback import QuantizedFeedback
from .detection import Detected, detect, error_power, expected
from .grid import Grid
from .impairments import Distortion, Impairment
from .impairments.amplifier import Amplifier
from .impairments.clock_drift import ClockDrift
from .impairments.frequency_offset import FrequencyOffset
from .impairments.iq_imbalance import IqImbalance
from .impairments.path_loss import PathLoss
from .impairments.phase_noise import PhaseNoise
from .impairments.quantized_receiver import QuantizedReceiver
from .impairments.sampling_offset import SamplingOffset
from .impairments.timing_offset import TimingOffset
from .link import Belief, Link, Paths, ResponseTable, Size, Span
from .papr import papr_db
from .physical import snr_db
from .place import Place, SharedPlace, can_share
from .plain import from_plain, scheme_from_plain, scheme_to_plain, to_plain
from .power import Level, PowerRule
from .power.blind import Blind
from .power.equal_power import EqualPower
from .power.expected_norm import ExpectedNorm
from .power.full_inversion import FullInversion
from .power.greedy_selection import GreedySelection
from .power.individual import Individual
from .power.mse_optimal import MseOptimal
from .power.mse_robust import MseRobust
from .power.mse_wideband import MseWideband
from .power.opportunistic import Opportunistic
from .power.phase_only import PhaseOnly
from .power.truncated_inversion import TruncatedInversion
from .responses import save_cir
from .waveform import Waveform

__all__ = [
    "Air",
    "Amplifier",
    "Awgn",
    "Beamforming",
    "Belief",
    "Blind",
    "BlockRayleigh",
    "Cdl",
    "Channel",
    "CirFile",
    "ClockDrift",
    "CorrelatedPaths",
    "CorrelatedTable",
    "Delayed",
    "Detected",
    "Distortion",
    "EqualPower",
    "ErrorVariance",
    "Estimated",
    "ExpectedNorm",
    "FrequencyOffset",
    "FullInversion",
    "GreedySelection",
    "Grid",
    "Impairment",
    "Individual",
    "IqImbalance",
    "Csi",
    "Level",
    "Link",
    "MaximumRatio",
    "MseOptimal",
    "MseRobust",
    "MseWideband",
    "Opportunistic",
    "PathLoss",
    "Paths",
    "Perfect",
    "PhaseNoise",
    "PhaseOnly",
    "Place",
    "PowerRule",
    "QuantizedFeedback",
    "QuantizedReceiver",
    "RayTraced",
    "Rayleigh",
    "Combiner",
    "Rician",
    "Rma",
    "SamplingOffset",
    "SharedPlace",
    "Observation",
    "Size",
    "Span",
    "ResponseTable",
    "Tdl",
    "TimingOffset",
    "TruncatedInversion",
    "Uma",
    "Umi",
    "Waveform",
    "ZeroForcing",
    "any_batch",
    "can_share",
    "check_cohorts",
    "combine",
    "detect",
    "error_power",
    "expected",
    "from_plain",
    "keys",
    "papr_db",
    "save_cir",
    "scheme_from_plain",
    "scheme_to_plain",
    "snr_db",
    "squared",
    "superpose",
    "to_plain",
]
