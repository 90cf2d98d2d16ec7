"""Descriptions of queries in bits, and the packets that carry those which are chosen."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .....ota.rates import Rate
from .....phy import Air, keys
from ..choice import ChosenPackets, Description, worthwhile
from ..evaluate import Rung
from ..packets import carrier
from ..ranking import Found
from . import Asked, Job


def packets(
    job: Job, asked: Asked, descriptions: Iterable[Description], rate: Rate, targets: Sequence[float], count: int
) -> ChosenPackets:
    """Packets of the descriptions that are worthwhile, on the elements of a query."""
    count = min(count, len(asked.labels.queries))
    carriers = [carrier(job.air, one, job.elements, count) for one in aimed(rate, targets)]
    key = keys.key(job.seed, "validation queries")
    return ChosenPackets(job.held_out.labels, asked.labels, worthwhile([*descriptions]), carriers, key)


def aimed(rate: Any, targets: Sequence[float]) -> list[Any]:
    """A rate that accepts a share of losses with every one of these; another as it is, and so if there are none."""
    if getattr(rate, "target_bler", None) is None or not targets:
        return [rate]
    return [replace(rate, target_bler=target) for target in targets]


def described(job: Job, asked: Asked, told: tuple[object, ...], make: Callable[[Asked], Rung]) -> Description:
    """A description of what is held out and, once it is needed, of what is asked; made where it is not kept."""
    return Description(_kept(job, job.held_out, told, make), lambda: _kept(job, asked, told, make))


def _kept(job: Job, asked: Asked, told: tuple[object, ...], make: Callable[[Asked], Rung]) -> Rung:
    def arrays() -> list[np.ndarray]:
        rung = make(asked)
        return [rung.bits, *rung.found]

    bits, *found = job.keep(("rung", *told, *asked.told), arrays)
    return Rung(bits, Found(*found))


def check(air: Air, kind: str) -> None:
    """Refuses an air on which a rate cannot say what arrives."""
    if not air.orthogonal:
        raise ValueError(
            f"{kind}: expected the frequency domain for queries sent as bits, received the time domain; take query = "
            "analog, or a link without impairments of the waveform"
        )
