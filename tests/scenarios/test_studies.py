"""Studies of minutes on real data: the presets reach what docs/results.md says."""

import os
from pathlib import Path

import pytest

from overair.scenarios import run

MNIST = Path(os.environ.get("OVERAIR_DATA", "/nowhere")) / "mnist"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not MNIST.is_dir(), reason="needs MNIST: $OVERAIR_DATA/mnist is not there"),
]


def test_random_linear_codes_train_lenet_as_well_as_the_ideal_uplink_up_to_compression_20() -> None:
    seeds = "seeds=[0, 1, 2, 3, 4, 5]"  # one seed swings by a point or two
    sets = ["grant.compression=[2, 20]", "link.channel='awgn'", seeds]
    uplinks = "uplink=['ideal', {kind='analog', codec='random_linear'}]"
    accuracy = run("abdi_rlc", [*sets, uplinks]).accuracy.isel(round=-1).mean("seed")
    ideal, analog = accuracy.sel(uplink="ideal"), accuracy.sel(uplink="analog")
    assert (ideal > 0.91).all()
    assert (abs(analog - ideal) <= 0.01).all()


def test_softmax_regression_reaches_ninety_percent_over_an_ideal_uplink() -> None:
    accuracy = run("amiri2020", ["uplink='ideal'", "partition={kind='iid', samples_per_device=1000}"]).accuracy
    assert float(accuracy.isel(round=-1).mean()) >= 0.90
