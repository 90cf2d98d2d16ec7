"""The examples run, and their numbers are those that theory and a plain link give."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm
from sionna.phy.utils import sim_ber

CHECKOUT = Path(os.environ.get("OVERAIR_CHECKOUT", Path(__file__).parent.parent))
EXAMPLE = CHECKOUT / "examples" / "link_level.py"

pytestmark = pytest.mark.skipif(not EXAMPLE.exists(), reason="no checkout: the wheel carries no examples")


@pytest.fixture(scope="module")
def link_level() -> Any:
    spec = importlib.util.spec_from_file_location("link_level", EXAMPLE)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def figure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("examples") / "link_level.png"


@pytest.fixture(scope="module")
def curves(link_level: Any, figure: Path) -> dict:
    return link_level.main(["--quick", "--out", str(figure)])


def bits_of_an_orthogonal_symbol_after_a_late_window(
    past: int, symbols: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Uncoded QPSK over numpy's own OFDM, prefix 16 of 64, late by 16 + past without noise: sent and received signs."""
    random = np.random.default_rng(seed)
    signs = random.choice([-1, 1], [2, symbols, 64])
    body = np.fft.ifft(signs[0] + 1j * signs[1], axis=-1)
    wave = np.concatenate([body[:, -16:], body], axis=-1).ravel()
    late = np.concatenate([np.zeros(16 + past), wave])[: wave.size].reshape(symbols, 80)[:, 16:]
    heard = np.fft.fft(late, axis=-1) * np.exp(2j * np.pi * np.arange(64) * (16 + past) / 64)
    return signs[:, 1:], np.stack([heard.real, heard.imag])[:, 1:]


def test_uncoded_bits_inside_the_prefix_fail_as_in_white_noise(link_level: Any, curves: dict) -> None:
    ebno_db, rate, _ = curves[False, 8]
    expected = norm.sf(np.sqrt(2 * 10 ** (ebno_db / 10)))
    least = 200 * 1536  # bits of one batch: the fewest there can be at a point
    assert np.all(np.abs(rate - expected) < 4 * np.sqrt(expected / least) + 1e-9)


def test_past_the_prefix_uncoded_bits_have_the_floor_of_an_independent_simulation(curves: dict) -> None:
    sent, heard = bits_of_an_orthogonal_symbol_after_a_late_window(8, 20_000, seed=0)
    for ebno_db, rate, _ in zip(*curves[False, 24], strict=True):
        noise = np.sqrt(0.5 * 0.5 * 10 ** (-ebno_db / 10)) * np.sqrt(2)  # symbols have energy 2 here
        reference = norm.sf(sent * heard / noise).mean()
        wrong = (np.sign(heard) != sent).mean(axis=(0, 2))
        # bits of a symbol fail together, so the deviation is that of means over symbols: 12 a block, 200 blocks
        error = np.hypot(wrong.std() / (200 * 12) ** 0.5, (reference / (200 * 1536)) ** 0.5)
        assert abs(rate - reference) < 4 * error


def test_past_the_prefix_the_floor_is_that_of_gaussian_interference(link_level: Any, curves: dict) -> None:
    ebno_db, rate, _ = curves[False, 24]
    gain, interference = (1 - 8 / 64) ** 2, 2 * 8 / 64 - (8 / 64) ** 2
    floor = norm.sf(np.sqrt(gain / interference))
    assert link_level.error_rate(np.inf, 8 / 64) == pytest.approx(floor)
    assert floor == pytest.approx(0.0354, abs=5e-5)
    at_16 = norm.sf(np.sqrt(gain / (0.5 * 10**-1.6 + interference)))
    assert rate[-1] == pytest.approx(at_16, rel=0.05)  # interference of 64 QPSK symbols is nearly Gaussian


def crossing(ebno_db: np.ndarray, rate: np.ndarray, at: float) -> float:
    """Where the curve falls to a rate, its logarithm interpolated."""
    order = np.argsort(np.log(rate))
    return float(np.interp(np.log(at), np.log(rate)[order], np.asarray(ebno_db)[order]))


@pytest.mark.parametrize("at", [0.5, 0.2])
def test_inside_the_prefix_the_coded_waterfall_is_that_of_white_noise_without_ofdm(curves: dict, at: float) -> None:
    plain, inside = (crossing(x, block, at) for x, _, block in (curves[True, None], curves[True, 8]))
    assert plain == pytest.approx({0.5: 1.74, 0.2: 1.99}[at], abs=0.05)
    assert abs(inside - plain) < 0.1


def test_past_the_prefix_the_coded_waterfall_moves_by_what_the_mean_sinr_says(link_level: Any, curves: dict) -> None:
    plain, past = (crossing(x, block, 0.5) for x, _, block in (curves[True, None], curves[True, 24]))
    assert past == pytest.approx(link_level.moved(np.array([plain]), 8 / 64)[0], abs=0.2)
    assert past - plain > 3.5


def test_an_estimate_from_two_pilots_costs_what_its_noise_does(link_level: Any) -> None:
    """Two pilots leave N0/2 of error beside N0 of noise, so the waterfall is 10 log10(3/2) = 1.76 dB later."""
    _, block = sim_ber(link_level.Uplink(8, True, "ls"), [2.8, 4.6], 200, 1, soft_estimates=True, verbose=False)
    assert block[0] > 0.9 and block[1] < 0.1


def test_the_figure_is_written(curves: dict, figure: Path) -> None:
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
