"""Places of cohorts: what lasts of a device follows from its number, by the law that it has where all are drawn."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.phy import (
    Air,
    Awgn,
    BlockRayleigh,
    Cdl,
    ClockDrift,
    FrequencyOffset,
    Grid,
    IqImbalance,
    Link,
    PathLoss,
    Paths,
    PhaseNoise,
    Place,
    Rayleigh,
    Rician,
    SamplingOffset,
    Tdl,
    TimingOffset,
    Umi,
    check_cohorts,
    keys,
)  # fmt: skip

GRID = Grid(subcarriers=16, symbols=2, prefix=16)
PLACE = Place(keys.key(1, "place"))
NUMBERS = [123_456, 5, 999_999]
MANY = 4000
LASTING: dict[str, Any] = {
    "distance": PathLoss(exponent=3.0),
    "timing": TimingOffset(high=4.0, lasting=True),
    "timing, normal": TimingOffset(deviation=1.0, low=-1.0, high=1.0, lasting=True),
    "timing, whole": TimingOffset(low=-2.0, high=5.0, whole=True, lasting=True),
    "drift": ClockDrift(ppm=10.0),
    "carrier": FrequencyOffset(low=-0.1, high=0.1, deviation=0.05, lasting=True),
    "branches": IqImbalance(amplitude_db=3.0, phase_degrees=5.0),
}


def link_of(air: Air, numbers: Any, round: int = 0, **place: Any) -> Link:
    at = PLACE if numbers is None else PLACE.of(tf.constant(numbers, tf.int64))
    return air.draw(at, keys.key(2, "round", round), time=0.25 + round, slots=1, **place)


def told(link: Link) -> np.ndarray:
    """One number of every device that says what lasts of it, [K], with no fading besides."""
    paths = link.effective
    first = paths.a[0, 0, :, 0, 0].numpy()
    late = paths.tau[0, :, 0].numpy()
    return np.asarray(late if np.ptp(late) else np.angle(first) if np.ptp(np.angle(first)) else np.abs(first))


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_has_the_law_of_ordinary_draws(name: str) -> None:
    air = Air(GRID, Awgn(), MANY, impairments=(LASTING[name],))
    usual, numbered = told(link_of(air, None)), told(link_of(air, np.arange(MANY) + 7))
    assert np.ptp(usual) > 0 and not np.array_equal(usual, numbered)
    assert stats.ks_2samp(usual, numbered).pvalue > 1e-3


@pytest.mark.parametrize("name", LASTING)
def test_a_device_met_again_is_the_same(name: str) -> None:
    """In another round, in other company and at another place of the cohort."""
    here, there = (Air(GRID, Awgn(), count, impairments=(LASTING[name],)) for count in (3, 4))
    one, other = told(link_of(here, NUMBERS)), told(link_of(there, [1, *NUMBERS[::-1]], round=0))
    assert np.allclose(one, other[:0:-1], rtol=1e-6)
    assert len({*one, *other}) == (3 if name == "timing, whole" else 4)
    if name != "drift":  # goes on with time
        later = told(link_of(here, NUMBERS, round=1))
        assert np.allclose(one, later, rtol=1e-6)


def test_distances_are_uniform_over_the_ring() -> None:
    loss = PathLoss(exponent=2.0, nearest=50.0, farthest=150.0, reference=100.0)
    link = link_of(Air(GRID, Awgn(), MANY, impairments=(loss,)), np.arange(MANY))
    square = 100.0**2 / np.abs(link.true.a[0, 0, :, 0, 0]) ** 2
    assert stats.kstest(square, stats.uniform(50.0**2, 150.0**2 - 50.0**2).cdf).pvalue > 1e-3


def test_clocks_of_a_waveform_are_those_of_numbers() -> None:
    """On the time domain, where devices send in groups: a device's wave is the same in any company."""
    chain = (SamplingOffset(high=50.0), IqImbalance(amplitude_db=3.0), FrequencyOffset(high=0.2, lasting=True))
    one, other = (Air(GRID, Awgn(), count, impairments=chain) for count in (3, 2))
    x = tf.ones([1, 1, 2, 16], tf.complex64)
    first = one.add(one.empty(1), x, link_of(one, NUMBERS), tf.constant([2]))
    second = other.add(other.empty(1), x, link_of(other, [NUMBERS[2], 8]), tf.constant([0]))
    third = other.add(other.empty(1), x, link_of(other, [NUMBERS[2], 8]), tf.constant([1]))
    assert np.allclose(first, second, atol=1e-5) and not np.allclose(first, third, atol=1e-2)


