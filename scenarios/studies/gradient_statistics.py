"""Statistics of gradients while a network learns: kurtosis, fitted laws, tests between epochs, by layer."""

import json
from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import Field, field_validator

from ..reading.catalogue import Table
from ..reading.tables import Positive, all_different
from ..results.measures import Measure
from ..running.units import Values, Work
from ._gradients import OfNetwork

Epoch = Annotated[int, Gt(0), Le(10**4)]
Layer = Annotated[int, Gt(0), Le(10**4)]
Units = Annotated[int, Gt(0), Le(1024)]
Inputs = Annotated[int, Ge(16), Le(2**16)]
Entries = Annotated[int, Ge(16), Le(10**6)]
Draws = Annotated[int, Gt(0), Le(10**4)]
IDLE = ("data", "model", "side")  # with a teacher
APART = ("gradient", "entries", "draws")  # what units differ in that share a training


class Teacher(Table):
    """Two-layer networks on Gaussian inputs, as Goldt et al. (2019) have them."""

    activation: Literal["erf", "relu"] = Field(description="activation of hidden units; erf(v/sqrt(2)) or ReLU")
    inputs: Inputs = Field(default=100, description="inputs N, from N(0, 1)")
    hidden: Units = Field(default=2, description="hidden units of the teacher, M")
    student: Units = Field(default=4, description="hidden units of the student, K")
    steps: Positive = Field(default=1000, description="batches of fresh samples that make an epoch")


class GradientStatistics(OfNetwork):
    """Everything that decides statistics of gradients.

        study = "gradient_statistics"
        data = "mnist"
        model = "lenet"
        epochs = [1, 2, 5, 10]
        layers = [2, 3, 4]                   # the second convolution, and dense layers
        gradient = ["last", "mean"]
        entries = [100, 3000]

    Of each layer's kernel all entries make kurtosis and shapes; W2 and tests are means over draws of so many entries,
    draws of equal entries left out. Tests are between the same entries of this gradient and of that of the epoch
    before, so NaN at epoch 1; their null rows are tests between disjoint entries of one gradient. Of ``gradient =
    "last"``, the last batch of an epoch, these are the tests as published; of ``"mean"``, the mean over an epoch,
    entries are correlated from epoch to epoch. With ``teacher`` a student learns from a teacher on fresh Gaussian
    inputs, and data and model are idle.

    >>> from overair.scenarios.studies.gradient_statistics import GradientStatistics
    >>> GradientStatistics(study="gradient_statistics", model="cnn", epochs=[1, 2], layers=[1, 2]).dimensions()
    {'epoch': [1, 2], 'layer': [1, 2]}
    """

    measures: ClassVar = (
        Measure("kurtosis", "1", "excess kurtosis", heading="kurtosis"),
        Measure("zeros", "1", "share of entries that are 0, as of units that are dead", heading="zeros"),
        Measure("gennorm", "1", "shape of the generalised normal law", heading="GenNorm shape"),
        Measure("weibull", "1", "shape of the double Weibull law"),
        Measure("w2_normal", "1", "W2 to the normal law", heading="W2 normal", better="low"),
        Measure("w2_laplace", "1", "W2 to the Laplace law", heading="W2 Laplace", better="low"),
        Measure("w2_gennorm", "1", "W2 to the fitted generalised normal law", heading="W2 GenNorm", better="low"),
        Measure("w2_weibull", "1", "W2 to the fitted double Weibull law", heading="W2 dWeibull", better="low"),
        Measure("floor_normal", "1", "W2 of normal entries to their law"),
        Measure("floor_laplace", "1", "W2 of Laplace entries to their law"),
        Measure("floor_gennorm", "1", "W2 of entries of the fitted generalised normal law to it", heading="W2 floor"),
        Measure("floor_weibull", "1", "W2 of entries of the fitted double Weibull law to it"),
        Measure("ks", "1", "Kolmogorov-Smirnov distance to the epoch before", heading="KS"),
        Measure("ks_passed", "1", "share of Kolmogorov-Smirnov tests with p > 0.05", heading="KS passed"),
        Measure("ks_null", "1", "Kolmogorov-Smirnov distance of disjoint entries of one gradient"),
        Measure("ks_null_passed", "1", "share of Kolmogorov-Smirnov tests of disjoint entries with p > 0.05",
                heading="null"),
        Measure("spearman", "1", "Spearman's rank correlation with the epoch before", heading="Spearman"),
        Measure("spearman_passed", "1", "share of rank correlations with p > 0.05", heading="Spearman passed"),
        Measure("spearman_null", "1", "Spearman's rank correlation of disjoint entries of one gradient"),
        Measure("spearman_null_passed", "1", "share of rank correlations of disjoint entries with p > 0.05",
                heading="its null"),
    )  # fmt: skip
    along: ClassVar = {"epoch": "epochs", "layer": "layers"}
    fixed: ClassVar = {
        "epochs": "a list of whole numbers (epochs are a dimension of every result)",
        "layers": "a list of whole numbers (layers are a dimension of every result)",
    }
    shown_last: ClassVar = "epoch"

    example: ClassVar = {
        "data": "digits", "model": "cnn", "epochs": [1, 2], "layers": [1, 2], "entries": 100, "draws": 5,
    }  # fmt: skip

    study: Literal["gradient_statistics"] = Field(description="what is simulated")
    teacher: Teacher | None = Field(default=None, description="a teacher in place of data and model")
    epochs: Annotated[list[Epoch], MinLen(1)] = Field(default=[1, 2], description="epoch; numbered from 1")
    layers: Annotated[list[Layer], MinLen(1)] = Field(
        default=[1], description="layer; the number of its kernel, from the input"
    )
    gradient: Literal["last", "mean"] = Field(
        default="last", description="gradient; of the last batch of an epoch, or the mean over its batches"
    )
    entries: Entries = Field(default=3000, description="entries of a draw; all of a layer that has fewer")
    draws: Draws = Field(default=20, description="draws of entries")

    _differ = field_validator("epochs", "layers")(all_different)

    def identity(self) -> dict[str, Any]:
        decides = super().identity()
        return {name: decides[name] for name in decides if not (self.teacher and name in IDLE)}

    def group(self, seed: int) -> str:
        shared = {name: value for name, value in self.identity().items() if name not in APART}
        return json.dumps([shared, seed], sort_keys=True)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _gradient_statistics

        return _gradient_statistics.prepare(self, shared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _gradient_statistics

        return _gradient_statistics.measured(self, common, work)
