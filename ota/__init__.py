"""Updates and images over the air: codecs, compressors, rates, uplinks, and image codecs."""

from .. import quietly  # noqa: F401 (first, as others import TensorFlow)
from .aggregators import AggregationRule
from .aggregators.centred_clip import CentredClip
from .aggregators.geometric_median import GeometricMedian
from .aggregators.krum import Krum
from .aggregators.mean import Mean
from .aggregators.median import Median
from .aggregators.trimmed_mean import TrimmedMean
from .codecs import Codec, pack, unpack
from .codecs.count_sketch import CountSketchSum
from .codecs.fsk_vote import FskVote
from .codecs.identity import Identity
from .codecs.low_rank import LowRank
from .codecs.md_air_comp import MdAirComp
from .codecs.one_bit import OneBit
from .codecs.random_linear import RandomLinear
from .codecs.sparse import Sparse
from .collection import apply, collect
from .compressors import Compressor
from .compressors.atomo import Atomo
from .compressors.correlated import Correlated
from .compressors.count_sketch import CountSketch
from .compressors.dithered import Dithered
from .compressors.eden import Eden
from .compressors.eden_coded import EdenCoded
from .compressors.entropy_dithered import EntropyDithered
from .compressors.lattice_dither import LatticeDither
from .compressors.layered import Layered
from .compressors.lloyd_max import LloydMax
from .compressors.low_precision import LowPrecision
from .compressors.low_rank import LowRankFactors
from .compressors.m22 import M22
from .compressors.nested import Nested
from .compressors.position_coded import PositionCoded
from .compressors.qcs import Qcs
from .compressors.qsgd import Qsgd
from .compressors.qsgd_fixed import QsgdFixed
from .compressors.quic_fl import QuicFl
from .compressors.random_k import RandomK
from .compressors.rotated_dither import RotatedDither
from .compressors.sign import Sign
from .compressors.syndrome_coded import SyndromeCoded
from .compressors.terngrad import TernGrad
from .compressors.tiny_script import TinyScript
from .compressors.top_k import TopK
from .compressors.uniform_scalar import UniformScalar
from .compressors.water_filled import WaterFilled
from .factors import FactorCodec
from .factors.dithered import DitheredFactors
from .factors.mse import MseFactors
from .factors.naive import NaiveFactors
from .images import ImageCodec
from .images.avif import Avif
from .images.jpeg import Jpeg
from .images.jpeg2000 import Jpeg2000
from .images.webp import Webp
from .projections import Projection
from .rates import Rate, Subchannel
from .rates.capacity import Capacity
from .rates.ldpc import Ldpc
from .rates.mcs import Mcs
from .rates.outage import Outage
from .recovery import Recovery, least_squares_on, recover_complex
from .recovery.amp import Amp
from .recovery.em_bg_amp import EmBgAmp
from .recovery.lmmse import Lmmse
from .round import Outcome, ReceivedSum, Report, Round, Terms, Uplink, weighted_sum
from .separate import Separate
from .uplinks.analog import Analog
from .uplinks.digital import Digital
from .uplinks.ideal import Ideal

__all__ = [
    "AggregationRule",
    "Amp",
    "Analog",
    "Atomo",
    "Avif",
    "Capacity",
    "CentredClip",
    "Codec",
    "Compressor",
    "CountSketch",
    "CountSketchSum",
    "Correlated",
    "Digital",
    "Dithered",
    "DitheredFactors",
    "Eden",
    "EdenCoded",
    "EmBgAmp",
    "EntropyDithered",
    "FactorCodec",
    "FskVote",
    "GeometricMedian",
    "Ideal",
    "Identity",
    "ImageCodec",
    "Jpeg",
    "Jpeg2000",
    "Krum",
    "Layered",
    "LatticeDither",
    "Ldpc",
    "LloydMax",
    "Lmmse",
    "LowPrecision",
    "LowRank",
    "M22",
    "LowRankFactors",
    "Mcs",
    "MdAirComp",
    "Nested",
    "Mean",
    "Median",
    "MseFactors",
    "NaiveFactors",
    "OneBit",
    "Outcome",
    "Outage",
    "PositionCoded",
    "Projection",
    "Qcs",
    "Qsgd",
    "QsgdFixed",
    "QuicFl",
    "RandomK",
    "RandomLinear",
    "Rate",
    "ReceivedSum",
    "Recovery",
    "Report",
    "RotatedDither",
    "Round",
    "Separate",
    "Subchannel",
    "Sign",
    "Sparse",
    "Terms",
    "SyndromeCoded",
    "TernGrad",
    "TinyScript",
    "TopK",
    "UniformScalar",
    "TrimmedMean",
    "Uplink",
    "WaterFilled",
    "Webp",
    "apply",
    "collect",
    "least_squares_on",
    "pack",
    "recover_complex",
    "unpack",
    "weighted_sum",
]
