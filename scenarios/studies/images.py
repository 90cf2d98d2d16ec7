"""Images sent, learned or not: PSNR and similarity of what arrives, by ratio and SNR."""

from typing import Annotated, Any, ClassVar, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BeforeValidator, Field, field_validator

from ..reading.catalogue import Of, Scheme
from ..reading.fractions import number_of
from ..reading.tables import DeviceLink, GridTable, Positive, Seed, all_different, default
from ..results.measures import COLOURS, Measure
from ..running.units import Values, Work
from .base import Coordinates, Study

SENT = ("ratio", "link.snr_db")
PIXELS = ("shown", "colour", "pixel")
Ratio = Annotated[float, Gt(0), Le(1), BeforeValidator(number_of)]


class Images(Study):
    """Everything that decides a result of images sent.

        study = "images"
        data = "cifar10"
        scheme = [{ kind = "deepjscc", network = "bourtsoulatze2019" }, "linear", "digital"]
        ratios = ["1/12", "1/6"]
        link = { channel = "awgn", snr_db = [1, 4, 7, 10, 13, 16, 19] }

    ``ratios`` and ``link.snr_db`` are dimensions of every result: what is trained serves all SNRs in one pass.

    The first ``shown`` images are kept beside the results, and what arrived of them in the first repetition: the square
    of ``side`` pixels in the middle of each, ``picture`` over ``colour`` and ``pixel``, row by row. What images lack,
    as they are smaller or grey, is NaN.

    >>> from overair.scenarios.studies.images import Images
    >>> raw = {"data": "digits", "scheme": "linear", "ratios": ["1/4"], "link": {"snr_db": [0, 10]}}
    >>> Images(study="images", shown=1, side=2, **raw).dimensions()
    {'ratio': [0.25], 'link.snr_db': [0.0, 10.0], 'shown': [0], 'colour': [0, 1, 2], 'pixel': [0, 1, 2, 3]}
    """

    measures: ClassVar = (
        Measure("psnr", "dB", "PSNR of the mean squared error over all images", heading="PSNR/dB", over=SENT),
        Measure("mean_psnr", "dB", "mean of the images' PSNRs", heading="mean PSNR/dB", over=SENT),
        Measure("ssim", "1", "structural similarity", heading="SSIM", over=SENT),
        Measure("ms_ssim", "1", "multiscale structural similarity", heading="MS-SSIM", over=SENT),
        Measure("lost", "1", "share of images not received, shown as their mean colour", heading="lost",
                part="unheard", over=SENT),
        Measure("silent", "1", "share of images of which nothing is sent, as no quality fits", part="silent",
                over=SENT),
        Measure("bits", "bit", "bits of an image's file; 0 where there are none", heading="bits", over=SENT),
        Measure("elements", "1", "resource elements of an image, with pilots and retransmissions", heading="elements",
                part="elements", over=SENT),
        Measure("papr_db", "dB", "peak-to-average power of the OFDM waveform", heading="PAPR/dB", over=SENT),
        Measure("picture", "1", "pixel of what arrived of an image", over=(*SENT, *PIXELS), pixels=True),
        Measure("original", "1", "pixel of an image", over=PIXELS, pixels=True),
    )  # fmt: skip
    along: ClassVar = {"ratio": "ratios", "link.snr_db": "link.snr_db"}
    coupled: ClassVar = frozenset({"ratio"})
    same_links: ClassVar = True
    fixed: ClassVar = {
        "ratios": "a list of numbers (ratios are a dimension of every result)",
        "shown": "one number",
        "side": "one number",
    }
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
    shown: Annotated[int, Ge(0), Le(100)] = Field(default=2, description="first images that are kept beside results")
    side: Annotated[int, Gt(0), Le(256)] = Field(
        default=32, description="side of the square in the middle of an image that is kept, in pixels"
    )
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0], description="independent trainings and channels")
    link: DeviceLink = default({}, "from the device to the receiver")
    grid: GridTable = default({}, "OFDM numerology")

    _ratios_differ = field_validator("ratios")(all_different)

    def dimensions(self) -> Coordinates:
        """Ratios and SNRs, and the images that are kept, their colours and pixels."""
        kept = {"shown": self.shown, "colour": COLOURS, "pixel": self.side**2}
        return super().dimensions() | {name: list(range(count)) for name, count in kept.items()}

    def prepare(self, shared: dict[str, Any]) -> Any:
        from . import _images

        return _images.prepare(self, shared)

    def perform(self, common: Any, work: Work) -> Values:
        from . import _images

        return _images.send(self, common, work)
