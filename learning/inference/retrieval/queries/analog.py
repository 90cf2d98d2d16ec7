"""Analog queries (JSCC): features are symbols, two on each, behind a last layer trained through the air."""

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le

from .....phy import Air, Awgn
from .....phy.strict import dataclass
from ....over_air import OverAir
from ..analog import through
from ..evaluate import AnalogQueries
from . import Asked, Job
from ._heads import trained


@dataclass(frozen=True)
class AnalogQuery:
    """Features sent as they are; the device knows nothing of the channel (JSCC).

    A last layer z = W f + b makes of the network's features as many as elements hold, two on each, and is trained
    through the air at SNRs uniform in dB from ``low_db`` to ``high_db``. The server has no decoder: what the equaliser
    reads is compared with the gallery by cosines, so its scale does not matter.

    Jankowski, Gunduz and Mikolajczyk, "Deep joint source-channel coding for wireless image retrieval", ICASSP 2020.

    >>> from overair.learning.inference.retrieval.queries.analog import AnalogQuery
    >>> from overair.phy import Air, Grid, Rayleigh
    >>> query = AnalogQuery(low_db=-5.0, high_db=15.0)
    >>> query.check(Air(Grid(), Rayleigh(), devices=1))  # any air serves
    """

    low_db: Annotated[float, Ge(-300), Le(300)] = -12.0
    """Least SNR of the training, in dB."""
    high_db: Annotated[float, Ge(-300), Le(300)] = 18.0
    """Largest SNR of the training, in dB."""
    through: Literal["awgn", "link"] = "awgn"
    """The air of the training; noise alone on one antenna, or the link itself, where a step may take far longer."""
    steps: Annotated[int, Gt(0)] | None = None
    """Training steps; head_steps unless given."""

    def __post_init__(self) -> None:
        if self.low_db > self.high_db:
            raise ValueError(f"analog.high_db: expected at least low_db = {self.low_db:g}, received {self.high_db:g}")

    def check(self, air: Air) -> None:
        pass

    def ready(self, job: Job, asked: Asked) -> AnalogQueries:
        air = job.air if self.through == "link" else Air(job.air.grid, Awgn(), 1)
        snr = self.low_db if self.low_db == self.high_db else (self.low_db, self.high_db)
        head = trained(job, through(OverAir(air, snr)), self.steps or job.steps, air, snr)
        queries, gallery = (head(each).numpy() for each in (asked.queries, asked.gallery))
        return AnalogQueries(asked.labels, queries, gallery, OverAir(job.air))
