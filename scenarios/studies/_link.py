"""Blocks over a scenario's link: what is checked before, and error rates over SNRs."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading.complaints import named
from ..running.units import Work
from ._air import air_of

if TYPE_CHECKING:
    from ...ota.link_level import Blocks, LinkLevel
    from ...phy import Air

STEPS = 1000  # of progress, for each SNR


class LinkParts(NamedTuple):
    """What a point is made of."""

    air: "Air"
    blocks: "Blocks"
    most: int


def prepare(study: Any) -> LinkParts:
    """The air of a point and the blocks on it; what can be wrong with them is found here."""
    from ...ota.link_level import ORDERS, Blocks

    air = air_of(study, devices=1)
    with named():
        return LinkParts(air, Blocks(ORDERS[study.modulation], study.block, study.code_rate), study.most)


def build(parts: LinkParts) -> "LinkLevel":
    """What is compiled."""
    from ...ota.link_level import LinkLevel

    return LinkLevel(*parts)


def send(study: Any, level: "LinkLevel", work: Work) -> dict[str, np.ndarray]:
    """The measures of one point with one seed, each [S]."""
    from ...phy import keys

    snrs, key, found = work.wanted["link.snr_db"], keys.key(work.seed, "link level"), []
    for at, snr_db in enumerate(snrs):

        def tell(share: float, at: int = at) -> None:
            work.progress(at * STEPS + int(share * STEPS), len(snrs) * STEPS)

        counted = level.count(snr_db, key, study.errors, tell)
        row = [counted.ber, *counted.ber_interval, counted.bler, *counted.bler_interval]
        found.append([*row, counted.blocks, counted.blocks * counted.bits, level.theory(snr_db)])
        tell(1.0)
    names = [each.name for each in study.measures]
    return dict(zip(names, np.array(found, float).T, strict=True))
