"""Updates over the air: codecs, compressors and uplinks."""

from .codecs import Codec, pack, unpack
from .codecs.identity import Identity
from .codecs.random_linear import RandomLinear
from .compressors import Compressor
from .compressors.dithered import Dithered
from .round import Report, Round, Terms, Uplink, apply, weighted_sum
from .uplinks.analog import Analog
from .uplinks.digital import Digital
from .uplinks.ideal import Ideal

__all__ = [
    "Analog",
    "Codec",
    "Compressor",
    "Digital",
    "Dithered",
    "Ideal",
    "Identity",
    "RandomLinear",
    "Report",
    "Round",
    "Terms",
    "Uplink",
    "apply",
    "pack",
    "unpack",
    "weighted_sum",
]
