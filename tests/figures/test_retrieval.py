"""The general figure of results of retrieval: what stands on its axes, and what the stored curve claims."""

import os
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import draw
from overair.figures._labels import SNR
from overair.scenarios.results import curves
from tests.figures.reading import interval, lines, points, reach

CURVES = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parents[2])) / "docs" / "curves"
GIVEN = Path(os.environ.get("OVERAIR_DATA") or "nowhere", "omniglot")
WAYS, LINKS = ["ideal", "analog low_db=10", *map(str, range(9))], ["awgn", "tdl"]
SNRS, RANKS, SEEDS = [-6, 0, 6], [1, 5], 3


def results() -> xr.Dataset:
    """Numbers that say what they are of: 0.1 a link, 0.01 a way, 1/1000 a decibel, 1/500 a seed; 0.3 beyond top-1."""
    shape = [len(WAYS), len(LINKS), SEEDS, len(SNRS)]
    way, link, seed, snr = np.meshgrid(*(np.arange(size, dtype=float) for size in shape), indexing="ij")
    accuracy = 0.3 + 0.01 * way + 0.1 * link + (6 * snr - 6) / 1000 + seed / 500
    dims = ("query", "link", "seed", SNR)
    about = {"units": "1", "long_name": "top-1 accuracy"}
    variables = {
        "accuracy": (dims, accuracy, about),
        "mean_average_precision": (dims, accuracy / 2),
        "top": ((*dims, "rank"), np.stack([accuracy, accuracy + 0.3], axis=-1)),
    }
    snrs = (SNR, SNRS, {"units": "dB", "long_name": "SNR"})
    coordinates = {"query": WAYS, "link": LINKS, "seed": [*range(SEEDS)], SNR: snrs, "rank": RANKS}
    return xr.Dataset(variables, coordinates, {"study": "retrieval"})


def test_every_link_has_its_panel_with_top_1_of_all_ways(figures: list[Figure], tmp_path: Path) -> None:
    dataset = results()
    draw(dataset, tmp_path / "figure.png")
    for link, panel in enumerate(figures[0].axes):
        assert panel.get_title() == LINKS[link] and panel.get_xlabel() == "SNR (dB)"
        for place, line in enumerate(lines(panel)):
            values = dataset.accuracy.isel(link=link, query=place)
            np.testing.assert_allclose(points(line), [SNRS, values.mean("seed")])
            np.testing.assert_allclose(reach(panel, place), interval(values.transpose("seed", ...).values))
        assert len(lines(panel)) == len(WAYS)
        looks = {(line.get_color(), line.get_linestyle()) for line in lines(panel)}
        assert len(looks) == len(WAYS)
    assert figures[0].axes[0].get_ylabel() == "Top-1 accuracy"
    shown = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert shown == [way.replace("_", " ") for way in WAYS]


# --- The stored curve


@pytest.mark.slow
def test_in_the_curve_analog_comes_to_its_baseline_and_real_codes_stay_far_below() -> None:
    curve = curves.load(CURVES / "retrieval.csv")
    accuracy = curve.accuracy.mean("seed")
    snrs = curve[SNR].values
    at = {snr: place for place, snr in enumerate(snrs)}
    names = dict(zip(NAMES, curve["query"].values, strict=True))
    first = curve["variant"].values[0]

    def line(link: str, way: str) -> np.ndarray:
        return accuracy.sel(variant=link, query=names[way]).values

    best = line(first, "ideal")[0]
    error = (0.25 / 2636 / curve.sizes["seed"]) ** 0.5  # at most, of a mean over seeds
    for link in curve["variant"].values:
        joint = line(link, "range" if link == first else "through")
        assert np.all(np.diff(joint) > -3 * error) and joint[at[18.0]] > best - 0.03
        for kind in ("quantised", "picture"):
            real, ideal = (line(link, f"{kind} {rate}") for rate in ("ldpc", "capacity"))
            assert np.all(joint[: at[9.0]] > real[: at[9.0]]) and joint[at[0.0]] > real[at[0.0]] + 0.2
            assert np.all(ideal[at[-3.0] :] > real[at[-3.0] :])
    learnt, joint = line(first, "quantised capacity"), line(first, "range")
    assert joint[at[-6.0]] > learnt[at[-6.0]] + 0.2  # at high SNR the best possible codes are as good
    assert abs(joint[at[15.0]] - learnt[at[15.0]]) < 5 * error


NAMES = (  # of the preset's ways, in their order
    *("all", "ideal", "-6", "0", "10", "range", "through"),
    *("quantised capacity", "quantised ldpc", "picture capacity", "picture ldpc"),
)


@pytest.mark.slow
@pytest.mark.skipif(not GIVEN.is_dir(), reason="needs the folder omniglot in $OVERAIR_DATA")
def test_a_short_study_of_a_few_characters_orders_the_ways() -> None:
    from overair.scenarios import run

    short = ["network_steps=500", "head_steps=150", "train_characters=300", "test_characters=60", "seeds=[0]"]
    queries = (
        "query=['ideal', {kind='analog', low_db=-6, high_db=-6}, {kind='analog', low_db=0, high_db=0}, "
        "{kind='analog', low_db=10, high_db=10}, 'analog', 'picture']"
    )
    accuracy = run("retrieval", [*short, queries, "link.snr_db=[0, 60]"]).accuracy.isel(seed=0).sel(variant="AWGN")
    best = float(accuracy[0, 0])
    error = (0.25 / 240) ** 0.5
    assert best > 0.5
    for way in accuracy[1:-1]:
        assert abs(float(way[1]) - best) < 4 * error  # without noise it is a baseline too
        assert float(way[0]) > float(accuracy[-1, 0])
