"""The order of each headline comes out again where it is simulated again."""

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from overair.scenarios import run
from overair.scenarios.results import curves

DATA = Path(os.environ.get("OVERAIR_DATA", "/nowhere"))
CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"


def data(name: str) -> None:
    if not (DATA / name).is_dir():
        pytest.skip(f"needs {name} under $OVERAIR_DATA")


def last(dataset: xr.Dataset) -> xr.DataArray:
    return dataset.accuracy.isel(round=-1)


@pytest.mark.slow
def test_on_the_first_run_adding_on_the_air_beats_taking_turns_below_ten_decibels_and_both_learn_above() -> None:
    kept = curves.load(CURVES / "quickstart.csv")
    again = run("quickstart", ["link.snr_db=[-20, -10, 20]"])
    expected = kept.sel(snr_db=again.snr_db, uplink=again.uplink)
    np.testing.assert_allclose(again.tuned, expected.tuned)
    assert float(np.abs(last(again) - last(expected)).max()) <= 0.03  # three seeds differ by 0.01 to 0.1
    at = last(again)
    low = at.sel(snr_db=[-20, -10])
    assert np.all(low.sel(uplink="ideal") > low.sel(uplink="analog"))  # seed by seed
    assert np.all(low.sel(uplink="analog") > low.sel(uplink="digital") + 0.05)
    high = at.sel(snr_db=20).mean("seed")
    assert float(high.max() - high.min()) < 0.03


@pytest.mark.slow
def test_offsets_that_are_seen_cost_nothing_inside_the_prefix_and_little_past_it_and_unseen_ones_cost_much() -> None:
    data("mnist")
    offsets = "link.impairments=[{kind='timing_offset',high=[0.0,16.0,24.0],whole=true,seen=[true,false]}]"
    found = last(run("clock_offset", [offsets, "rounds=30", "seeds=[0, 1, 2]"])).mean("seed").squeeze(drop=True)
    seen, unseen = found.sel(seen="true"), found.sel(seen="false")
    assert abs(float(seen.sel(high=16.0) - seen.sel(high=0.0))) < 0.002
    assert 0 <= float(seen.sel(high=16.0) - seen.sel(high=24.0)) < 0.02
    assert float(unseen.sel(high=0.0) - seen.sel(high=0.0)) == 0.0
    assert np.all(seen.sel(high=[16.0, 24.0]) - unseen.sel(high=[16.0, 24.0]) > 0.05)


@pytest.mark.slow
def test_pictures_at_capacity_are_above_those_by_real_modes_and_these_above_the_linear_line_at_a_sixth() -> None:
    data("cifar-10-batches-bin")
    schemes = (
        "scheme=[{kind='linear',scale='sent'},"
        "{kind='digital',codec='avif',rate='mcs',mosaic=10},{kind='digital',codec='avif',rate='capacity',mosaic=10}]"
    )
    changes = [schemes, "ratios=['1/6']", "test_images=500", "link.snr_db=[1, 19]"]
    psnr = run("deepjscc_cifar", changes).psnr.squeeze(drop=True)
    linear, modes, capacity = (psnr.isel(scheme=at) for at in range(3))
    assert np.all(capacity > modes + 1.0) and np.all(modes > linear + 0.3)


@pytest.mark.slow
def test_each_at_its_own_step_analog_is_best_and_digital_orders_turn_with_the_data() -> None:
    """After a fifth of the rounds, at the step that validation data chose for everybody, with a fourth seed.

    Each order is one of the kept curve there. Its three seeds deviate by s in the difference of two schemes, so that
    of another is above their mean less 4.3 s sqrt(1 + 1/3), by Student's law of two degrees of freedom at 97.5 %.
    """
    data("mnist")
    kept = curves.load(CURVES / "amiri2020_tuned.csv")
    assert np.all(kept.tuned == 1e-2)
    changes = ["rounds=60", "seeds=[3]", "optimizer.learning_rate=1e-2"]
    found, before = last(run("amiri2020", changes)).squeeze(drop=True), kept.accuracy.sel(round=60)
    analog, d_dsgd, qsgd = "analog random_linear", "digital position_coded", "digital qsgd"
    signs, largest = "digital sign", "digital top_k"
    orders = {
        "iid": ["ideal", analog, signs, qsgd, d_dsgd, largest],
        "classes": ["ideal", analog, d_dsgd, qsgd, largest],
    }
    for partition, order in orders.items():
        for better, worse in zip(order, order[1:], strict=False):
            now, of_seeds = (
                one.sel(partition=partition, uplink=better) - one.sel(partition=partition, uplink=worse)
                for one in (found, before)
            )
            least = of_seeds.mean("seed") - 4.3 * of_seeds.std("seed", ddof=1) * (4 / 3) ** 0.5
            assert float(now) > max(0.0, float(least)), (partition, better, worse)
