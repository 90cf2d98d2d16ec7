"""Curves: what a figure draws of a result, as a CSV file small enough to be kept beside the code that drew it.

Comment lines come first and explain the file: the preset, the title, what it was made with, the seeds, the resolved
scenario as JSON, pictures if there are any (`pixels.py`), and a line of JSON for every column with its type, units and
long name. Then the names of the columns and a row for every point, seed and round:

    # preset quickstart
    # scenario {"title": "...", ...}
    # column {"name": "snr_db", "type": "float", "units": "dB", "long_name": "SNR", "path": "link.snr_db"}
    uplink,snr_db,seed,round,accuracy,loss,nmse,resource_elements,energy,airtime,bits,decoded
    ideal,-30.0,0,1,0.522222,1.71208,0,0,0,0,0,20

What stands before ``seed`` are the axes, in the order of their first appearance; what follows it, up to the study's
main measure, are the study's own dimensions; then come the measures, in six significant digits. Rows and variables that
are missing are NaN. A file without comments is read as well: a column of numbers is one of numbers.
"""

import json
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .. import studies
from ..reading import renamed
from ..reading.errors import one_of
from ..running.units import versions
from ..studies.base import Study
from . import dataset, measures, pixels
from .ended import ENDS
from .measures import Measure
from .names import last, shortened
from .sheets import Sheet, read, write
from .variables import variables

TOLD = ("units", "long_name", "path")  # attributes of a column
NONE: Mapping[str, Measure] = {}
LARGEST = 10**7  # places of the grid that axes, seeds and rounds make
WHOLE: Mapping[str, Any] = {"failures": "[]", "complete": 1}  # a result of which nothing more is said

READERS: dict[str, Callable[[str], Any]] = {
    "int": int,
    "float": float,
    "bool": lambda text: {"true": True, "false": False}[text],
    "str": str,
}


def save(dataset: xr.Dataset, path: str | Path, preset: str | None = None) -> None:
    """Write a CSV file, whole or not at all; ``preset``: the name of the scenario it belongs to, if it has one."""
    write(path, _about(dataset, preset or dataset.attrs.get("preset")), _rows(dataset))


def load(path: str | Path) -> xr.Dataset:
    """The dataset of a CSV file; ScenarioError in one line where it is not one of these."""
    return read(path, _dataset)


def _about(dataset: xr.Dataset, preset: str | None) -> Iterator[str]:
    attributes = dataset.attrs
    if "study" in attributes:
        yield f"study {attributes['study']}"
    for search in ("find", "tune"):
        if search in attributes:
            yield f"{search} {attributes[search]}"
    if preset:
        yield f"preset {preset}"
    if attributes.get("title"):
        yield f"title {' '.join(attributes['title'].split())}"
    yield f"versions {attributes.get('versions') or json.dumps(versions())}"
    yield f"seeds {json.dumps(dataset['seed'].values.tolist())}"
    for word, usual in WHOLE.items():
        if attributes.get(word, usual) != usual:
            yield f"{word} {attributes[word]}"
    if "scenario" in attributes:
        yield f"scenario {' '.join(attributes['scenario'].split())}"
    if "runs" in attributes:
        yield f"runs {attributes['runs']}"
    yield from pixels.comments(dataset, variables(attributes))
    for name in [*_dims(dataset), *_measured(dataset)]:
        about = {key: str(dataset[name].attrs[key]) for key in TOLD if key in dataset[name].attrs}
        yield "column " + json.dumps({"name": str(name), "type": _type(dataset[name].dtype)} | about)


def _rows(dataset: xr.Dataset) -> Iterator[list[str]]:
    dims, variables = _dims(dataset), _measured(dataset)
    yield [*dims, *variables]
    labels = [[_text(value) for value in dataset[name].values.tolist()] for name in dims]
    stacked = xr.broadcast(*(dataset[name] for name in variables))
    values = [array.transpose(*dims).values.ravel().tolist() for array in stacked]
    for place, numbers in zip(np.ndindex(*map(len, labels)), zip(*values, strict=True), strict=True):
        yield [*(label[at] for label, at in zip(labels, place, strict=True)), *(f"{number:.6g}" for number in numbers)]


def _dims(dataset: xr.Dataset) -> list[str]:
    """Of the measure that has most of them, in their order."""
    widest = max((dataset[name] for name in _measured(dataset)), key=lambda values: values.ndim)
    return [str(name) for name in widest.dims]


def _measured(dataset: xr.Dataset) -> list[str]:
    """What was measured, the main one first whether it was or not; whole numbers such as where seeds stopped, last."""
    main, *others = variables(dataset.attrs)
    measured = [each.name for each in others if _is_column(each, dataset)]
    return [main.name, *measured]


def _is_column(measure: Measure, dataset: xr.Dataset) -> bool:
    there = measure.name in dataset and not measure.pixels
    return there and _was_measured(dataset[measure.name])


def _was_measured(values: xr.DataArray) -> bool:
    return bool(np.isfinite(values).any()) and not (values.name in ENDS and bool((values < 0).all()))


