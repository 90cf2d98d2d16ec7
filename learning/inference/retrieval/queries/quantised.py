"""Learnt digital queries: features rounded and entropy coded, at many prices and widths of which some are chosen."""

from itertools import product
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le, Lt

from .....ota.rates import Rate
from .....ota.rates.capacity import Capacity
from .....phy import Air
from .....phy.strict import dataclass
from .. import quantised
from ..choice import ChosenPackets, Description
from ..evaluate import Rung
from . import Asked, Job, _ladder


@dataclass(frozen=True)
class QuantisedQuery:
    """Task-oriented features as bits: rounded and entropy coded, at many prices and widths of which some are chosen.

    A last layer z = W f + b of ``widths`` features is trained with noise in place of rounding, u_i uniform on [-1/2,
    1/2], and a price lambda for a bit,

        loss + lambda sum_i -log2 p_i(z_i + u_i),        then q = round(z),

    whose bits are those of real code words. At every SNR some of these descriptions, and how many packets may be lost,
    are chosen on characters kept from training. A query takes the most accurate one that fits into its packet, and says
    which; one that is lost, or that nothing fits, is answered by a guess.

    Balle, Laparra and Simoncelli, "End-to-end optimized image compression", ICLR 2017, for the noise.

    >>> from overair.learning.inference.retrieval.queries.quantised import QuantisedQuery
    >>> from overair.phy import Air, Grid, Rayleigh
    >>> query = QuantisedQuery(prices=(0.004, 0.02), widths=(32,))
    >>> query.check(Air(Grid(), Rayleigh(), devices=1))  # an air in the time domain is refused
    """

    rate: Rate = Capacity()
    """How a packet's bits get through; what it accepts of losses is one of targets, if there are any."""
    targets: tuple[Annotated[float, Gt(0), Lt(1)], ...] = (0.3, 0.1, 0.03, 0.01, 0.003)
    """Block error rates (BLER) to choose from at every SNR; that of rate if there are none."""
    prices: tuple[Annotated[float, Gt(0)], ...] = (0.0005, 0.0015, 0.004, 0.01, 0.02, 0.04, 0.08)
    """Prices of a bit to choose from, in nats of the loss."""
    widths: tuple[Annotated[int, Gt(0), Le(4096)], ...] = (96, 32, 12)
    """How many features a description may have; each with each price."""
    packets: Annotated[int, Gt(0)] = 659
    """How many packets are sent at each SNR, which queries take in turn."""

    def __post_init__(self) -> None:
        if not self.prices or not self.widths:
            raise ValueError(
                f"quantised.widths: expected at least one, and a price, received {len(self.widths)} and "
                f"{len(self.prices)} prices; leave both out"
            )

    def check(self, air: Air) -> None:
        _ladder.check(air, "quantised")

    def ready(self, job: Job, asked: Asked) -> ChosenPackets:
        each = [self._described(job, asked, *one) for one in product(self.prices, self.widths)]
        return _ladder.packets(job, asked, each, self.rate, self.targets, self.packets)

    def _described(self, job: Job, asked: Asked, price: float, width: int) -> Description:
        told = ("quantised", price, width, job.steps)

        def train() -> list[np.ndarray]:
            return quantised.train(job.features, width, price, job.steps, job.seed, job.key).arrays

        def describe(these: Asked) -> Rung:
            coder = quantised.of_arrays(job.keep(("head", *told), train))
            whole = coder.rounded(these.queries)
            return Rung(coder.bits(whole), these.labels.match(whole.astype(np.float32), coder.head(these.gallery)))

        return _ladder.described(job, asked, told, describe)
