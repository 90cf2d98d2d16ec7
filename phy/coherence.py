"""Coherence: how the mean response of a moment is correlated with that of another, as is known of a link in advance.

It is the product of what the channel keeps, path by path, and of what distortions that turn with time keep of all.
"""

from collections.abc import Callable, Sequence

import numpy as np

from .channels import Channel
from .csi import still
from .grid import Grid
from .impairments import Distortion, Impairment


def coherence(
    grid: Grid, channel: Channel, impairments: Sequence[Impairment]
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """From symbols ``then`` and ``now`` to the correlation of each path with itself, complex [..., L or 1]."""
    turning = [each for each in impairments if isinstance(each, Distortion)]

    def correlation(then: np.ndarray, now: np.ndarray) -> np.ndarray:
        stands = channel.static
        kept = np.asarray(still(then, now) if stands else channel.correlation(then, now, grid.symbol_seconds), complex)
        for each in turning:
            kept = kept * each.correlation(np.subtract(now, then) * grid.symbol_seconds, grid)[..., None]
        return kept

    return correlation
