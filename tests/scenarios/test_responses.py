"""Channels of a scenario, as a report shows them: each once, with the power that they have."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from overair import pages
from overair.figures import report_channels, write
from overair.phy import Air, Grid, Rayleigh, keys
from overair.scenarios.reading import skeleton
from overair.scenarios.running.responses import responses


def sums(**link: Any) -> dict[str, Any]:
    return {"study": "aggregation", "devices": 3, "uplink": "analog", "link": link}


def test_each_channel_is_there_once_whatever_else_is_swept() -> None:
    found = responses(sums(channel=["awgn", "rayleigh"], snr_db=[0, 10], antennas=[1, 2]))
    assert [each.attrs["channel"] for each in found] == ["awgn", "rayleigh"]
    still, faded = (each.gain for each in found)
    np.testing.assert_allclose(still, 0.0, atol=1e-4)  # a gain of 1
    assert still.sizes == {"device": 3, "time": 1, "frequency": 64} and len(np.unique(faded[:, 0, 0])) == 3
    np.testing.assert_allclose(faded.values, np.broadcast_to(faded.values[..., :1], faded.shape), atol=1e-4)  # flat
    assert np.diff(still.frequency)[0] == 15e3
    air = Air(Grid(), Rayleigh(), devices=3)
    link = air.draw(air.init(keys.key(0, "place")), keys.key(0, "example"), time=0.0, slots=1)
    h = link.response().numpy()[0, 0, :, 0]
    np.testing.assert_allclose(faded[:, 0], np.broadcast_to(20 * np.log10(np.abs(h)), faded[:, 0].shape), atol=1e-3)


def test_one_that_moves_is_there_over_a_slot(tmp_path: Path) -> None:
    found = responses(sums(channel={"kind": "tdl", "speed": 30.0, "delay_spread": 300e-9}))
    assert found[0].attrs["channel"].startswith("tdl ") and "speed=30" in found[0].attrs["channel"]
    assert found[0].sizes["time"] == 14
    np.testing.assert_allclose(np.diff(found[0].time), (64 + 16) / (64 * 15e3))
    write(report_channels.plot([*found, *responses(sums(channel="awgn"))]), tmp_path / "channels.html")
    assert "data-tells" in (tmp_path / "channels.html").read_text()


def test_a_study_without_a_link_has_none() -> None:
    assert responses(skeleton.example("compression")) == []


@pytest.mark.parametrize("scenario", [{"study": "warp"}, sums(channel={"kind": "tdl", "warp": 9})])
def test_a_scenario_that_cannot_be_read_has_a_reason_in_place_of_channels(scenario: dict[str, Any]) -> None:
    import xarray as xr

    channels, notes = pages._channels(xr.Dataset(attrs={"scenario": json.dumps(scenario)}))
    assert not channels and notes[0].startswith("No channel is drawn: scenario field ")
