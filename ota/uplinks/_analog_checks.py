"""What an analog uplink cannot do, said before anything is compiled."""

from typing import Any

from ..terms import Terms, check_memory
from ._counting import check_counts
from ._levels import check_average


def check(uplink: Any, terms: Terms, elements: int) -> None:
    """Raise ValueError; ``elements`` are what one sum takes."""
    check_counts(uplink.codec, terms)
    if uplink._feedback:
        check_memory(terms)
    if uplink.groups > 1:
        _groups(uplink, terms)
    _elements(uplink, terms, elements)
    if uplink.budget == "average":
        check_average(uplink.rule, terms)


def _elements(uplink: Any, terms: Terms, elements: int) -> None:
    granted = terms.share(uplink.groups).granted
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