def test_what_is_the_receivers_or_the_rounds_has_no_number() -> None:
    side = IqImbalance(amplitude_db=3.0, phase_degrees=5.0, side="receive")
    for impairment in (side, PhaseNoise(100.0), TimingOffset(high=4.0)):
        air = Air(GRID, Awgn(), 3, impairments=(impairment,), antennas=2)
        assert np.array_equal(told(link_of(air, NUMBERS)), told(link_of(air, [1, 2, 3])))
        assert np.array_equal(told(link_of(air, NUMBERS)), told(link_of(air, None)))


@pytest.mark.parametrize("channel", [Rayleigh(), Rician(), BlockRayleigh(), Tdl(), Cdl(), Tdl(speed=10.0)])
def test_fading_is_the_rounds_by_position(channel: Any) -> None:
    air = Air(GRID, channel, 3)
    usual = link_of(air, None).response()
    assert np.array_equal(usual, link_of(air, NUMBERS).response())
    assert not np.array_equal(usual, link_of(air, NUMBERS, round=1).response())


@pytest.mark.parametrize("model", ["A", "D"])
def test_motion_that_goes_on_is_that_of_the_number(model: Any) -> None:
    """One realisation over all rounds: the same at the same time in any company, and correlated as Clarke says."""
    still = Tdl(model, fading="continuous")
    one, other = Air(GRID, still, 3, 2), Air(GRID, still, 70, 2)
    numbers = [*range(1000, 1067), *NUMBERS]
    assert np.allclose(
        link_of(one, NUMBERS).response(), link_of(other, numbers, round=4).response()[:, :, 67:], atol=1e-5
    )
    moving, devices = replace(still, speed=3.0), 1280
    air = Air(GRID, moving, devices)

    @tf.function
    def paths(round: int, time: float) -> Paths:
        return air.draw(PLACE.of(tf.range(devices, dtype=tf.int64)), keys.key(round), time, 1).true

    (then, _, power), (now, *_) = paths(9, 3.0), paths(8, 3.005)
    then, now, power = then[0, 0, :, 0, 0].numpy(), now[0, 0, :, 0, 0].numpy(), float(power[0, 0, 0])  # the first path
    assert abs(np.mean(np.abs(then) ** 2) - power) < 4.5 * np.std(np.abs(then) ** 2) / np.sqrt(devices)
    alike = complex(moving.correlation(np.array(0), np.array(1), 0.005).ravel()[0])
    products = now * then.conj()
    assert abs(products.mean() - alike * power) < 4.5 * products.std() / np.sqrt(devices)
    assert abs(alike) < 0.99


def test_what_no_number_can_tell_is_refused() -> None:
    unknown: tuple[Any, ...] = (Umi(), Cdl(fading="continuous"))
    known: tuple[Any, ...] = (Rayleigh(), Tdl(fading="continuous"), Cdl())
    for channel in unknown:
        with pytest.raises(ValueError, match="link.channel: expected .* known by a number alone, received .*take tdl"):
            check_cohorts(Air(GRID, channel, 3))
    with pytest.raises(ValueError, match="power_offsets_db: expected none, .* received 2; leave them out"):
        check_cohorts(Air(GRID, Rayleigh(), 3, power_offsets_db=(0.0, 3.0)))
    for channel in known:
        check_cohorts(Air(GRID, channel, 3, power_offsets_db=(3.0,)))
