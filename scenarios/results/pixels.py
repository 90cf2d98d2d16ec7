"""Pictures of a result in a curve: a comment for each of their measures, with 8 bits a pixel, packed.

    # pixels {"name": "picture", "dims": ["uplink", "seed", "snr_db", "shown", "pixel"], "shape": [...], "bytes": "..."}

The bytes are those of zlib in base64, in the order of the dimensions; no pixel, NaN, is one of 255 and others are 0 to
254. Dimensions that no line has are numbered from 0.
"""

import base64
import binascii
import json
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from .dataset import describe, units_of
from .measures import Measure

TOP, NOTHING = 254, 255
LARGEST = 2**27  # bytes of a measure


def comments(dataset: xr.Dataset, measures: Sequence[Measure]) -> Iterator[str]:
    """What a curve says of the pictures of a dataset, a line a measure."""
    for measure in measures:
        if measure.pixels and measure.name in dataset and dataset[measure.name].notnull().any():
            values = dataset[measure.name]
            packed = base64.b64encode(zlib.compress(_bytes(values.values), 9)).decode()
            told = {"name": measure.name, "dims": list(map(str, values.dims)), "shape": list(values.shape)}
            yield "pixels " + json.dumps(told | {"bytes": packed})


def variables(
    told: Sequence[Any], measures: Mapping[str, Measure], sizes: Mapping[str, int]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Variables and coordinates of what comments say; ValueError where they are none of this study and these sizes."""
    found: dict[str, Any] = {}
    coordinates: dict[str, Any] = {}
    for each in told:
        name, dims, shape, packed = _parts(each)
        if name not in measures or not measures[name].pixels or len({*dims}) < len(dims):
            raise ValueError(f"pixels: expected a measure of pictures, received {name}")
        if any(sizes.get(dim, size) != size for dim, size in zip(dims, shape, strict=True)):
            raise ValueError(f"pixels: expected {name} at all places of the lines, received the shape {shape}")
        found[name] = (dims, _values(packed, shape), units_of(measures[name]))
        own = {dim: size for dim, size in zip(dims, shape, strict=True) if dim not in sizes}
        coordinates |= {dim: (dim, np.arange(size), describe(dim)) for dim, size in own.items()}
    return found, coordinates


def _parts(told: Any) -> tuple[str, list[str], list[int], str]:
    try:
        name, dims, shape, packed = (told[part] for part in ("name", "dims", "shape", "bytes"))
        right = all(isinstance(each, str) for each in (name, packed, *dims)) and len(dims) == len(shape)
        right = right and all(type(size) is int and size > 0 for size in shape) and math.prod(shape) <= LARGEST
    except (TypeError, KeyError):
        right = False
    if not right:
        raise ValueError("pixels: expected a name, dimensions, their sizes and bytes, received something else")
    return name, dims, shape, packed


def _bytes(values: np.ndarray) -> bytes:
    within = np.round(TOP * np.clip(values, 0.0, 1.0))
    return bytes(np.where(np.isnan(values), NOTHING, np.nan_to_num(within)).astype(np.uint8).tobytes())


def _values(packed: str, shape: list[int]) -> np.ndarray:
    wanted = math.prod(shape)
    try:
        unpacked = zlib.decompressobj().decompress(base64.b64decode(packed, validate=True), wanted + 1)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"pixels: expected bytes of zlib in base64; {error}") from None
    if len(unpacked) != wanted:
        raise ValueError(f"pixels: expected {wanted} bytes, received {len(unpacked)} and maybe more")
    numbers = np.frombuffer(unpacked, np.uint8).reshape(shape)
    return np.where(numbers == NOTHING, np.nan, numbers / TOP)
