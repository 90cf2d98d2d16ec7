"""Clustered delay lines: the standard's delays, powers, angles at both ends, and the motion they imply."""

import json
from importlib.resources import files

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0

from overair.phy import Size, Span, keys
from overair.phy.channels import _groups
from overair.phy.channels.cdl import Cdl

PLACE = keys.key(0, "place")
SPEED_OF_LIGHT = 299_792_458.0
OFFSETS = [0.0447, 0.1413, 0.2492, 0.3715, 0.5129, 0.6797, 0.8844, 1.1481, 1.5195, 2.1551]  # 38.901, table 7.5-3


class Table:
    """The standard's table of a model: powers that add up to 1, ray angles in radians."""

    def __init__(self, model: str) -> None:
        table = json.loads(files("sionna.phy.channel.tr38901.models").joinpath(f"CDL-{model}.json").read_text())
        offsets = np.array(OFFSETS + [-value for value in OFFSETS])
        power = 10 ** (np.array(table["powers"]) / 10)
        self.power, self.delays = power / power.sum(), np.array(table["delays"])
        self.there_azimuth, self.there_zenith, self.azimuth, self.zenith = (
            np.radians(np.array(table[name])[:, None] + table[spread] * offsets)
            for name, spread in (("aod", "cASD"), ("zod", "cZSD"), ("aoa", "cASA"), ("zoa", "cZSA"))
        )
        if table["los"]:  # the first entry is one ray, without a spread
            for name, angles in (
                ("aod", "there_azimuth"),
                ("zod", "there_zenith"),
                ("aoa", "azimuth"),
                ("zoa", "zenith"),
            ):
                getattr(self, angles)[0] = np.radians(table[name][0])


