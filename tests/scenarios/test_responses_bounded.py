"""However many channels a sweep has and however wide they are, a report draws some of them, and says so."""

from pathlib import Path

import numpy as np
import pytest

from overair.figures import report_channels, write
from overair.scenarios.running import responses


def test_the_first_six_channels_are_drawn_each_at_so_many_places(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ratios = [float(ratio) for ratio in range(8)]
    link = {"channel": {"kind": "rician", "k_db": ratios}, "snr_db": [0, 10]}
    sums = {"study": "aggregation", "devices": 1, "uplink": "analog", "link": link}
    found = responses.responses(sums | {"grid": {"subcarriers": 1100}})
    assert len(found) == responses.MOST_CHANNELS == 6 and {each.attrs["of"] for each in found} == {8}
    assert [each.sizes["frequency"] for each in found] == [550] * 6  # every second
    np.testing.assert_array_equal(np.diff(found[0].frequency), 2 * 15e3)
    told: list[str] = []
    monkeypatch.setattr(report_channels, "caption", lambda figure, text: told.append(text))
    write(report_channels.plot(found[:2]), tmp_path / "channels.html")
    assert (tmp_path / "channels.html").stat().st_size < 300_000
    write(report_channels.plot([found[0].assign_attrs(of=1)]), tmp_path / "channel.html")
    assert told[0].endswith("The first 2 of 8 channels of the sweep.") and "of the sweep" not in told[1]
