"""Equal peak power: the SNR follows from the amplifier's back-off; and the PAPR is measured where it is asked for."""

from typing import Any

import numpy as np
import pytest

from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.running.run import run

SCENARIO: dict[str, Any] = {
    "data": "digits", "model": "softmax", "devices": 4, "rounds": 2, "seeds": [0],
    "uplink": ["analog", "digital"],
    "link": {"channel": "awgn", "impairments": [{"kind": "amplifier", "backoff_db": 4.0}]},
}  # fmt: skip


def test_mean_power_is_what_back_off_leaves_of_the_peak() -> None:
    """Peaks 24 dB above the noise and 4 dB of back-off are an SNR of 20 dB, bit for bit."""
    peak, mean = (run(SCENARIO, [*told]) for told in (["link.peak_snr_db=24", "papr=true"], ["link.snr_db=20"]))
    np.testing.assert_array_equal(peak.nmse, mean.nmse)
    np.testing.assert_array_equal(peak.energy, mean.energy)
    assert "papr_db" not in mean or np.isnan(mean.papr_db).all()
    papr = peak.papr_db.isel(round=-1).mean("seed").values.ravel()
    assert np.all((papr > 4) & (papr < 15))


def test_a_peak_is_that_of_an_amplifier() -> None:
    with pytest.raises(ScenarioError, match=r"link\.peak_snr_db: expected one amplifier among impairments"):
        run({**SCENARIO, "link": {"channel": "awgn", "peak_snr_db": 10}})
