"""Labels of axes, panels and lines, as the dataset has them: its long names, units and values; and who was averaged."""

import json
import re
import textwrap
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import xarray as xr

from ..scenarios.reading.errors import ScenarioError
from ..scenarios.results.joined import most_seeds, seeds
from ..terminal import printable

SNR = "snr_db"
RATIO = "ratio"  # of bandwidths, k/n
DOT = r"(?<!\d)\.(?=\S)|\.(?=[^\W\d])"  # of a path; none of a number
WIDE = 40  # characters that stand beside a panel


def settings(dataset: xr.Dataset) -> dict[str, Any]:
    """The scenario that a result is of, with a list for every axis."""
    if "scenario" not in dataset.attrs:
        raise ScenarioError("results: expected the scenario among their attributes, as a run keeps it, received none")
    return dict(json.loads(dataset.attrs["scenario"]))


def axis_label(dataset: xr.Dataset, name: str) -> str:
    """A variable or an axis in words, with its unit; of a dotted name the last two parts."""
    words = re.split(DOT, str(dataset[name].attrs.get("long_name", name)).rstrip("."))
    text = " ".join(words[-2:]) if len(words) > 2 else words[-1]
    units = dataset[name].attrs.get("units", "1")
    return plain(text[:1].upper() + text[1:] + ("" if units == "1" else f" ({units})"))


def upright(text: str) -> str:
    """A label beside a panel, in as many lines as it takes."""
    return textwrap.fill(text, WIDE)


def value_label(dataset: xr.Dataset, name: str, place: int) -> str:
    """One value of an axis in words; a number says of what."""
    value = dataset[name].values[place]
    if not np.issubdtype(dataset[name].dtype, np.number):
        return plain(str(value).replace("_", " "))
    label, _, units = axis_label(dataset, name).partition(" (")
    return f"{label} {number(float(value))}" + (f" {units[:-1]}" if units else "")


def place_label(dataset: xr.Dataset, place: Mapping[str, int]) -> str:
    """Values of several axes in words, the ratio of bandwidths last, as a fraction."""
    named = [value_label(dataset, name, at) for name, at in place.items() if name != RATIO]
    if RATIO in place:
        ratio = Fraction(float(dataset[RATIO][place[RATIO]])).limit_denominator(10_000)
        named.append(f"k/n = {ratio}")
    return ", ".join(named)


def number(value: float) -> str:
    """As one reads it: 1,000,000 and not 1e+06."""
    return f"{value:,.0f}" if value.is_integer() and 1e3 <= abs(value) < 1e9 else f"{value:g}"


def plain(text: str) -> str:
    """A text as it is: no formula, and nothing that no font has."""
    return printable(text).replace("$", r"\$")


def seeds_label(dataset: xr.Dataset) -> str:
    """What lines and bands are."""
    return "One seed" if most_seeds(dataset) < 2 else f"Mean of {plain(seeds(dataset))}, band: 95 % confidence interval"
