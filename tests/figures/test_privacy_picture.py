"""The figure of privacy: epsilon above accuracy, over the SNR, a line for each that has one."""

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import privacy
from tests.figures.reading import lines, points

SNRS, VARIANTS = [-10.0, 0.0, 10.0], ["sample", "device", "nobody"]
DIMS = ("variant", "snr_db", "seed", "round")


def results() -> xr.Dataset:
    """Of two rounds, the last of which counts; nothing is guaranteed to the last variant."""
    variant, snr, seed, round = np.meshgrid(range(3), SNRS, range(3), [1, 2], indexing="ij")
    epsilon = np.where(variant < 2, (1 + variant) * 10.0 ** (snr / 10) * round + seed, np.inf)
    accuracy = (variant + round + snr / 100 + seed / 10) / 10
    coordinates = {"variant": VARIANTS, "snr_db": SNRS, "seed": [0, 1, 2], "round": [1, 2]}
    made = xr.Dataset({"accuracy": (DIMS, accuracy), "epsilon": (DIMS, epsilon)}, coordinates)
    return made.assign_attrs(study="federated", scenario="{}")


def test_epsilon_of_the_last_round_stands_above_its_accuracy(figures: list[Figure]) -> None:
    made = results()
    figures.append(privacy.plot(made))
    above, below = figures[0].axes
    assert above.get_yscale() == "log" and above.get_ylabel() == "Epsilon of all rounds"
    mean = made.isel(round=-1).mean("seed")
    for panel, name, count in ((above, "epsilon", 2), (below, "accuracy", 3)):
        found = [points(line) for line in lines(panel)]
        finite = [each for each in found if np.isfinite(each[1]).all()]
        assert len(finite) == count
        for place, each in enumerate(finite):
            np.testing.assert_allclose(each, [SNRS, mean[name].values[place]])


def test_what_guarantees_nothing_is_named_beside_the_others(figures: list[Figure]) -> None:
    figures.append(privacy.plot(results()))
    texts = [text.get_text() for legend in figures[0].legends for text in legend.get_texts()]
    assert texts == VARIANTS
    told = " ".join(" ".join(text.get_text() for text in figures[0].texts).split())
    assert "epsilon is of each run alone" in told and "3 seeds" in told


def test_results_without_an_epsilon_are_refused() -> None:
    with pytest.raises(ValueError, match="^results: expected epsilon over snr_db"):
        privacy.plot(results().drop_vars("epsilon"))
