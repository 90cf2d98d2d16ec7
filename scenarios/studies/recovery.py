"""Recovery of sparse gradients from random sums: its error over shares of entries kept and SNRs."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Gt, Le, Lt, MinLen
from pydantic import Field, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.tables import SnrDb, all_different
from ..results.measures import Measure
from ..running.units import Values, Work
from ._gradients import OfGradients

Share = Annotated[float, Gt(0), Le(1)]
Draws = Annotated[int, Gt(0), Lt(2**20)]


class RecoveryStudy(OfGradients):
    """Everything that decides an error of recovery.

        study = "recovery"
        data = "mnist"
        model = "dropout_cnn"
        moments = [100]
        recovery = ["amp", "em_bg_amp", "lmmse"]
        shares = [0.05, 0.1, 0.2]

    Of a gradient the largest entries x are kept and y = A x + w received, with rows of a Hadamard matrix and an SNR of
    |x|^2/|w|^2. ``entries`` tells what matters: "real" ones; with each kernel of a convolution "shuffled" within
    itself, so that layers keep their shares of large entries and amplitudes, but nobody his neighbours; or "normal"
    amplitudes on the same support.

    >>> from overair.scenarios.studies.recovery import RecoveryStudy
    >>> RecoveryStudy(study="recovery", recovery="amp", moments=[20], shares=[0.1], snrs_db=[20]).dimensions()
    {'moment': [20], 'share': [0.1], 'snr_db': [20.0]}
    """

    measures: ClassVar = (
        Measure("nmse", "1", "normalised mean square error of recovery", heading="NMSE", better="low", scale="log"),
        Measure("deviation", "1", "standard deviation of the error over draws", heading="deviation"),
        Measure("oracle", "1", "error of least squares on the true support", heading="true support"),
        Measure("oracle_deviation", "1", "standard deviation of that over draws"),
        Measure("transition", "1", "share of entries up to which a soft threshold recovers without noise", over=()),
    )
    along: ClassVar = OfGradients.along | {"share": "shares", "snr_db": "snrs_db"}
    fixed: ClassVar = OfGradients.fixed | {
        "shares": "a list of numbers (shares are a dimension of every result)",
        "snrs_db": "a list of numbers (SNRs are a dimension of every result)",
    }

    example: ClassVar = {
        "data": "digits", "model": "softmax", "moments": [20], "recovery": "amp", "shares": [0.05, 0.2],
        "snrs_db": [20.0],
    }  # fmt: skip

    study: Literal["recovery"] = Field(description="what is simulated")
    recovery: Annotated[Scheme, Of("recovery")] = Field(
        description="recovery; how a sparse vector is found from its sums"
    )
    entries: Literal["real", "shuffled", "normal"] = Field(
        default="real", description="entries; as they are, kernels shuffled within themselves, or normal amplitudes"
    )
    shares: Annotated[list[Share], MinLen(1)] = Field(
        default=[0.05, 0.1, 0.2], description="share of entries kept; those of largest magnitude"
    )
    sums: Share = Field(default=0.5, description="random sums for each entry, m/d")
    snrs_db: Annotated[list[SnrDb], MinLen(1)] = Field(
        default=[20.0], description="SNR, in dB; |x|^2/|w|^2, where 300 is without noise"
    )
    draws: Draws = Field(default=4, description="matrices for each vector")

    _differ = field_validator("shares", "snrs_db")(all_different)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _recovery

        return _recovery.prepare(self, shared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _recovery

        return _recovery.errors(self, common, work)
