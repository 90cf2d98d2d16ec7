"""What a scenario's channels do to a signal: responses of some devices over subcarriers and time, drawn as examples."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..reading import labels
from ..reading.planned import planned
from ..reading.sweep import Point

if TYPE_CHECKING:
    import xarray as xr

MOST_CHANNELS, MOST_DEVICES, MOST_PLACES = 6, 4, 1024  # places are symbols, and subcarriers
LEAST = 1e-9  # power, of what is silent


def responses(scenario: Mapping[str, Any]) -> "list[xr.Dataset]":
    """Of the first channels on the first grids among a scenario's points; none of a study without a link.

    A dataset holds the power gain at the first antenna, in dB, over devices, seconds and hertz, the channel's name, and
    ``of``, how many channels there are. Of very many symbols or subcarriers some are there, as far from each other.
    """
    found: dict[str, Point] = {}
    for point in planned(scenario)[0].points:
        if hasattr(point.scenario, "link"):
            found.setdefault(json.dumps(_decides(point.scenario), sort_keys=True), point)
    if not found:
        return []
    channels = [json.loads(each) for each in found]
    names = labels.of("link.channel", channels) if len(channels) > 1 else [_name(channels[0])]
    some = list(zip(names, found.values(), strict=True))[:MOST_CHANNELS]
    return [_drawn(point.scenario).assign_attrs(channel=str(name), of=len(found)) for name, point in some]


def _decides(study: Any) -> dict[str, Any]:
    """A channel, as a scheme that names differ by: its grid is one of its fields where there are several."""
    channel = study.link.model_dump(mode="json")["channel"]
    return channel | {"grid": study.grid.model_dump(mode="json")}


def _name(channel: Mapping[str, Any]) -> str:
    """With its fields, as a scenario would have them."""
    told = {name: value for name, value in channel.items() if name not in ("kind", "label", "grid")}
    fields = (f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}" for name, value in told.items())
    return str(channel.get("label") or " ".join([channel["kind"], *fields]))


def _drawn(study: Any) -> "xr.Dataset":
    import xarray as xr

    from ...phy import keys
    from ...quietly import tensorflow as tf
    from ..studies._air import air_of

    air = air_of(study, min(MOST_DEVICES, getattr(study, "devices", MOST_DEVICES)))

    @tf.function(autograph=False)
    def gains() -> tf.Tensor:
        place = air.init(keys.key(study.seeds[0], "place"))
        link = air.draw(place, keys.key(study.seeds[0], "example"), time=0.0, slots=1)
        return tf.abs(link.effective.response(link.frequencies))[0, 0] ** 2  # [K, T, F]

    power = 10 * np.log10(np.maximum(gains().numpy(), LEAST))
    times = np.arange(power.shape[1]) * air.grid.symbol_seconds
    along = {"device": range(len(power)), "time": times, "frequency": air.grid.frequencies.numpy()}
    whole = xr.Dataset({"gain": (list(along), power)}, {name: np.asarray(each) for name, each in along.items()})
    steps = {name: -(-whole.sizes[name] // MOST_PLACES) for name in ("time", "frequency")}
    return whole.isel({name: slice(None, None, step) for name, step in steps.items()})
