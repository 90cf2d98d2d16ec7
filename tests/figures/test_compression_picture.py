"""On the axes of the figure of compression: errors over the bits used, and the least that bits allow."""

from pathlib import Path

import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from overair.figures import draw
from tests.checkout import kept, needs_checkout
from tests.figures.reading import lines, points

GAINS = [320.0, 32.0, 4.0]


def dataset(axes: dict[str, list], least: bool = True) -> xr.Dataset:
    rng, along = np.random.default_rng(0), axes | {"seed": [0, 1], "moment": [0, 5], "target_gain": GAINS}
    shape = [len(values) for values in along.values()]
    names = ("error", "deviation", "gain", "bits", "bound", "least")
    found = xr.Dataset({name: (tuple(along), rng.uniform(1, 2, size=shape)) for name in names}, along)
    found["gain"] = found.gain * found["target_gain"]
    found["least"] = xr.full_like(found.error, 1.0) * 4.0 ** (-32 / found["target_gain"]) if least else np.nan
    return found.assign_attrs(study="compression")


def test_errors_stand_over_the_bits_used_beside_the_least_possible(figures: list[Figure], tmp_path: Path) -> None:
    results = dataset({"compressor": ["eden", "qcs decoder=mmse"]})
    results.gain.loc[{"compressor": "eden", "target_gain": 320.0}] = np.inf  # nothing fits
    draw(results, tmp_path / "figure.png")
    (panel,) = figures[0].axes
    assert panel.get_xlabel() == "Bits used for each parameter" and panel.get_xscale() == panel.get_yscale() == "log"
    *own, least = lines(panel)
    for at, line in enumerate(own):
        here = results.isel(compressor=at, target_gain=slice(1 - at, None)).mean(["seed", "moment"])
        used = (32 / results.gain).isel(compressor=at, target_gain=slice(1 - at, None)).mean(["seed", "moment"])
        np.testing.assert_allclose(points(line), [used.values, here.error.values])
    rates = np.array([0.1, 1.0, 8.0])
    np.testing.assert_allclose(points(least), np.array([rates, 4.0**-rates]))
    shown = [text.get_text() for text in figures[0].legends[0].get_texts()]
    assert shown == ["eden", "qcs decoder=mmse", "least possible"]
    assert figures[0].get_supxlabel().startswith("Means over 2 gradients and 2 seeds.")


def test_further_axes_make_panels_and_old_results_have_no_least(figures: list[Figure], tmp_path: Path) -> None:
    results = dataset({"batch_size": [16, 64], "compressor": ["eden", "sign"]}, least=False)
    results["batch_size"].attrs["long_name"] = "samples of a gradient"
    draw(results, tmp_path / "figure.png")
    assert [panel.get_title() for panel in figures[0].axes] == ["Samples of a gradient 16", "Samples of a gradient 64"]
    for at, panel in enumerate(figures[0].axes):
        expected = results.error.isel(batch_size=at).mean(["seed", "moment"])
        np.testing.assert_allclose([points(line)[1] for line in lines(panel)], expected)
    draw(results.isel(batch_size=0, compressor=0, drop=True), tmp_path / "figure.png")
    assert len(lines(figures[1].axes[0])) == 1 and not figures[1].legends


@needs_checkout
def test_no_compressor_errs_by_less_than_the_laws_allow() -> None:
    stored = kept("all_compressors").isel(seed=0)
    rates = 32 / stored["target_gain"].values
    assert rates.min() <= 0.1 + 1e-6 and rates.max() == 8
    assert (stored.error > stored.least).all()
    sparse = stored.error.sel(compressor="top_k", target_gain=320.0).values
    assert np.all(sparse < 0.8)  # most of the energy is in few entries
    best = stored.error.min("compressor").sel(target_gain=8.0)
    assert np.all(best < 3 * stored.least.sel(target_gain=8.0).max("compressor"))


@needs_checkout
def test_the_curve_of_statistics_says_what_the_documentation_says() -> None:
    stored = kept("gradient_statistics")
    for name in ("ks_null_passed", "spearman_null_passed"):
        tests = stored[name].size * 20
        assert abs(float(stored[name].mean()) - 0.955) < 4.5 * (0.05 * 0.95 / tests) ** 0.5 + 0.005
    assert stored.sizes["seed"] == 3
    mean = stored.mean("seed")
    later, whole = mean.sel(gradient="last").isel(epoch=slice(1, None)), mean.sel(entries=3000, gradient="mean")
    assert (later.spearman_passed.sel(entries=100).mean("epoch") > 0.5).all()
    assert (later.spearman_passed.sel(entries=3000).mean("epoch") < 0.3).all()
    assert (mean.spearman.sel(gradient="mean").mean("epoch") > 0.4).all()  # epoch means are correlated
    whole, last = whole.mean("epoch"), mean.sel(gradient="last", entries=3000).mean("epoch")
    for name in ("w2_laplace", "w2_gennorm", "w2_weibull"):
        assert (whole[name] < 0.7 * whole.w2_normal).all()
    assert (last.w2_laplace > 1.3 * last.w2_weibull).all()  # there Laplace does not tie
