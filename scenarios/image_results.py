"""Results of images sent: one xarray.Dataset, and the table that is read from it.

Dimensions are the axes of the sweep, then ``seed``, ``ratio`` and ``link.snr_db``.
"""

import itertools
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from .catalogue import Table
from .measures import Measure, headings, named
from .results import describe, versions
from .sweep import Sweep

VARIABLES = named(
    Measure("psnr", "dB", "PSNR of the mean squared error over all images", heading="PSNR/dB"),
    Measure("mean_psnr", "dB", "mean of the images' PSNRs", heading="mean PSNR/dB"),
    Measure("ssim", "1", "structural similarity", heading="SSIM"),
    Measure("ms_ssim", "1", "multiscale structural similarity", heading="MS-SSIM"),
    Measure("lost", "1", "share of images not received, shown as their mean colour", heading="lost"),
    Measure("bits", "bit", "bits of an image's file; 0 where there are none", heading="bits"),
    Measure("elements", "1", "resource elements of an image, with pilots and retransmissions", heading="elements"),
    Measure("papr_db", "dB", "peak-to-average power of the OFDM waveform", heading="PAPR/dB"),
)
ROUNDING = 1 / 12 / 255**2  # squared error of 8 bits
TAIL = ("seed", "ratio", "link.snr_db")  # the last dimensions


def values(outcome: Any) -> np.ndarray:
    """The variables of one outcome, [V, S]."""
    found = {name: getattr(outcome, name) for name in ("lost", "bits", "elements", "papr_db")}
    found |= {name: getattr(outcome, name).mean(axis=1) for name in ("ssim", "ms_ssim")}
    found |= {"psnr": _psnr(outcome.mse.mean(axis=1)), "mean_psnr": _psnr(outcome.mse).mean(axis=1)}
    return np.stack([found[name] for name in VARIABLES])


def _psnr(mse: np.ndarray) -> np.ndarray:
    """In dB; an image without an error has that of rounding to 8 bits, 58.9 dB, and not infinitely much."""
    return -10 * np.log10(np.maximum(mse, ROUNDING))


def assemble(sweep: Sweep, records: Mapping[tuple[int, int], np.ndarray]) -> xr.Dataset:
    """The dataset of all records [V, R, S], which are by place of the point and seed."""
    scenario = sweep.points[0].scenario
    along = dict(zip(TAIL, (scenario.seeds, scenario.ratios, scenario.link.snr_db), strict=True))
    shape = [*(len(labels) for labels in sweep.axes.values()), *map(len, along.values())]
    every = np.stack([[records[at, seed] for seed in scenario.seeds] for at in range(len(sweep.points))])
    coordinates = {name: (name, np.array(each), about(name, scenario)) for name, each in (sweep.axes | along).items()}
    variables = {
        name: (tuple(coordinates), every[:, :, at].reshape(shape), about(name)) for at, name in enumerate(VARIABLES)
    }
    attributes = {"title": scenario.title, "scenario": json.dumps(sweep.resolved), "versions": json.dumps(versions())}
    return xr.Dataset(variables, coordinates, attributes | {"task": "images"})


def about(name: str, scenario: Table | None = None) -> dict[str, str]:
    """Units and long name of a variable or an axis."""
    if name == "ratio":
        return {"units": "1", "long_name": "bandwidth ratio k/n"}
    known = VARIABLES.get(name)
    return {"units": known.unit, "long_name": known.long_name} if known else describe(name, scenario)


def table(dataset: xr.Dataset) -> list[list[str]]:
    """A heading, and a row for every point, ratio and SNR: means over seeds."""
    places = [str(name) for name in dataset.psnr.dims if name != "seed"]
    heads = headings(VARIABLES.values())
    heads = {head: name for head, name in heads.items() if bool(np.isfinite(dataset[name]).any())}
    rows = [[*places, *heads]]
    for at in itertools.product(*(range(dataset.sizes[name]) for name in places)):
        point = dataset.isel(dict(zip(places, at, strict=True)))
        labels = [_text(point[name].item()) for name in places]
        rows.append([*labels, *(_mean(point[name].values) for name in heads.values())])
    return rows


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _mean(numbers: np.ndarray) -> str:
    there = numbers[np.isfinite(numbers)]
    return f"{there.mean():.4g}" if there.size else "-"
