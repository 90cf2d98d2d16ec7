"""Scenarios of error rates: they run from a file, grow by an SNR bit for bit, and refuse what cannot be sent."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import binom

from overair.ota.closed_forms import ber_awgn
from overair.ota.link_level import LinkLevel
from overair.scenarios import ScenarioError, run, studies
from overair.scenarios.reading import files
from overair.scenarios.reading.sweep import sweep
from overair.scenarios.results import curves
from overair.scenarios.results.tables import heading, table
from tests.checkout import CURVES, needs_checkout

TOML = """
study = "link"
modulation = ["bpsk", "16-qam"]
code_rate = [1, "1/2"]
block = 96
errors = 20
most = 300
seeds = [0, 1]
link = { channel = "awgn", snr_db = [0, 8, 30] }
"""
RAW: dict[str, Any] = {"study": "link", "block": 96, "errors": 20, "most": 300, "link": {"snr_db": [0, 8]}}


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    folder = tmp_path_factory.mktemp("link")
    (folder / "my.toml").write_text(TOML)
    made = run(folder / "my.toml", out=folder / "out")
    kept = curves.load(folder / "out" / "curve.csv")
    np.testing.assert_allclose(kept.ber_high, made.ber_high, rtol=1e-5)
    np.testing.assert_allclose(kept.theory, made.theory, rtol=1e-5)
    return made


def test_a_file_runs_to_results_over_modulations_rates_seeds_and_snrs(results: xr.Dataset) -> None:
    assert results.ber.dims == ("modulation", "code_rate", "seed", "snr_db")
    assert results.modulation.values.tolist() == ["bpsk", "16-qam"] and results.code_rate.values.tolist() == [1, 0.5]
    assert results["snr_db"].values.tolist() == [0, 8, 30] and results.code_rate.attrs["long_name"] == "code rate"
    for rate in ("ber", "bler"):
        assert bool(
            (results[f"{rate}_low"] <= results[rate]).all() and (results[rate] <= results[f"{rate}_high"]).all()
        )
    np.testing.assert_array_equal(results.bits, results.blocks * 96)
    last = results.sel({"snr_db": 30})
    assert not last.ber.any() and np.all(last.blocks == 300)
    ended = results.bler * results.blocks >= 20 - 1e-9
    assert bool((ended | (results.blocks == 300)).all()) and bool(ended.any())


def test_closed_forms_stand_beside_what_has_no_code(results: xr.Dataset) -> None:
    for modulation, order in (("bpsk", 1), ("16-qam", 4)):
        theory = results.theory.sel(modulation=modulation)
        np.testing.assert_allclose(theory.sel(code_rate=1, seed=1), ber_awgn(order, 10 ** np.array([0.0, 0.8, 3.0])))
        assert np.isnan(theory.sel(code_rate=0.5)).all()


def test_the_table_shows_small_rates(results: xr.Dataset) -> None:
    rows = table(results.sel(code_rate=[1], modulation=["bpsk"], seed=[0]))
    assert rows[0] == ["modulation", "code_rate", "snr_db", "BER", "BLER", "blocks", "theory"]
    seen = float(results.ber.sel({"code_rate": 1, "modulation": "bpsk", "seed": 0, "snr_db": 8}))
    value, _, interval = rows[2][3].partition(" ")
    assert 0 < seen < 1e-3 and float(value) == pytest.approx(seen, rel=5e-3)
    low, high = map(float, interval.strip("()").split(" to "))
    assert low < seen < high


def test_the_table_tells_below_what_a_rate_is_where_nothing_was_wrong(results: xr.Dataset) -> None:
    """Of n blocks none of which was wrong, the interval of 95 % reaches to 1 - 0.025^(1/n)."""
    chosen = results.sel(code_rate=[1], modulation=["bpsk"], snr_db=[30])
    bound = 1 - 0.025 ** (1 / 300)
    for seeds in ([0], [0, 1]):
        (row,) = table(chosen.sel(seed=seeds))[1:]
        assert row[3:5] == [f"< {bound:.2g}"] * 2
        assert "BER, BLER: " in (heading(chosen.sel(seed=seeds)) or "")


def test_several_seeds_have_the_interval_of_their_mean(results: xr.Dataset) -> None:
    (row,) = table(results.sel(code_rate=[1], modulation=["16-qam"], snr_db=[0]))[1:]
    assert " +- " in row[3] and float(row[4].partition(" ")[0]) == 1.0


def test_an_snr_more_or_another_order_changes_no_bit_of_the_rest(tmp_path: Path) -> None:
    first = run(RAW, out=tmp_path)
    sent, count = list[float](), LinkLevel.count

    def counted(level: LinkLevel, snr_db: float, *rest: Any) -> Any:
        sent.append(snr_db)
        return count(level, snr_db, *rest)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LinkLevel, "count", counted)
        grown = run(RAW, ["link.snr_db=[8,4,0]"], out=tmp_path)
    assert sent == [4.0]
    xr.testing.assert_equal(grown.sel({"snr_db": [0, 8]}), first)
    xr.testing.assert_identical(grown, run(RAW, ["link.snr_db=[8,4,0]"]))
    told = run(RAW, ["seeds=[5,0]"])
    xr.testing.assert_equal(told.sel(seed=[0]), first)


def test_seeds_and_numbers_of_errors_share_what_is_compiled() -> None:
    one, two, other = (studies.check(RAW | more) for more in ({"seeds": [0, 1]}, {"errors": 7}, {"block": 48}))
    assert one.group(0) == one.group(1) == two.group(0) != other.group(0)
    assert one.identity() != two.identity()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (
            {"modulation": "64-qam", "block": 1000},
            r"scenario field block: expected a multiple of the 6 bits of a symbol",
        ),
        ({"code_rate": "1/9"}, r"scenario field code_rate: expected 0.2 to 0.95 for 96 bits"),
        ({"code_rate": 0.5, "block": 9000}, r"scenario field block: expected 12 to 8448 bits"),
        ({"code_rate": 1.5}, r"scenario field code_rate: expected .*1"),
        ({"modulation": "8-psk"}, r"scenario field modulation: expected one of bpsk, qpsk, 16-qam, 64-qam, 256-qam"),
        ({"link": {"domain": "frequency", "impairments": ["amplifier"]}}, r"scenario field link.domain: expected"),
        ({"link": {"power_offsets_db": [3.0]}}, r"scenario field link.power_offsets_db: expected none"),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_runs(
    change: dict[str, Any], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError, match=complaint):
        run(RAW | change, out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("preset", ["link", "link_ldpc"])
def test_presets_are_checked(preset: str) -> None:
    plan = sweep(files.read(preset)[1])
    for point in plan.points:
        point.scenario.prepare({})
    assert len(plan.points) == {"link": 3, "link_ldpc": 4}[preset]


def test_any_link_runs_from_a_scenario() -> None:
    """UMi, four antennas, estimated CSI, a clock that is off, in LDPC codes."""
    link = {
        "channel": "umi",
        "antennas": 4,
        "combiner": "zero_forcing",
        "csir": "estimated",
        "impairments": [{"kind": "frequency_offset", "deviation": 0.05}],
        "snr_db": [-10, 20],
    }
    found = run(RAW | {"link": link, "code_rate": "1/3", "most": 20, "errors": 5})
    assert np.isnan(found.theory).all() and float(found.ber[0, 0]) > float(found.ber[0, 1])


@needs_checkout
@pytest.mark.parametrize(
    ("preset", "sets", "place"),
    [
        ("link", ["modulation=qpsk"], {"modulation": "qpsk", "snr_db": 10}),
        ("link_ldpc", ["modulation=qpsk", "code_rate='2/3'"], {"modulation": "qpsk", "snr_db": 3}),
    ],
)
def test_a_point_of_a_kept_curve_comes_out_again(preset: str, sets: list[str], place: dict[str, Any]) -> None:
    kept = curves.load(CURVES / f"{preset}.csv")
    kept = kept.sel(place).squeeze("seed") if preset == "link" else kept.sel(place).isel(code_rate=-1, seed=0)
    again = run(preset, [*sets, f"link.snr_db={place['snr_db']}"]).squeeze()
    for rate in ("ber", "bler"):
        assert float(kept[f"{rate}_low"]) <= float(again[rate]) <= float(kept[f"{rate}_high"])


@needs_checkout
def test_intervals_of_the_kept_curve_hold_the_closed_forms() -> None:
    kept = curves.load(CURVES / "link.csv")
    seen = kept.ber.values > 0
    held = (kept.ber_low <= kept.theory).values & (kept.theory <= kept.ber_high).values
    assert held[seen].sum() >= binom.ppf(1e-3, seen.sum(), 0.95) and seen.sum() > 40
    assert bool((kept.theory.values <= kept.ber_high.values).mean() > 0.97)
