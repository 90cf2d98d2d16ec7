"""The example runs, and its numbers are those that theory, a plain link and an independent simulation give."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from overair.ota.link_level import Blocks, LinkLevel
from overair.phy import Air, Awgn, Grid, keys
from tests.checkout import CHECKOUT, example

EXAMPLE = CHECKOUT / "examples" / "link_level.py"
PAST, ROWS, BITS = 8, 6, 768  # samples past the prefix; OFDM symbols and bits of an uncoded block

pytestmark = pytest.mark.skipif(not EXAMPLE.exists(), reason="no checkout: the wheel carries no examples")


@pytest.fixture(scope="module")
def link_level() -> Any:
    return example("link_level")


@pytest.fixture(scope="module")
def figure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples") / "link_level.png"


@pytest.fixture(scope="module")
def results(link_level: Any, figure: Path) -> xr.Dataset:
    return link_level.main(["--quick", "--out", str(figure)])


def of(results: xr.Dataset, rate: float, late: int) -> xr.Dataset:
    return results.sel({"code_rate": rate, "impairments": f"timing_offset low={late}"}).squeeze("seed")


def signs_of_blocks_after_a_late_window(blocks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Uncoded QPSK of energy 2 over numpy's own OFDM, prefix 16 of 64, late by 24 without noise, [2, blocks, 6, 64]."""
    signs = np.random.default_rng(seed).choice([-1, 1], [2, blocks, ROWS, 64])
    body = np.fft.ifft(signs[0] + 1j * signs[1], axis=-1)
    wave = np.concatenate([body[..., -16:], body], axis=-1).reshape(blocks, -1)
    late = np.concatenate([np.zeros([blocks, 16 + PAST]), wave], axis=1)[:, : wave.shape[1]]
    heard = np.fft.fft(late.reshape(blocks, ROWS, 80)[..., 16:], axis=-1)
    heard = heard * np.exp(2j * np.pi * np.arange(64) * (16 + PAST) / 64)
    return signs, np.stack([heard.real, heard.imag])


def test_uncoded_bits_inside_the_prefix_fail_as_in_white_noise(results: xr.Dataset) -> None:
    inside = of(results, 1, 8)
    expected = norm.sf(10 ** (inside["snr_db"].values / 20))
    assert np.all(np.abs(inside.ber - expected) < 4 * np.sqrt(expected / inside.bits) + 1e-9)


def test_past_the_prefix_uncoded_bits_have_the_floor_of_an_independent_simulation(results: xr.Dataset) -> None:
    sent, heard = signs_of_blocks_after_a_late_window(4000, seed=0)
    past = of(results, 1, 24)
    for snr_db, rate, blocks in zip(past["snr_db"].values, past.ber.values, past.blocks.values, strict=True):
        fails = norm.sf(sent * heard * 10 ** (snr_db / 20)).mean(axis=(0, 2, 3))  # of a block
        each = fails.std() ** 2 + fails.mean() / BITS
        assert abs(rate - fails.mean()) < 4 * np.sqrt(each / blocks + each / 4000)


def test_past_the_prefix_the_floor_is_that_of_gaussian_interference(results: xr.Dataset) -> None:
    """The first of six OFDM symbols follows silence, so it has the interference of its own subcarriers alone."""
    share, n0 = PAST / 64, 10**-1.9
    own, all_of_it = (1 - share) * share, 2 * share - share**2
    first, others = (norm.sf((1 - share) / np.sqrt(n0 + power)) for power in (own, all_of_it))
    assert norm.sf((1 - share) / all_of_it**0.5) == pytest.approx(0.0354, abs=5e-5)
    floor = float(of(results, 1, 24).ber.sel({"snr_db": 19}))
    assert floor == pytest.approx((first + 5 * others) / 6, rel=0.05)  # of 64 QPSK symbols it is nearly Gaussian


def test_inside_the_prefix_codes_fail_as_without_ofdm(results: xr.Dataset) -> None:
    inside, plain = of(results, 0.5, 8), LinkLevel(Air(Grid(), Awgn(), 1), Blocks(2, BITS, 0.5), 400)
    for snr_db in (0.5, 1.0):
        there, one = inside.sel({"snr_db": snr_db}), plain.count(snr_db, keys.key(5), 400)
        together = (float(there.bler * there.blocks) + one.wrong_blocks) / (float(there.blocks) + one.blocks)
        spread = together * (1 - together) * (1 / float(there.blocks) + 1 / one.blocks)
        assert 0.03 < together < 0.97 and abs(float(there.bler) - one.bler) < 4 * spread**0.5


def test_past_the_prefix_the_coded_waterfall_moves_by_what_the_mean_sinr_says(results: xr.Dataset) -> None:
    inside, past = (crossing(of(results, 0.5, late).bler, 0.5) for late in (8, 24))
    share = (PAST / 64) * 5 / 6  # of the energy that symbols before it leave: the first has none
    gain, interference = (1 - PAST / 64) ** 2, (1 - PAST / 64) * PAST / 64 + share
    moved = -10 * np.log10(gain * 10 ** (-inside / 10) - interference)
    assert past == pytest.approx(moved, abs=0.3) and past - inside > 2.5


def crossing(rate: xr.DataArray, at: float) -> float:
    """Where the curve falls to a rate, interpolated."""
    return float(np.interp(at, rate.values[::-1], rate["snr_db"].values[::-1]))


def test_the_figure_is_written(results: xr.Dataset, figure: Path) -> None:
    assert figure.read_bytes().startswith(b"\x89PNG")


def test_help_says_what_there_is() -> None:
    run = subprocess.run(
        [sys.executable, str(EXAMPLE), "--help"],
        env=os.environ | {"PYTHONPATH": str(CHECKOUT), "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    assert all(option in run.stdout for option in ("--out", "--past", "--csir", "--seed", "--quick"))
