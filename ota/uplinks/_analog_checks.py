"""What an analog uplink cannot do, said before anything is compiled."""

from typing import Any

from ...phy import Awgn, MaximumRatio
from ..terms import Terms
from ._levels import sampling


def check(uplink: Any, terms: Terms, elements: int) -> None:
    """Raise ValueError; ``elements`` are what one sum takes."""
    if uplink.groups > 1:
        _groups(uplink, terms)
    _elements(uplink, terms, elements)
    if uplink.budget == "average":
        _average(uplink, terms)


def _elements(uplink: Any, terms: Terms, elements: int) -> None:
    granted = terms.share(uplink.groups).elements
    if elements <= granted:
        return
    beside = "" if uplink.rule.announced else ", one of them for the scale that this rule sends beside"
    told, needed = f"{terms.size} parameters{beside}", elements
    if uplink.groups > 1:
        told += f" in each of {uplink.groups} groups"
        each = terms.air.grid.slots(elements) * terms.air.grid.elements if terms.slots >= uplink.groups else elements
        needed = each * uplink.groups
    raise ValueError(
        f"grant.elements: expected at least {needed} resource elements for this codec and {told}, "
        f"received {terms.elements}; set grant.elements = {needed}"
    )


def _groups(uplink: Any, terms: Terms) -> None:
    if uplink.codec.feedback is None:
        raise ValueError(f"uplink.groups: expected 1 for votes, which have no mean, received {uplink.groups}")
    if uplink.budget == "average":
        raise ValueError("uplink.budget: expected round with groups, each of which has a level, received average")
    if not terms.air.orthogonal:
        raise ValueError("uplink.groups: expected 1 in the time domain, where groups run together, received more")


def _average(uplink: Any, terms: Terms) -> None:
    if not uplink.rule.bounded and not isinstance(terms.air.channel, Awgn):
        raise ValueError(
            "uplink.budget: expected round for a rule that inverts every fade, whose mean energy is "
            "infinite, received average; or take truncated_inversion with a threshold above 0"
        )
    if terms.air.pilots > 0 or (terms.air.antennas > 1 and not isinstance(terms.air.combiner, MaximumRatio)):
        raise ValueError(
            "uplink.budget: expected round where gains depend on the noise, as with estimated CSI or with "
            "combiners other than maximum_ratio, received average; the mean energy is another at every SNR"
        )
    sampling(terms)  # refuses what would take too many draws
