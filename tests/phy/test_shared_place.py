"""Links of a batch at one place: what lasts is that of the first for all, what fades is fresh in each."""

import numpy as np
import pytest

from overair.ota import Analog, Identity, Terms
from overair.ota.uplinks import _levels
from overair.phy import (
    Air,
    Cdl,
    Channel,
    ClockDrift,
    FrequencyOffset,
    Grid,
    Impairment,
    IqImbalance,
    PathLoss,
    PhaseNoise,
    Rayleigh,
    SharedPlace,
    Tdl,
    TimingOffset,
    TruncatedInversion,
    Umi,
    can_share,
    keys,
)

GRID = Grid(subcarriers=16, symbols=3, prefix=16)
PLACE, KEY = keys.key(0, "place"), keys.key(1, "round")
LASTING: list[Impairment] = [
    PathLoss(),
    ClockDrift(2.0, 10.0),
    FrequencyOffset(-0.2, 0.2, 0.05, lasting=True),
    IqImbalance(2.0, 5.0),
    IqImbalance(2.0, 5.0, "receive"),
    TimingOffset(0.0, 3.0, lasting=True, deviation=0.2),
]


def drawn(channel: Channel, impairments: tuple[Impairment, ...], batch: int, shared: bool) -> tuple[np.ndarray, ...]:
    air = Air(GRID, channel, 3, 2, impairments=impairments)
    place = SharedPlace(PLACE) if shared else air.init(PLACE)
    link = air.draw(place, KEY, 3.7, 1, batch=batch)
    return tuple(each.numpy() for each in link.effective)


@pytest.mark.parametrize("impairment", LASTING, ids=lambda each: f"{type(each).__name__} {each.stage}")
@pytest.mark.parametrize("channel", [Tdl(), Tdl("D", speed=30.0)], ids=["still", "moving"])
def test_what_lasts_is_the_same_for_all_and_that_of_a_single_link(channel: Channel, impairment: Impairment) -> None:
    """The effect is that on the same fading, link by link: what it makes of it is linear in the coefficients."""
    clean = drawn(channel, (), 5, True)
    a, tau, power = drawn(channel, (impairment,), 5, True)
    first = drawn(channel, (impairment,), 1, True)
    np.testing.assert_array_equal(tau, np.broadcast_to(first[1], tau.shape))
    np.testing.assert_array_equal(power, np.broadcast_to(first[2], power.shape))
    factor = first[0] / clean[0][:1]  # [1, A, K, L, T]
    np.testing.assert_allclose(a, clean[0] * factor, rtol=2e-5, atol=1e-7)
    assert np.abs(a[1:] - a[:1]).min(axis=(1, 2, 3, 4)).max() > 0  # fading is fresh


def test_what_does_not_last_is_fresh_in_each() -> None:
    impairments = TimingOffset(0.0, 3.0), PathLoss(), FrequencyOffset(-0.2, 0.2), PhaseNoise(30.0)
    a, tau, power = drawn(Tdl(), impairments, 5, True)
    assert len(np.unique(tau[:, 0, 0])) == 5 and len(np.unique(power[:, 0, 0])) == 5
    gains = drawn(Tdl(), impairments[:2], 5, True)[2]
    np.testing.assert_array_equal(gains, np.broadcast_to(gains[:1], gains.shape))
    apart = drawn(Tdl(), impairments, 5, False)
    np.testing.assert_array_equal(apart[1], tau)
    assert len(np.unique(drawn(Tdl(), impairments[:2], 5, False)[2][:, 0, 0])) == 5


@pytest.mark.parametrize("speed", [0.0, 30.0])
def test_a_sector_is_dropped_once(speed: float) -> None:
    channel = Umi(speed=speed)
    a, tau, power = drawn(channel, (PathLoss(),), 4, True)
    one = drawn(channel, (PathLoss(),), 1, False)
    for each, alone in ((tau, one[1]), (power, one[2])):
        np.testing.assert_array_equal(each, np.broadcast_to(alone, each.shape))
    np.testing.assert_array_equal(a[:1], one[0])
    strengths = np.abs(a[..., 0]).sum(axis=(1, 2, 3))
    assert len(np.unique(strengths)) == 4


@pytest.mark.parametrize("batch", [1, 3])
def test_links_at_places_of_their_own_are_what_they_were(batch: int) -> None:
    """And a single one is at its place either way."""
    both = (drawn(Tdl(speed=3.0), (PathLoss(), ClockDrift(2.0, 10.0)), batch, each) for each in (False, True))
    for apart, shared in zip(*both, strict=True):
        np.testing.assert_allclose(apart[:1], shared[:1], rtol=0 if batch == 1 else 1e-5)


def test_only_fresh_fading_of_known_places_is_shared() -> None:
    fresh: tuple[Channel, ...] = (Rayleigh(), Tdl(speed=3.0, fading="continuous"), Cdl(), Umi(speed=3.0), Umi())
    kept: tuple[Channel, ...] = (Tdl(fading="continuous"), Umi(fading="continuous"))
    assert all(can_share(each) for each in fresh) and not any(can_share(each) for each in kept)

    class Foreign(Rayleigh):
        scales = True  # and knows nothing of shared places

    assert not can_share(Foreign())


def test_costs_at_one_place_do_not_depend_on_how_many_links_are_drawn_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each device, to their errors; a far one costs far more than a near one."""
    air = Air(GRID, Tdl("A", 1e-6, speed=30.0), 3, impairments=(PathLoss(3.0, 10.0, 110.0),))
    uplink, terms = Analog(Identity(), TruncatedInversion(0.3, unbiased=False), "average"), Terms(air, 32, 16)

    def found() -> np.ndarray:
        _levels._compiled.cache_clear()
        return uplink.init(terms, air.init(PLACE)).cost.numpy()

    monkeypatch.setattr(_levels, "ERROR", 0.01)
    at_once, again = found(), found()
    np.testing.assert_array_equal(at_once, again)
    monkeypatch.setattr(_levels, "BATCH", 1)
    one_by_one = found()
    _levels._compiled.cache_clear()
    np.testing.assert_allclose(at_once, one_by_one, rtol=4 * 2**0.5 * 0.01)
    assert at_once.max() > 1.5 * at_once.min() and not np.array_equal(at_once, one_by_one)
