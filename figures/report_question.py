"""The question that a result answers, in a sentence: its main measure, by what varies."""

from collections.abc import Sequence
from typing import Any

import xarray as xr

from ..scenarios.results import costs
from ._choice import choose
from ._labels import number
from ._lines import is_numeric

FEW, FEW_NUMBERS = 6, 3  # values that are told one by one
SHORT = 100  # letters of them
WORDS = 3  # of the long name of an axis that stands in a sentence


def question(dataset: xr.Dataset) -> str:
    """Such as: Test accuracy by SNR (-30 to 20 dB) and uplink (ideal, analog, digital), after 60 rounds."""
    chosen, last = choose(dataset, None, None, None, None), costs.rounds(dataset)
    axes = [name for name in (chosen.x, *chosen.lines, *chosen.panels) if dataset.sizes.get(name, 1) > 1]
    by = _joined([f"{_word(dataset, name)} ({_values(dataset, name)})" for name in axes])
    ended = last in dataset[chosen.measure.name].dims and last not in axes
    after = f", after {number(float(dataset[last].values[-1]))} {last}s" if ended else ""
    name = chosen.measure.long_name
    return f"{name[:1].upper()}{name[1:]}{f' by {by}' if by else ''}{after}."


def _word(dataset: xr.Dataset, axis: str) -> str:
    """The long name of an axis where that is no sentence, or else its name."""
    name = str(dataset[axis].attrs.get("long_name", axis)) if axis in dataset.coords else axis
    name = name if len(name.split()) <= WORDS else axis.replace("_", " ")
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]


def _values(dataset: xr.Dataset, axis: str) -> str:
    """A few values, or else the range of numbers and the count of words."""
    values: list[Any] = dataset[axis].values.tolist() if axis in dataset.coords else [*range(dataset.sizes[axis])]
    if not is_numeric(dataset, axis):
        texts = [str(value).replace("_", " ") for value in values]
        told = ("; " if any("," in text for text in texts) else ", ").join(texts)
        return told if len(values) <= FEW and len(told) <= SHORT else f"{len(values)} of them"
    units = dataset[axis].attrs.get("units", "1")
    numbers = [number(float(value)) for value in sorted(values)]
    told = ", ".join(numbers) if len(values) <= FEW_NUMBERS else f"{numbers[0]} to {numbers[-1]}"
    return told + ("" if units == "1" else f" {units}")


def _joined(parts: Sequence[str]) -> str:
    *most, last = parts or [""]
    return f"{', '.join(most)} and {last}" if most else last
