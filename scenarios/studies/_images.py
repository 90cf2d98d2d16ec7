"""Sending a scenario's images: what is checked before, and the outcome over ratios and SNRs."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..results.measures import COLOURS, ROUNDING
from ..running.units import Work
from ._air import air_of
from ._data import load_data

if TYPE_CHECKING:
    from ...learning.images.schemes import ImageOutcome
    from ...phy import Air

MOST = 2**24  # pixels of a unit that are kept


class ImageParts(NamedTuple):
    """What a point is made of."""

    scheme: Any
    air: "Air"
    images: "np.ndarray"
    tested: "list[np.ndarray]"  # by size


def prepare(study: Any, shared: dict[str, Any]) -> ImageParts:
    """The sender, the air and the images; what can be wrong with them is found here."""
    from ...learning.images.photographs import kodak
    from ...learning.images.schemes import Job, symbols_of

    scheme, air = catalogue.build(study.scheme, "scheme"), air_of(study, devices=1)
    data = load_data(study.data, shared)
    if study.test == "kodak" and "kodak" not in shared:
        with named("test"):
            shared["kodak"] = kodak()
    tested = shared["kodak"] if study.test == "kodak" else [data.x_test]
    if study.test_images:
        tested = _first(tested, study.test_images)
    learnt_from = data.x_train[: study.train_images]
    for images in tested:
        if images.shape[3] != learnt_from.shape[3]:
            wanted = f"test images of as many colours as those learnt from, {learnt_from.shape[3]}"
            raise ScenarioError(fault("test", wanted, images.shape[3], "take test = data, or other data"))
        for ratio in study.ratios:
            with named("ratios"):
                symbols_of(images, ratio)
    _check_kept(study)
    with named("scheme"):
        scheme.check(Job(learnt_from, air, tuple(study.ratios), study.seeds[0]), tested)
    return ImageParts(scheme, air, learnt_from, tested)


def send(study: Any, parts: ImageParts, work: Work) -> dict[str, np.ndarray]:
    """The measures of one point with one seed, [R, S, ...]; what is trained is kept in the folder of networks."""
    from ...learning.images.schemes import Job, Trial
    from ...phy import keys

    ready = parts.scheme.ready(Job(parts.images, parts.air, tuple(study.ratios), work.seed, work.folder, work.progress))
    snrs, found, shown = tuple(work.wanted["link.snr_db"]), [], _counts(parts.tested, study.shown)
    for ratio in work.wanted["ratio"]:
        outcomes = [
            ready(ratio, Trial(some, snrs, study.repetitions, keys.key(work.seed, "test", at), study.similarity, count))
            for at, (some, count) in enumerate(zip(parts.tested, shown, strict=True))
        ]
        pictures = {"picture": _kept([each.pictures for each in outcomes], study)}
        found.append(_measures(_together(outcomes, [len(some) for some in parts.tested])) | pictures)
    originals = _kept([some[:count] for some, count in zip(parts.tested, shown, strict=True)], study)
    return {name: np.stack([each[name] for each in found]) for name in found[0]} | {"original": originals}


def _measures(outcome: "ImageOutcome") -> dict[str, np.ndarray]:
    """Each [S]."""
    found = {name: getattr(outcome, name) for name in ("lost", "silent", "bits", "elements", "papr_db")}
    found |= {name: getattr(outcome, name).mean(axis=1) for name in ("ssim", "ms_ssim")}
    return found | {"psnr": _psnr(outcome.mse.mean(axis=1)), "mean_psnr": _psnr(outcome.mse).mean(axis=1)}


def _psnr(mse: np.ndarray) -> np.ndarray:
    """In dB; an image without an error has that of rounding to 8 bits, 58.9 dB, and not infinitely much."""
    found: np.ndarray = -10 * np.log10(np.maximum(mse, ROUNDING))
    return found


def _together(parts: "list[ImageOutcome]", counts: list[int]) -> "ImageOutcome":
    """The outcome of test images of several sizes, but for its pictures."""
    first = parts[0]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts], axis=1) for name in ("mse", "ssim", "ms_ssim")
    }
    means = {
        name: np.average([getattr(part, name) for part in parts], axis=0, weights=counts)
        for name in ("lost", "silent", "bits", "elements", "papr_db")
    }
    return first._replace(**joined, **means)


def _first(tested: "list[np.ndarray]", count: int) -> "list[np.ndarray]":
    return [images[:some] for images, some in zip(tested, _counts(tested, count), strict=True) if some]


def _counts(tested: "list[np.ndarray]", count: int) -> list[int]:
    """How many of each size are among the first so many."""
    before = np.cumsum([0, *map(len, tested)])
    return [int(np.clip(count - first, 0, len(images))) for first, images in zip(before, tested, strict=False)]


def _check_kept(study: Any) -> None:
    one = len(study.ratios) * len(study.link.snr_db) * COLOURS * study.side**2
    if one * study.shown > MOST:
        wanted = f"at most {MOST // one} of this side, at so many ratios and SNRs"
        raise ScenarioError(fault("shown", wanted, study.shown, "take a smaller side or fewer images"))


def _kept(pictures: "list[np.ndarray]", study: Any) -> np.ndarray:
    """Of pictures [..., N, H, W, C] of several sizes what is shown, [..., shown, colours, side^2]."""
    squares = np.concatenate([_square(each, study.side) for each in pictures], axis=-3)
    lacking = [(0, study.shown - squares.shape[-3]), (0, 0), (0, 0)]
    return np.pad(squares, [(0, 0)] * (squares.ndim - 3) + lacking, constant_values=np.nan)


def _square(pictures: np.ndarray, side: int) -> np.ndarray:
    """The middle of pictures [..., H, W, C], [..., colours, side^2]; NaN where there is nothing."""
    top, left = (max(0, (length - side) // 2) for length in pictures.shape[-3:-1])
    middle = np.moveaxis(pictures[..., top : top + side, left : left + side, :COLOURS], -1, -3)
    square = np.full([*pictures.shape[:-3], COLOURS, side, side], np.nan, np.float32)
    square[..., : middle.shape[-3], : middle.shape[-2], : middle.shape[-1]] = middle
    return square.reshape(*square.shape[:-2], side**2)
