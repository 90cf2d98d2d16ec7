"""Error rates against SNR: lines, intervals and closed forms are those of the dataset, and nothing is drawn of none."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from overair.figures import draw
from tests.figures.reading import lines, points

SNRS = [0.0, 5.0, 10.0]


def dataset(seeds: int) -> xr.Dataset:
    along = {"modulation": ["bpsk", "qpsk"], "seed": list(range(seeds)), "snr_db": SNRS}
    dims, shape, rng = list(along), (2, seeds, 3), np.random.default_rng(0)
    rates = {name: rng.uniform(0.01, 0.5, shape) * [1, 0.1, 0.01] for name in ("ber", "bler")}
    for rate in rates.values():
        rate[0, :, 2] = 0.0
    ends = {f"{name}_{end}": rate * by for name, rate in rates.items() for end, by in (("low", 0.8), ("high", 1.3))}
    values = rates | ends | {"blocks": rng.integers(10, 100, shape), "theory": np.full(shape, 0.1)}
    values["theory"][1] = np.nan
    words = {"ber": "bit error rate", "bler": "block error rate"}
    made = {name: (dims, of, {"units": "1", "long_name": words.get(name, name)}) for name, of in values.items()}
    about = {"snr_db": {"units": "dB", "long_name": "SNR"}}
    return xr.Dataset(made, {name: (name, of, about.get(name, {})) for name, of in along.items()}, {"study": "link"})


@pytest.mark.parametrize("seeds", [1, 3])
def test_lines_are_shares_of_all_blocks_and_bars_the_intervals_of_each_seed(
    seeds: int, figures: list[Figure], tmp_path: Path
) -> None:
    given = dataset(seeds)
    draw(given, tmp_path / "figure.png")
    for panel, rate in zip(figures[0].axes, ("ber", "bler"), strict=True):
        drawn = [line for line in lines(panel) if line.get_linestyle() == "-"]
        assert len(drawn) == 2 and panel.get_yscale() == "log"
        for at, line in enumerate(drawn):
            own = given.isel(modulation=at)
            expected = np.average(own[rate].values, axis=0, weights=own.blocks.values)
            expected[expected == 0] = np.nan
            np.testing.assert_allclose(points(line), np.stack([SNRS, expected]))
            for seed, bars in enumerate(panel.collections[at * seeds : (at + 1) * seeds]):
                assert isinstance(bars, LineCollection)
                ends = np.array([bar for bar in bars.get_segments() if len(bar)])
                there = own.isel(seed=seed)[rate].values > 0
                np.testing.assert_allclose(ends[:, 0, 1], own.isel(seed=seed)[f"{rate}_low"].values[there])
                np.testing.assert_allclose(ends[:, 1, 1], own.isel(seed=seed)[f"{rate}_high"].values[there])
        assert panel.get_xlabel() == "SNR (dB), Es/N0"
    assert [panel.get_ylabel() for panel in figures[0].axes] == ["Bit error rate", "Block error rate"]


def test_closed_forms_are_dotted_beside_bits_alone(figures: list[Figure], tmp_path: Path) -> None:
    draw(dataset(1), tmp_path / "figure.png")
    dotted = [[line for line in lines(panel) if line.get_linestyle() == ":"] for panel in figures[0].axes]
    assert [len(each) for each in dotted] == [1, 0]
    np.testing.assert_allclose(points(dotted[0][0]), [SNRS, [0.1, 0.1, 0.1]])


def test_results_without_any_error_are_drawn(tmp_path: Path) -> None:
    given = dataset(1)
    draw(given.assign(ber=0 * given.ber, bler=0 * given.bler).isel(modulation=0, drop=True), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")
