"""Images sent, learned or not: PSNR and similarity of what arrives, by ratio and SNR."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Gt, Le, MinLen
from pydantic import BeforeValidator, Field, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.fractions import number_of
from ..reading.tables import DeviceLink, GridTable, Positive, Seed, all_different, default
from ..results.measures import Measure
from ..running.units import Values, Work
from .base import Study

Ratio = Annotated[float, Gt(0), Le(1), BeforeValidator(number_of)]


class Images(Study):
    """Everything that decides a result of images sent.

        study = "images"
        data = "cifar10"
        scheme = [{ kind = "deepjscc", network = "bourtsoulatze2019" }, "linear", "digital"]
        ratios = ["1/12", "1/6"]
        link = { channel = "awgn", snr_db = [1, 4, 7, 10, 13, 16, 19] }

    ``ratios`` and ``link.snr_db`` are dimensions of every result: what is trained serves all SNRs in one pass.

    >>> from overair.scenarios.studies.images import Images
    >>> scenario = Images(study="images", data="digits", scheme="linear", ratios=["1/4"], link={"snr_db": [0, 10]})
    >>> scenario.dimensions()
    {'ratio': [0.25], 'link.snr_db': [0.0, 10.0]}
    """

    measures: ClassVar = (
        Measure("psnr", "dB", "PSNR of the mean squared error over all images", heading="PSNR/dB"),
        Measure("mean_psnr", "dB", "mean of the images' PSNRs", heading="mean PSNR/dB"),
        Measure("ssim", "1", "structural similarity", heading="SSIM"),
        Measure("ms_ssim", "1", "multiscale structural similarity", heading="MS-SSIM"),
        Measure("lost", "1", "share of images not received, shown as their mean colour", heading="lost",
                part="unheard"),
        Measure("silent", "1", "share of images of which nothing is sent, as no quality fits", part="silent"),
        Measure("bits", "bit", "bits of an image's file; 0 where there are none", heading="bits"),
        Measure("elements", "1", "resource elements of an image, with pilots and retransmissions", heading="elements",
                part="elements"),
        Measure("papr_db", "dB", "peak-to-average power of the OFDM waveform", heading="PAPR/dB"),
    )  # fmt: skip
    along: ClassVar = {"ratio": "ratios", "link.snr_db": "link.snr_db"}
    coupled: ClassVar = frozenset({"ratio"})
    same_links: ClassVar = True
    fixed: ClassVar = {"ratios": "a list of numbers (ratios are a dimension of every result)"}
    example: ClassVar = {"data": "digits", "scheme": {"kind": "linear", "block": 8}, "ratios": [0.25]}

    study: Literal["images"] = Field(description="what is simulated")
    data: Annotated[Scheme, Of("data")] = Field(description="whose training images are learnt from")
    test: Literal["data", "kodak"] = Field(default="data", description="images sent: the data's own, or photographs")
    scheme: Annotated[Scheme, Of("schemes")] = Field(description="how images are sent")
    ratios: Annotated[list[Ratio], MinLen(1)] = Field(
        default=[1 / 6], description='complex symbols for each sample, k/n, as numbers or as "1/6"'
    )
    train_images: Positive | None = Field(
        default=None, description="the first so many are learnt from; all unless given"
    )
    test_images: Positive | None = Field(default=None, description="the first so many are sent; all unless given")
    repetitions: Positive = Field(default=1, description="how often each image is sent at each SNR")
    similarity: bool = Field(default=False, description="whether SSIM and MS-SSIM are measured too")
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0], description="independent trainings and channels")
    link: DeviceLink = default({}, "from the device to the receiver")
    grid: GridTable = default({}, "OFDM numerology")

    _ratios_differ = field_validator("ratios")(all_different)

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _images

        return _images.prepare(self, shared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _images

        return _images.send(self, common, work)
