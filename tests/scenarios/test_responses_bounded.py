"""However many channels a sweep has and however wide they are, a report draws some of them, and says so."""

from pathlib import Path

import numpy as np

from overair.figures import report_channels
from overair.scenarios.running import responses


def test_the_first_six_channels_are_drawn_each_at_so_many_places(tmp_path: Path) -> None:
    ratios = [float(ratio) for ratio in range(8)]
    link = {"channel": {"kind": "rician", "k_db": ratios}, "snr_db": [0, 10]}
    sums = {"study": "aggregation", "devices": 3, "uplink": "analog", "link": link}
    found = responses.responses(sums | {"grid": {"subcarriers": 3000}})
    assert len(found) == responses.MOST_CHANNELS == 6 and {each.attrs["of"] for each in found} == {8}
    assert [each.sizes["frequency"] for each in found] == [1000] * 6  # every third
    np.testing.assert_array_equal(np.diff(found[0].frequency), 3 * 15e3)
    report_channels.draw(found, tmp_path / "channels.html")
    page = (tmp_path / "channels.html").read_text()
    assert "The first 6 of 8 channels of the sweep." in page and len(page) < 2_000_000
    report_channels.draw([found[0].assign_attrs(of=1)], tmp_path / "channel.html")
    assert "channels of the sweep" not in (tmp_path / "channel.html").read_text()
