"""Split inference: a network cut between a device and a server; accuracy, latency and energy by cut and SNR."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Lt, MinLen
from pydantic import Field

from ..reading.catalogue import Of, Scheme, table_of_class
from ..reading.tables import DeviceLink, GridTable, Seed, default
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Study

HOME = "learning/inference/split"
TrainingFields: Any = table_of_class(f"{HOME}/training.py", "Training", without=("epochs",))
CostFields: Any = table_of_class("learning/costs.py", "Costs", without=("device_slowdown",))
PacketFields: Any = table_of_class(f"{HOME}/outage.py", "PacketOutage")
EPOCHS = 7


class Split(TrainingFields, Study):
    """Everything that decides a result of split inference.

        study = "split"
        data = "cifar10"
        model = { kind = "saved", path = "my.keras" }     # or one to be trained: "vgg_like"
        cut = ["input", "block1_pool", "logits"]
        features = ["quantised", "picture", "bottleneck"]
        link = { channel = "rayleigh", snr_db = [-10, 0, 10, 20] }

    One network serves all cuts and ways of a seed. Fading is slow and known at its mean SNR: packets go at the rate by
    which most gets through, and what is lost is sent again. ``link.snr_db`` is a dimension of every result.

    >>> from overair.scenarios.studies.split import Split
    >>> scenario = Split(study="split", data="digits", model="softmax", link={"snr_db": [0, 10]})
    >>> scenario.dimensions(), scenario.epochs
    ({'link.snr_db': [0.0, 10.0]}, 7)
    """

    measures: ClassVar = (
        Measure("accuracy", "1", "test accuracy", heading="accuracy"),
        Measure("latency_s", "s", "latency from the image to the answer", heading="latency/s"),
        Measure("energy_j", "J", "energy of the device for an image", heading="energy/J"),
        Measure("bits", "bit", "bits of an image's features; 0 where symbols are analog", heading="bits"),
        Measure(
            "elements", "1", "resource elements of an image's features, sent once", heading="elements", part="elements"
        ),
        Measure("tries", "1", "mean number of times that a packet is sent", heading="tries"),
        Measure("depth", "bit", "bits of a number; 0 where none is sent as bits", over=()),
        Measure("device_s", "s", "seconds that the device computes", over=()),
        Measure("server_s", "s", "seconds that the server computes", over=()),
        Measure("whole", "1", "test accuracy of the whole network", heading="whole", over=()),
        Measure("validation", "1", "accuracy on images kept from training"),
        Measure("whole_validation", "1", "accuracy of the whole network on images kept from training", over=()),
    )
    along: ClassVar = {"link.snr_db": "link.snr_db"}
    example: ClassVar = {"data": "digits", "model": "softmax", "epochs": 1, "link": {"channel": "rayleigh"}}

    study: Literal["split"] = Field(description="what is simulated")
    data: Annotated[Scheme, Of("data")] = Field(description="what is told apart")
    model: Annotated[Scheme, Of("models")] = Field(description="the network")
    cut: str = Field(default="input", description="layer behind which the network is cut; input: before the first")
    features: Annotated[Scheme, Of("features")] = default("quantised", "what crosses the cut, and how")
    epochs: Annotated[int, Ge(0)] = Field(
        default_factory=lambda data: 0 if _is_trained(data.get("model")) else EPOCHS,
        description=f"passes over the training images; {EPOCHS} unless given, none if the model brings its weights",
    )
    validation: Annotated[float, Gt(0), Lt(1)] = Field(
        default=0.1, description="share of the training images that no network learns from; depths, pictures and the "
        "best cut are chosen on them",
    )  # fmt: skip
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0], description="independent trainings and channels")
    costs: CostFields = default({}, "of computing and sending")
    packets: PacketFields = default({}, "what is lost, and sent again")
    link: DeviceLink = default({}, "from the device to the server, awgn or rayleigh")
    grid: GridTable = default({}, "OFDM numerology")

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _split

        return _split.prepare(self, shared)

    def begin(self, prepared: Any, work: Work) -> Any:
        from . import _split

        return _split.begin(self, prepared, work)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _split

        return _split.send(self, common, work)


def _is_trained(model: Any) -> bool:
    """Whether a model brings its weights."""
    return isinstance(model, Scheme) and bool(model.source.traits.get("trained"))
