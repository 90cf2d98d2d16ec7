"""Pictures as queries: the drawing itself as a bilevel image, at the finest of several sizes that fits into a packet.

See ``bitmaps.py`` above for the code, and ``packets.py`` for what a packet holds.
"""

from typing import Annotated

from annotated_types import Ge, Gt, Le
from pydantic.dataclasses import dataclass

from .....ota.rates import Rate
from .....ota.rates.capacity import Capacity
from .....phy import Air
from .....phy.strict import STRICT
from .. import bitmaps, embedding
from ..evaluate import Packets, Rung
from . import Asked, Job, _ladder
from ._heads import noiseless

LEARNT_FROM = slice(0, 4)  # drawers whose drawings the context models are counted over


@dataclass(frozen=True, config=STRICT)
class PictureQuery:
    """Drawings as bits, which the server embeds as it embeds its gallery."""

    rate: Rate = Capacity()
    """How a packet's bits get through."""
    sides: tuple[Annotated[int, Gt(0), Le(56)], ...] = (8, 10, 12, 14, 16, 20, 28, 56)
    """Sides of the images that there are to choose from, in pixels."""
    thresholds: tuple[Annotated[float, Ge(0), Le(1)], ...] = (0.2, 0.3, 0.3, 0.4, 0.4, 0.4, 0.4, 0.5)
    """Shares of ink from which a pixel of each of them is black."""
    packets: Annotated[int, Gt(0)] = 659
    """How many packets are sent at each SNR, which queries take in turn."""

    def __post_init__(self) -> None:
        if not self.sides or len(self.sides) != len(self.thresholds):
            raise ValueError(
                f"picture.thresholds: expected one for each of at least one side, received {len(self.thresholds)} and "
                f"{len(self.sides)} sides; give both lists"
            )

    def check(self, air: Air) -> None:
        _ladder.check(air, "picture")

    def ready(self, job: Job, asked: Asked) -> Packets:
        rungs = [self._rung(job, asked, *one) for one in zip(self.sides, self.thresholds, strict=True)]
        return _ladder.packets(job, asked, rungs, self.rate, self.packets)

    def _rung(self, job: Job, asked: Asked, side: int, threshold: float) -> Rung:
        def described() -> Rung:
            head = noiseless(job)
            coder = bitmaps.learn(job.drawings.by(LEARNT_FROM).fine, side, threshold)
            drawn = coder.blacken(asked.drawings.fine)
            seen = embedding.embed(asked.network, coder.shown(drawn, asked.drawings.coarse.shape[1]))
            return Rung(coder.bits(drawn), asked.labels.match(head(seen), head(asked.gallery)))

        return _ladder.kept(job, asked, ("picture", side, threshold, job.elements, job.steps), described)
