"""Pictures as queries: the drawing itself as a bilevel image, of many sizes and thresholds of which some are chosen."""

from itertools import product
from typing import Annotated

from annotated_types import Ge, Gt, Le, Lt

from .....ota.rates import Rate
from .....ota.rates.capacity import Capacity
from .....phy import Air
from .....phy.strict import dataclass
from .. import bitmaps, embedding
from ..choice import ChosenPackets, Description
from ..evaluate import Rung
from . import Asked, Job, _ladder
from ._heads import noiseless

LEARNT_FROM = slice(0, 4)  # drawers whose drawings the context models are counted over


@dataclass(frozen=True)
class PictureQuery:
    """Drawings as bits, which the server embeds as it embeds its gallery.

    A drawing is made smaller by area means and blackened above a threshold, as a bilevel image; a pixel's probability
    depends on ten neighbours that went before, as in JBIG, counted over training characters. There are descriptions of
    many sizes and thresholds; at every SNR some of them, and how many packets may be lost, are chosen on characters
    kept from training. A query takes the most accurate one that fits into its packet, and says which; one that is lost,
    or that nothing fits, is answered by a guess.

    >>> from overair.learning.inference.retrieval.queries.picture import PictureQuery
    >>> from overair.phy import Air, Grid, Rayleigh
    >>> query = PictureQuery(sides=(8, 14), thresholds=(0.3,))
    >>> query.check(Air(Grid(), Rayleigh(), devices=1))  # an air in the time domain is refused
    """

    rate: Rate = Capacity()
    """How a packet's bits get through; what it accepts of losses is one of targets, if there are any."""
    targets: tuple[Annotated[float, Gt(0), Lt(1)], ...] = (0.3, 0.1, 0.03, 0.01, 0.003)
    """Block error rates (BLER) to choose from at every SNR; that of rate if there are none."""
    sides: tuple[Annotated[int, Gt(0), Le(56)], ...] = (8, 10, 12, 14, 16, 20, 28, 56)
    """Sides of the images that there are to choose from, in pixels."""
    thresholds: tuple[Annotated[float, Ge(0), Le(1)], ...] = (0.2, 0.3, 0.4, 0.5)
    """Shares of ink to choose from, from which a pixel is black; each with each side."""
    packets: Annotated[int, Gt(0)] = 659
    """How many packets are sent at each SNR, which queries take in turn."""

    def __post_init__(self) -> None:
        if not self.sides or not self.thresholds:
            raise ValueError(
                f"picture.thresholds: expected at least one, and a side, received {len(self.thresholds)} and "
                f"{len(self.sides)} sides; leave both out"
            )

    def check(self, air: Air) -> None:
        _ladder.check(air, "picture")

    def ready(self, job: Job, asked: Asked) -> ChosenPackets:
        each = [self._described(job, asked, *one) for one in product(self.sides, self.thresholds)]
        return _ladder.packets(job, asked, each, self.rate, self.targets, self.packets)

    def _described(self, job: Job, asked: Asked, side: int, threshold: float) -> Description:
        def describe(these: Asked) -> Rung:
            head = noiseless(job)
            coder = bitmaps.learn(job.drawings.by(LEARNT_FROM).fine, side, threshold)
            drawn = coder.blacken(these.drawings.fine)
            seen = embedding.embed(these.network, coder.shown(drawn, these.drawings.coarse.shape[1]))
            return Rung(coder.bits(drawn), these.labels.match(head(seen), head(these.gallery)))

        return _ladder.described(job, asked, ("picture", side, threshold, job.elements, job.steps), describe)