def gain(zenith: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
    """The element of 38.901, table 7.3-1."""
    azimuth = (np.degrees(azimuth) + 180) % 360 - 180
    down, aside = 12 * ((np.degrees(zenith) - 90) / 65) ** 2, 12 * (azimuth / 65) ** 2
    return 10 ** ((8 - np.minimum(np.minimum(down, 30) + np.minimum(aside, 30), 30)) / 10)


@pytest.mark.parametrize("model", ["A", "B", "C", "D", "E"])
@pytest.mark.parametrize("pattern", ["omni", "38.901"])
def test_paths_have_the_tables_delays_and_powers(model: str, pattern: str) -> None:
    draws, spread, table = 3000, 130e-9, Table(model)
    channel = Cdl(model, spread, pattern=pattern)  # type: ignore[arg-type]
    paths = channel.draw(Size(1, 1, draws), Span(0.0, 1, 1.0), keys.key(1), PLACE)
    expected = table.power
    if pattern == "38.901":  # azimuths and zeniths pair at random
        expected = expected * gain(table.there_zenith[:, :, None], table.there_azimuth[:, None, :]).mean((1, 2))
        expected /= expected.sum()
    power = np.abs(paths.a.numpy()[0, 0, :, :, 0]).astype(float) ** 2
    np.testing.assert_allclose(paths.tau.numpy()[0, 0], table.delays * spread, rtol=1e-5, atol=1e-15)
    np.testing.assert_allclose(paths.power.numpy()[0, 0], expected, rtol=2e-4)
    # a sum of rays of random phases varies by at most its mean (and its pairing), a single ray not at all
    error = power.std(0) / draws**0.5
    assert np.all(power.std(0) < 1.2 * expected + 1e-12)
    assert np.all(np.abs(power.mean(0) - expected) < 4.5 * error + 1e-5 * expected)
    gains = power.sum(1)
    assert abs(gains.mean() - 1) < 4.5 * gains.std() / draws**0.5 + 1e-5


def test_the_delay_spread_is_the_one_asked_for() -> None:
    for model in "ABCDE":
        paths = Cdl(model, 300e-9).draw(Size(1, 1, 1), Span(0.0, 1, 1.0), keys.key(1), PLACE)  # type: ignore[arg-type]
        power, tau = paths.power.numpy()[0, 0].astype(float), paths.tau.numpy()[0, 0].astype(float)
        # the tables are normalised to 1.3 %, B the farthest off
        assert ((power * tau**2).sum() - (power * tau).sum() ** 2) ** 0.5 == pytest.approx(300e-9, rel=0.02)


@pytest.mark.parametrize("model", ["A", "D"])
def test_antennas_are_correlated_as_the_clusters_angles_say(model: str) -> None:
    draws, antennas, table = 4000, 4, Table(model)
    paths = Cdl(model).draw(Size(1, antennas, draws), Span(0.0, 1, 1.0), keys.key(2), PLACE)  # type: ignore[arg-type]
    a = paths.a.numpy()[0, :, :, :, 0]  # [A, K, L]
    for apart in range(1, antennas):
        measured = (a[apart] * a[0].conj()).mean(0) / table.power
        pairs = np.sin(table.there_zenith)[:, :, None] * np.sin(table.there_azimuth)[:, None, :]
        expected = np.exp(1j * np.pi * apart * pairs).mean((1, 2))
        assert np.abs(expected).max() > 0.8
        # |a_0 a_n*|^2 has a mean of at most 2 p^2
        assert np.all(np.abs(measured - expected) < 4.5 * (2 / draws) ** 0.5)


def test_devices_are_independent_and_a_line_of_sight_has_a_random_phase() -> None:
    draws = 3000
    for model in ("A", "D"):
        paths = Cdl(model).draw(Size(draws, 1, 2), Span(0.0, 1, 1.0), keys.key(3), PLACE)
        h = paths.a.numpy()[:, 0, :, :, 0].sum(2)
        assert abs((h[:, 0] * h[:, 1].conj()).mean()) < 4.5 / draws**0.5
        assert np.all(np.abs(h.mean(0)) < 4.5 / draws**0.5)


@pytest.mark.parametrize("model", ["A", "D"])
def test_the_mean_over_directions_of_travel_is_jakes_with_the_zeniths_of_the_rays(model: str) -> None:
    draws, speed, step, table = 3000, 30.0, 3e-4, Table(model)
    channel = Cdl(model, speed=speed)  # type: ignore[arg-type]
    a = channel.draw(Size(1, 1, draws), Span(0.0, 8, step), keys.key(4), PLACE).a.numpy()[0, 0]  # [K, L, T]
    measured = (a * a[:, :, :1].conj()).sum(1).mean(0)
    doppler = 2 * np.pi * speed / SPEED_OF_LIGHT * channel.carrier * step * np.arange(8)
    shape = j0(doppler[:, None, None] * np.sin(table.zenith)).mean(2)  # [T, L]
    assert np.all(np.abs(measured - shape @ table.power) < 4.5 * (2 / draws) ** 0.5)


def test_the_doppler_spread_of_a_device_is_that_of_the_angles_at_the_device() -> None:
    devices, moments, speed, lag, table = 250, 600, 3.0, 8e-3, Table("A")
    channel = Cdl("A", speed=speed, fading="continuous")
    # moments so far apart that rays are in any phase, and as many again, a lag later
    now, later = (
        channel.draw(Size(1, 1, devices), Span(start, moments, 0.377), keys.key(0), PLACE).a.numpy()[0, 0].sum(1)
        for start in (100.0, 100.0 + lag)
    )
    measured = np.abs((later * now.conj()).mean(-1)) ** 2  # [K]
    rate = 2 * np.pi * speed / SPEED_OF_LIGHT * channel.carrier * lag
    travel = np.linspace(0, 2 * np.pi, 360, endpoint=False)[:, None, None]

    def coherence(zenith: np.ndarray, azimuth: np.ndarray) -> np.ndarray:
        shift = np.sin(zenith).mean(1, keepdims=True) * np.cos(azimuth - travel)  # [360, L, 20]
        return np.abs((np.exp(1j * rate * shift).mean(2) * table.power).sum(1)) ** 2

    here, there = coherence(table.zenith, table.azimuth), coherence(table.there_zenith, table.there_azimuth)
    error = here.std() / devices**0.5
    # a mean over independent moments adds 1/moments; the mean zenith of a cluster stands for its rays' to 0.01
    assert abs(measured.mean() - here.mean()) < 4 * error + 1 / moments + 0.01
    assert abs(there.mean() - here.mean()) > 8 * error


def test_continuous_fading_goes_on_with_the_same_rays() -> None:
    channel, size = Cdl("D", speed=10.0, fading="continuous"), Size(2, 2, 3)
    whole = channel.draw(size, Span(1800.0, 9, 1e-4, -2), keys.key(1), PLACE).a.numpy()
    rest = channel.draw(size, Span(1800.0 + 3e-4, 4, 1e-4), keys.key(2), PLACE).a.numpy()
    np.testing.assert_allclose(rest, whole[..., 5:], atol=2e-5)
    still = Cdl("B", fading="continuous")
    one, other = (still.draw(size, Span(t, 1, 1.0), keys.key(int(t)), PLACE).a for t in (0.0, 50.0))
    assert np.array_equal(one, other)


def test_devices_drawn_in_small_groups_are_as_good_as_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_groups, "VALUES", 30_000)  # pieces of a group, too
    channel = Cdl("A", speed=30.0)
    paths = channel.draw(Size(2, 2, 100), Span(0.0, 3, 1e-4), keys.key(0), PLACE)
    assert paths.a.shape == (2, 2, 100, 23, 3) and paths.a.dtype == tf.complex64
    assert len(np.unique(paths.a)) == np.size(paths.a)
    power = (np.abs(paths.a.numpy()) ** 2).sum(axis=3).mean(axis=(1, 3))
    assert abs(power.mean() - 1) < 4 * power.std() / 200**0.5


def test_impossible_channels_are_refused() -> None:
    for fields in (
        {"model": "F"},
        {"delay_spread": -1e-9},
        {"speed": -1.0},
        {"carrier": 0.0},
        {"pattern": "isotropic"},
    ):
        with pytest.raises(ValueError, match=next(iter(fields))):
            Cdl(**fields)
