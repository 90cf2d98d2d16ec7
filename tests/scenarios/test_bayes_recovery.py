"""The preset bayes_recovery: its terms are the lecture's, and its curve is what is simulated again."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from overair.scenarios import run
from overair.scenarios.reading.files import read
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import saved

CURVE = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves" / "bayes_recovery.csv"
DATA = Path(os.environ.get("OVERAIR_DATA", "/nowhere")) / "mnist"
SPATIAL = "analog em_bg_amp spatial=true"


def test_the_preset_compares_four_recoveries_and_the_ideal_uplink_at_two_snrs() -> None:
    plan = sweep(read("bayes_recovery")[1])
    schemes = ["amp", "em_bg_amp spatial=false", "em_bg_amp spatial=true", "lmmse"]
    assert plan.axes == {"uplink": ["ideal", *(f"analog {name}" for name in schemes)], "link.snr_db": [20.0, 0.0]}
    assert json.loads(saved.load(CURVE).attrs["scenario"]) == plan.resolved  # what the curve was made with


def test_the_curve_says_what_the_documentation_says() -> None:
    last = saved.load(CURVE).accuracy.isel(round=-1)
    clear, noisy = (last.sel({"snr_db": snr}).mean("seed") for snr in (20.0, 0.0))
    for uplink in ("analog amp", "analog em_bg_amp spatial=false", SPATIAL):
        assert float(clear.sel(uplink="ideal") - clear.sel(uplink=uplink)) < 0.03
        assert float(noisy.sel(uplink="ideal") - noisy.sel(uplink=uplink)) > 0.03
    for accuracy in (clear, noisy):
        assert float(accuracy.sel(uplink=SPATIAL) - accuracy.sel(uplink="analog lmmse")) > 0.05


@pytest.mark.slow
@pytest.mark.skipif(not DATA.is_dir(), reason="needs MNIST: $OVERAIR_DATA/mnist is not there")
def test_a_point_of_the_curve_is_what_is_simulated_again() -> None:
    recovery = "{kind='em_bg_amp', spatial=true}"
    codec = f"{{kind='sparse', kept=0.5, centred=0, recovery={recovery}}}"
    uplink = f"uplink={{kind='analog', rule='full_inversion', codec={codec}}}"
    found = run("bayes_recovery", [uplink, "link.snr_db=20", "seeds=[1]", "rounds=60"]).sel(seed=1)
    kept = saved.load(CURVE).sel(uplink=SPATIAL, seed=1).sel({"snr_db": 20.0})
    kept = kept.sel(round=found["round"])
    for name in ("nmse", "energy", "resource_elements"):  # 1%: without neighbours the NMSE is 5% higher
        np.testing.assert_allclose(found[name], kept[name], rtol=0.01)
    np.testing.assert_allclose(found.accuracy, kept.accuracy, atol=0.01)
