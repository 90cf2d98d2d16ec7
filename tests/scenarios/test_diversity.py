"""The study of multiuser diversity: order statistics over one block, profiles over many, and what is refused."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import xarray as xr
from scipy import integrate, stats

from overair.phy import Awgn, Rayleigh, Tdl, diversity, keys
from overair.phy.link import Size
from overair.scenarios import ScenarioError, run, studies

TDL_A = np.array(  # 3GPP TR 38.901, table 7.7.2-1: delays over their spread, and powers in dB
    [
        (0.0, -13.4), (0.3819, 0.0), (0.4025, -2.2), (0.5868, -4.0), (0.4610, -6.0), (0.5375, -8.2), (0.6708, -9.9),
        (0.5750, -10.5), (0.7618, -7.5), (1.5375, -15.9), (1.8978, -6.6), (2.2242, -16.7), (2.1718, -12.4),
        (2.4942, -15.2), (2.5119, -10.8), (3.0582, -11.3), (4.0810, -12.7), (4.4579, -16.2), (4.5695, -18.3),
        (4.7966, -18.9), (5.0066, -16.6), (5.3043, -19.9), (9.6586, -29.7),
    ]
)  # fmt: skip


SINUSOIDS = 20  # of which a tap is a sum, whose |a|^4 is 2 - 1/20 on average


def blocks_of(spread: float, bandwidth: float) -> float:
    """1 over the mean of |r(f - f')|^2, by the density 2 (B - x)/B^2 of |f - f'|, less what sinusoids lack."""
    power = 10 ** (TDL_A[:, 1] / 10) / np.sum(10 ** (TDL_A[:, 1] / 10))

    def squared(apart: float) -> float:
        return float(np.abs(power @ np.exp(-2j * np.pi * apart * TDL_A[:, 0] * spread)) ** 2)

    mean = integrate.quad(lambda x: 2 * (1 - x) * squared(x * bandwidth), 0, 1, limit=400)[0]
    return 1 / float(mean - np.sum(power**2) / SINUSOIDS)


def gains(
    channel: Any, bandwidths: tuple[float, ...], links: int = 100, antennas: int = 1, runs: int = 6
) -> np.ndarray:
    draw = tf.function(
        lambda number: diversity.gains(channel, Size(links, antennas, 10), bandwidths, keys.key(7, number)),
        autograph=False,
    )
    return np.concatenate([draw(tf.constant(number)).numpy() for number in range(runs)], axis=1)


def is_mean(draws: np.ndarray, expected: float) -> bool:
    return bool(abs(draws.mean() - expected) <= 4.5 * draws.std() / draws.size**0.5)


@pytest.fixture(scope="module")
def results() -> xr.Dataset:
    told = {
        "study": "diversity",
        "channel": "rayleigh",
        "bandwidth": [1e6, 1e8],
        "senders": [1, 4],
        "antennas": [1, 16],
    }
    return run({**told, "links": 1500, "seeds": [0]})


def test_the_best_of_one_block_have_the_gain_of_order_statistics(results: xr.Dataset) -> None:
    one = results.sel(antennas=1).isel(seed=0)
    for senders, expected in {1: 2.928968, 4: 1 + sum(1 / np.arange(5, 11))}.items():
        here = one.sel(senders=senders)
        assert np.all(np.abs(here.gain - expected) <= 4.5 * here.gain_error)
        np.testing.assert_allclose(here.theory, expected, rtol=0.04)  # of blocks that were measured
    assert np.all(np.abs(one.blocks - 1) < 4.5 * (8 / 15000) ** 0.5)  # the variance of a squared exponential is 8
    np.testing.assert_array_equal(one.gain[0], one.gain[1])  # flat, whatever the bandwidth


def test_sixteen_antennas_are_sixteen_blocks(results: xr.Dataset) -> None:
    law, many = stats.gamma(16, scale=1 / 16), results.sel(antennas=16).isel(seed=0)
    expected = integrate.quad(lambda g: 1 - law.cdf(g) ** 10, 0, 50, limit=200)[0]
    assert expected == pytest.approx(1.42, abs=5e-3)
    assert np.all(np.abs(many.gain.sel(senders=1) - expected) <= 4.5 * many.gain_error.sel(senders=1))
    np.testing.assert_allclose(many.blocks, 16, rtol=0.08)
    np.testing.assert_allclose(many.theory.sel(senders=1), expected, rtol=0.01)


@pytest.mark.parametrize(("spread", "widths"), [(100e-9, (0.96e6, 20e6)), (300e-9, (5e6, 50e6))])
def test_a_delay_line_has_the_blocks_of_its_profile(spread: float, widths: tuple[float, ...]) -> None:
    drawn = gains(Tdl("A", spread), widths)
    for one, width in zip(drawn, widths, strict=True):
        assert is_mean(one, 1.0)
        assert is_mean((one - 1.0) ** 2, 1 / blocks_of(spread, width))
    if spread == 100e-9:
        assert 1.0 < blocks_of(spread, 0.96e6) < 1.15 and 2.0 < blocks_of(spread, 20e6) < 2.2


def test_all_bandwidths_see_the_same_paths() -> None:
    narrow, alone = gains(Tdl("A"), (1e5, 1e7), runs=1)[0], gains(Tdl("A"), (1e5,), runs=1)[0]
    np.testing.assert_array_equal(narrow, alone)


def test_what_does_not_fade_gains_nothing() -> None:
    found = run({"study": "diversity", "channel": "awgn", "links": 100, "bandwidth": 1e6, "seeds": [0]})
    assert float(found.gain.squeeze()) == pytest.approx(1.0, abs=1e-6) and float(found.theory.squeeze()) == 1
    assert np.isinf(found.blocks).all()
    assert np.all(gains(Awgn(), (1e6,), runs=1) == pytest.approx(1.0, abs=1e-5))


def test_frequencies_are_close_enough_for_the_longest_delay() -> None:
    assert diversity.frequencies(20e6, Rayleigh.longest) == diversity.LEAST
    count = diversity.frequencies(20e6, 1e-6)
    assert 20e6 / count * 1e-6 <= 0.5 < 20e6 / (count - 2) * 1e-6


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        ({"senders": [1, 11]}, "scenario field senders: expected at most all 10 devices, received 11"),
        ({"bandwidth": [1e6, 1e6]}, "scenario field bandwidth: expected different values"),
        ({"bandwidth": 0}, "scenario field bandwidth"),
        ({"devices": 10_000, "bandwidth": 1e9}, "scenario field devices: expected at most "),
    ],
)
def test_what_cannot_be_is_refused(changed: dict[str, Any], line: str) -> None:
    raw = {"study": "diversity", **changed}
    with pytest.raises(ScenarioError, match=f"^{line}"):
        studies.check(raw).prepare({})
