"""Scenarios of images that are sent: ``task = "images"``.

    task = "images"
    data = "cifar10"
    scheme = [{ kind = "deepjscc", network = "bourtsoulatze2019" }, "linear", "digital"]
    ratios = ["1/12", "1/6"]
    link = { channel = "awgn", snr_db = [1, 4, 7, 10, 13, 16, 19] }

``ratios`` and ``link.snr_db`` are dimensions of every result: what is trained serves all SNRs in one pass.
"""

from fractions import Fraction
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, MinLen
from pydantic import BeforeValidator, Field, field_validator

from .catalogue import Of, Scheme, Table
from .errors import shown
from .schema import GridTable, Positive, Seed, _default, link

SnrDb = Annotated[float, Ge(-300), Le(300)]


def _ratio(value: Any) -> Any:
    """A fraction such as "1/12" as a number."""
    if not isinstance(value, str):
        return value
    try:
        return float(Fraction(value))
    except (ValueError, ZeroDivisionError, OverflowError):
        raise ValueError(f'expected a number or a fraction such as "1/12", received {shown(value)}') from None


def all_different(values: list[Any]) -> list[Any]:
    """Refuses a value that is there twice."""
    if len(set(values)) < len(values):
        raise ValueError(f"expected different values, received {shown(values)}")
    return values


class Snrs(Table):
    """What a link has besides an air."""

    snr_db: Annotated[list[SnrDb], MinLen(1)] = Field(
        default=[0.0, 5.0, 10.0, 15.0, 20.0],
        description="SNRs of test images, in dB; P/N0, one or several",
    )

    _different = field_validator("snr_db")(all_different)

    @field_validator("snr_db", mode="before")
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, int | float) else value


OverAwgn: Any = link("awgn")


class ImageLink(OverAwgn, Snrs):
    """The link from the device to the receiver."""

    @field_validator("power_offsets_db")
    @classmethod
    def _one_device(cls, values: list[float]) -> list[float]:
        if values:
            raise ValueError(f"expected none, as one device sends and has P, received {shown(values)}; change snr_db")
        return values


class Images(Table):
    """Everything that decides a result of images sent."""

    task: Literal["images"] = Field(description="images")
    title: str = Field(default="", description="for tables and figures")
    data: Annotated[Scheme, Of("data")] = Field(description="whose training images are learnt from")
    test: Literal["data", "kodak"] = Field(default="data", description="images sent: the data's own, or photographs")
    scheme: Annotated[Scheme, Of("schemes")] = Field(description="how images are sent")
    ratios: Annotated[list[Annotated[float, Gt(0), Le(1), BeforeValidator(_ratio)]], MinLen(1)] = Field(
        default=[1 / 6], description='complex symbols for each sample, k/n, as numbers or as "1/6"'
    )
    train_images: Positive | None = Field(
        default=None, description="the first so many are learnt from; all unless given"
    )
    test_images: Positive | None = Field(default=None, description="the first so many are sent; all unless given")
    repetitions: Positive = Field(default=1, description="how often each image is sent at each SNR")
    similarity: bool = Field(default=False, description="whether SSIM and MS-SSIM are measured too")
    seeds: Annotated[list[Seed], MinLen(1)] = Field(default=[0], description="independent trainings and channels")
    link: ImageLink = _default({}, description="from the device to the receiver")
    grid: GridTable = _default({}, description="OFDM numerology")

    _different = field_validator("seeds", "ratios")(all_different)