def _type(dtype: np.dtype) -> str:
    return {"i": "int", "u": "int", "f": "float", "b": "bool"}.get(dtype.kind, "str")


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dataset(sheet: Sheet) -> xr.Dataset:
    names, told = sheet.names, _study_of(sheet)
    study, held = studies.load(told), variables({**sheet.attributes, "study": told})
    main, known = held[0].name, measures.named(*held)
    if len({*names}) < len(names) or not {"seed", main} <= {*names} or "" in names or not sheet.rows:
        raise ValueError(f"the columns are axes, seed, {main} and what else there is, each once, above the rows")
    dims = names[: names.index(main)]
    inner = dims[dims.index("seed") + 1 :] if "seed" in dims else []
    if "seed" not in dims or known.keys() & {*dims} or not _are_dimensions(sheet, inner, study):
        raise ValueError("the columns are in another order: axes, seed, dimensions of the study, variables")
    cells, shape, at, coordinates = _grid(sheet, dims)
    if old := [f"{name}, which is {new} now" for name in cells if (new := renamed.now(name, known))]:
        raise ValueError(f"the columns hold {', '.join(old)}; rename it")
    found: dict[str, Any] = {}
    pictures, numbered = pixels.variables(sheet.pixels, known, dict(zip(dims, shape, strict=True)))
    for name, measure in known.items():
        if measure.pixels:
            continue
        flat = np.full(math.prod(shape), np.nan)
        flat[at] = _numbers(name, cells[name]) if name in cells else -1.0 if name in ENDS else np.nan
        over = inner if measure.over is None else [each for each in inner if last(each) in map(last, measure.over)]
        idle = tuple(place for place, each in enumerate(dims) if each in inner and each not in over)
        kept = [each for each in dims if each not in inner or each in over]
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of places without a number
            values = np.nanmax(flat.reshape(shape), axis=idle) if idle else flat.reshape(shape)
        found[name] = (kept, values, _attributes(sheet, name, known))
    whole = int(sheet.attributes.get("complete", "1") == "1")
    attributes = {**WHOLE, **sheet.attributes, "study": told, "complete": whole}
    return shortened(xr.Dataset(found | pictures, coordinates | numbered, attributes))


def _study_of(sheet: Sheet) -> str:
    """As the file says, or as its columns do."""
    told = sheet.attributes.get("study")
    if told is not None and told not in studies.names():
        raise ValueError(f"study: expected {one_of(studies.names())}, received {told}")
    return told or ("images" if "psnr" in sheet.names else studies.USUAL)


def _are_dimensions(sheet: Sheet, names: list[str], study: type[Study]) -> bool:
    """Whether these are all that a study's results are over, and no axes among them."""
    paths = {str(sheet.columns.get(name, {}).get("path", name)) for name in names}
    if "find" in sheet.attributes:  # of searches there are none
        return not names
    wanted = {last(name) for name in (*study.along, *([study.shown_last] if study.shown_last else []))}
    others = {path.partition(".")[0] for path in paths if last(path) not in wanted}
    return wanted <= {last(path) for path in paths} and not others & {*study.model_fields}


def _grid(sheet: Sheet, dims: list[str]) -> tuple[dict[str, list[str]], list[int], np.ndarray, dict[str, Any]]:
    """The cells by column, the shape of the grid that the dimensions make, each row's place in it, and coordinates."""
    cells = {name: [row[at] for row in sheet.rows.values()] for at, name in enumerate(sheet.names)}
    along = {name: _values(sheet, name, list(dict.fromkeys(cells[name]))) for name in dims}
    places = {name: {text: at for at, text in enumerate(dict.fromkeys(cells[name]))} for name in dims}
    shape = [len(values) for values in along.values()]
    if math.prod(shape) > LARGEST:
        raise ValueError(f"axes, seeds and rounds make a grid of {math.prod(shape)} places, which is too large")
    at = np.ravel_multi_index([[places[name][text] for text in cells[name]] for name in dims], shape)  # [rows]
    if len(np.unique(at)) < len(at):
        raise ValueError("a point, seed and round is there twice")
    return (
        cells,
        shape,
        at,
        {name: (name, np.array(values), _attributes(sheet, name)) for name, values in along.items()},
    )


def _values(sheet: Sheet, name: str, texts: list[str]) -> list[Any]:
    """The values of an axis; all different, numbers finite."""
    kinds = ["int"] if name in ("seed", "round") else [str(sheet.columns.get(name, {}).get("type", ""))]
    for kind in kinds if kinds[0] in READERS else ["int", "float", "str"]:
        try:
            values = [READERS[kind](text) for text in texts]
        except (ValueError, KeyError, OverflowError):
            continue
        usual = kind == "str" or all(abs(value) < 2**63 for value in values)  # not for NaN
        if len({*values}) < len(values) or not usual:
            raise ValueError(f"{name}: expected different and finite values, received {', '.join(texts)[:60]}")
        return values
    raise ValueError(f"{name}: expected values of the type {kinds[0]}, received {', '.join(texts)[:60]}")


def _numbers(name: str, texts: list[str]) -> list[float]:
    try:
        numbers = [float(text or "nan") for text in texts]
        if name in ENDS and not all(map(_is_round_or_unknown, numbers)):
            raise ValueError("expected the number of a round, or -1")
        return numbers
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _is_round_or_unknown(number: float) -> bool:
    return math.isnan(number) or -1 <= number < 2**53 and number.is_integer()


def _attributes(sheet: Sheet, name: str, known: Mapping[str, Measure] = NONE) -> dict[str, str]:
    """Units, long name and path, as the file says or as results have them."""
    told = sheet.columns.get(name, {})
    usual = dataset.units_of(known[name]) if name in known else dataset.describe(str(told.get("path", name)))
    return usual | {key: str(told[key]) for key in TOLD if told.get(key)}
