"""Descriptions of queries in bits, from coarse to fine, and the packets that carry the finest that fits."""

from collections.abc import Callable, Iterable

import numpy as np

from .....ota.rates import Rate
from .....phy import Air
from ..evaluate import Packets, Rung
from ..packets import carrier
from ..ranking import Found
from . import Asked, Job


def packets(job: Job, asked: Asked, rungs: Iterable[Rung], rate: Rate, count: int) -> Packets:
    """Packets of a ladder, on the elements of a query."""
    in_order = sorted(rungs, key=lambda rung: rung.bits.mean())
    count = min(count, len(asked.labels.queries))
    shared = carrier(job.air, rate, job.elements, count)  # type: ignore[arg-type]  # rates are frozen
    return Packets(asked.labels, in_order, shared)


def kept(job: Job, asked: Asked, told: tuple[object, ...], make: Callable[[], Rung]) -> Rung:
    """A description of what is asked, made where it is not kept."""

    def arrays() -> list[np.ndarray]:
        rung = make()
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
