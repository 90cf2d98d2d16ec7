"""Learnt digital queries: features rounded and entropy coded, at the finest of several prices that fits into a packet.

See ``quantised.py`` above for the features and their words, and ``packets.py`` for what a packet holds.
"""

from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from pydantic.dataclasses import dataclass

from .....ota.rates import Rate
from .....ota.rates.capacity import Capacity
from .....phy import Air
from .....phy.strict import STRICT
from .. import quantised
from ..evaluate import Packets, Rung
from . import Asked, Job, _ladder


@dataclass(frozen=True, config=STRICT)
class QuantisedQuery:
    """Task-oriented features as bits."""

    rate: Rate = Capacity()
    """How a packet's bits get through."""
    prices: tuple[Annotated[float, Gt(0)], ...] = (0.0005, 0.0015, 0.004, 0.01, 0.01, 0.02, 0.04, 0.08)
    """Prices of a bit in nats of the loss, each of a description of its own."""
    widths: tuple[Annotated[int, Gt(0), Le(4096)], ...] = (96, 64, 48, 32, 24, 24, 16, 10)
    """How many features each of these descriptions has."""
    packets: Annotated[int, Gt(0)] = 659
    """How many packets are sent at each SNR, which queries take in turn."""

    def __post_init__(self) -> None:
        if not self.prices or len(self.prices) != len(self.widths):
            raise ValueError(
                f"quantised.widths: expected one for each of at least one price, received {len(self.widths)} and "
                f"{len(self.prices)} prices; give both lists"
            )

    def check(self, air: Air) -> None:
        _ladder.check(air, "quantised")

    def ready(self, job: Job, asked: Asked) -> Packets:
        rungs = [self._rung(job, asked, *one) for one in zip(self.prices, self.widths, strict=True)]
        return _ladder.packets(job, asked, rungs, self.rate, self.packets)

    def _rung(self, job: Job, asked: Asked, price: float, width: int) -> Rung:
        told = ("quantised", price, width, job.steps)

        def train() -> list[np.ndarray]:
            return quantised.train(job.features, width, price, job.steps, job.seed, job.key).arrays

        def described() -> Rung:
            coder = quantised.of_arrays(job.keep(("head", *told), train))
            whole = coder.rounded(asked.queries)
            return Rung(coder.bits(whole), asked.labels.match(whole.astype(np.float32), coder.head(asked.gallery)))

        return _ladder.kept(job, asked, told, described)
