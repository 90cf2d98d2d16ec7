"""Which road is right: responses, while arrivals keep to the prefix and subcarriers stay orthogonal, or waveforms.

The frequency road is exact only where 0 <= advance + offset + path delay <= prefix over all delays that can occur;
early arrivals have no prefix to protect them. The time road (``waveform.py``) is right everywhere.
"""

from collections.abc import Sequence

from .channels import Channel
from .grid import Grid
from .impairments import Impairment

STAGES = ["paths", "transmit", "receive"]  # the order of mean effects: what turns with a delay comes after it


def always(impairment: Impairment) -> bool:
    """All of them."""
    return True


def is_seen(impairment: Impairment) -> bool:
    """Those that the transmitters see."""
    return impairment.seen


def is_path(impairment: Impairment) -> bool:
    """Those of delays and gains."""
    return impairment.stage == "paths"


def arrivals(grid: Grid, channel: Channel, impairments: Sequence[Impairment]) -> tuple[float, float]:
    """The first and the last arrival there can be, in samples after what is on time."""
    low, high = 0.0, channel.longest / grid.sample
    for impairment in impairments:
        first, last = impairment.delays(grid)
        low, high = low + first / grid.sample, high + last / grid.sample
    return low, high


def why_not_frequency(grid: Grid, channel: Channel, impairments: Sequence[Impairment], coherence: str) -> str:
    """Why the frequency road would be wrong; empty where it is right."""
    low, high = (arrival + grid.advance for arrival in arrivals(grid, channel, impairments))
    if low < -1e-6 or high > grid.prefix + 1e-6:
        return (
            f"expected every arrival between 0 and {grid.prefix} samples after the window opens, as the frequency road "
            f"needs, received {low:.3g} to {high:.3g}; lengthen prefix, change advance, or shorten offsets and delays"
        )
    for impairment in impairments:
        if not impairment.orthogonal:
            return f"expected orthogonal subcarriers, as the frequency road needs, received {type(impairment).__name__}"
    if coherence == "sample" and not channel.static:
        return "expected taps held over a symbol, as the frequency road needs, received coherence = sample"
    return ""
