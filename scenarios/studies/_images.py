"""Sending a scenario's images: what is checked before, and the outcome over ratios and SNRs."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..reading import catalogue
from ..reading.complaints import named
from ..reading.errors import ScenarioError, fault
from ..running.units import Work
from ._air import air_of
from ._data import load_data

if TYPE_CHECKING:
    from ...learning.images.schemes import ImageOutcome
    from ...phy import Air

ROUNDING = 1 / 12 / 255**2  # squared error of 8 bits


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
    with named("scheme"):
        scheme.check(Job(learnt_from, air, tuple(study.ratios), study.seeds[0]), tested)
    return ImageParts(scheme, air, learnt_from, tested)


def send(study: Any, parts: ImageParts, work: Work) -> dict[str, np.ndarray]:
    """The measures of one point with one seed, each [R, S]; what is trained is kept in the folder of networks."""
    from ...learning.images.schemes import Job, Trial
    from ...phy import keys

    ready = parts.scheme.ready(Job(parts.images, parts.air, tuple(study.ratios), work.seed, work.folder, work.progress))
    snrs, found = tuple(work.wanted["link.snr_db"]), []
    for ratio in work.wanted["ratio"]:
        outcomes = [
            ready(ratio, Trial(some, snrs, study.repetitions, keys.key(work.seed, "test", at), study.similarity))
            for at, some in enumerate(parts.tested)
        ]
        found.append(_measures(_together(outcomes, [len(some) for some in parts.tested])))
    return {name: np.stack([each[name] for each in found]) for name in found[0]}


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
    """The outcome of test images of several sizes."""
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
    kept = []
    for images in tested:
        if count > 0:
            kept.append(images[:count])
            count -= len(images)
    return kept
