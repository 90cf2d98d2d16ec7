"""Impairments: offsets do what clocks do, seen or not, and near devices stay near."""

import numpy as np
import pytest
from scipy import stats

from overair.phy import (
    Air,
    Awgn,
    CorrelatedPaths,
    ErrorVariance,
    Grid,
    Link,
    MaximumRatio,
    PathLoss,
    Paths,
    Rayleigh,
    TimingOffset,
    keys,
)
from overair.phy.impairments.clock_drift import ClockDrift
from overair.phy.link import Belief

GRID = Grid(subcarriers=64, symbols=2, prefix=16)


def draw(air: Air, round: int = 1, place: int = 0, time: float = 0.0) -> Link:
    return air.draw(air.init(keys.key(place, "place")), keys.key(0, "round", round), time, 1)


def of_paths(belief: Belief) -> Paths:
    belief = belief.told if isinstance(belief, CorrelatedPaths) else belief
    assert isinstance(belief, Paths)
    return belief


def mismatch(air: Air) -> np.ndarray:
    """What arrives from devices that invert the channel they believe, h / h_believed, [K, F]."""
    link = draw(air)
    return (link.response() / link.response(of=link.transmitters)).numpy()[0, 0, :, 0]


@pytest.mark.parametrize("most", [8, 5])
def test_unseen_offsets_inside_the_prefix_cost_mean_gain_on_high_subcarriers(most: int) -> None:
    devices = 3000
    arrives = mismatch(Air(GRID, Rayleigh(), devices, impairments=(TimingOffset(0.0, most, whole=True),)))
    k = np.arange(-32, 32)
    expected = np.exp(-2j * np.pi * np.outer(np.arange(most + 1), k) / 64).mean(0)
    assert np.allclose(np.abs(arrives), 1, atol=1e-5)
    # one device's phase turn has variance 1 - |mean|^2; 64 subcarriers, float32 rounding of 1e-5
    error = ((1 - np.abs(expected) ** 2) / devices) ** 0.5
    assert np.all(np.abs(arrives.mean(0) - expected) < 4.5 * error + 1e-5)
    if most == 8:
        np.testing.assert_allclose(np.abs(expected)[32 + np.array([1, 4, 8])], [0.9682, 0.5586, 0.1111], atol=5e-5)


def test_an_offset_of_any_fraction_costs_the_gain_of_its_continuous_mean() -> None:
    devices, most = 3000, 10.0
    arrives = mismatch(Air(GRID, Awgn(), devices, impairments=(TimingOffset(2.0, most),))).mean(0)
    k = np.arange(-32, 32)
    expected = np.sinc(k * (most - 2) / 64)
    turned = arrives * np.exp(2j * np.pi * k * (most + 2) / 2 / 64)  # the mean offset is a pure turn
    assert np.all(np.abs(turned - expected) < 4.5 * ((1 - expected**2) / devices) ** 0.5 + 1e-5)


def test_offsets_inside_the_prefix_that_transmitters_see_cost_nothing() -> None:
    offset = TimingOffset(0.0, 8.0, whole=True, seen=True)
    arrives = mismatch(Air(GRID, Rayleigh(), 50, impairments=(offset,)))
    np.testing.assert_allclose(arrives, 1, atol=1e-5)


def test_the_receiver_sees_offsets_that_the_transmitters_do_not() -> None:
    link = draw(Air(GRID, Rayleigh(), 5, impairments=(TimingOffset(1.0, 8.0),)))
    assert np.array_equal(of_paths(link.receiver).tau, link.true.tau)
    assert np.all(of_paths(link.transmitters).tau == 0)


def test_what_follows_an_unseen_offset_is_seen_all_the_same() -> None:
    chain = (TimingOffset(1.0, 4.0), PathLoss(), TimingOffset(1.0, 4.0, seen=True), TimingOffset(1.0, 4.0))
    link = draw(Air(GRID, Rayleigh(), 20, impairments=chain))
    assert np.array_equal(of_paths(link.transmitters).a, link.true.a)  # path loss is in both
    assert np.array_equal(of_paths(link.transmitters).power, link.true.power)
    believed, true = (paths.tau.numpy()[0, :, 0] / GRID.sample for paths in (of_paths(link.transmitters), link.true))
    assert np.all((1 <= believed) & (believed <= 4))  # the one offset that is seen
    unseen = true - believed
    assert np.all((2 - 1e-3 <= unseen) & (unseen <= 8 + 1e-3))
    assert np.unique(np.round(unseen, 3)).size > 10  # drawn apart for each device


def test_zero_offset_is_no_offset() -> None:
    with_offset = draw(Air(GRID, Rayleigh(), 4, impairments=(TimingOffset(),)))
    assert np.array_equal(with_offset.response(), draw(Air(GRID, Rayleigh(), 4)).response())


@pytest.mark.parametrize("whole", [False, True])
def test_offsets_are_uniform_between_their_bounds(whole: bool) -> None:
    offset = TimingOffset(-3.0, 5.0, whole=whole)
    air = Air(Grid(subcarriers=64, prefix=16, advance=3), Awgn(), 9000, impairments=(offset,))
    samples = draw(air).true.tau.numpy().ravel() / GRID.sample
    if whole:
        values, counts = np.unique(np.rint(samples), return_counts=True)
        assert np.allclose(samples, np.rint(samples), atol=1e-4)
        assert np.array_equal(values, np.arange(-3, 6)) and stats.chisquare(counts).pvalue > 1e-4
    else:
        assert stats.kstest(samples, stats.uniform(-3, 8).cdf).pvalue > 1e-4


def test_gaussian_offsets_cost_the_gain_of_a_gaussian_phase_less_its_tails() -> None:
    devices, sigma, k = 6000, 2.0, np.arange(-32, 32)
    arrives = mismatch(Air(GRID, Awgn(), devices, impairments=(TimingOffset(8.0, 8.0, deviation=sigma),))).mean(0)
    s = 2 * np.pi * k * sigma / 64
    z = np.linspace(-4, 4, 20_001)
    density = stats.truncnorm(-4, 4).pdf(z)
    expected = np.trapezoid(np.cos(np.outer(s, z)) * density, z)
    assert np.abs(expected - np.exp(-(s**2) / 2)).max() < 4 * stats.norm.cdf(-4)  # what tails of this mass can turn
    turned = arrives * np.exp(2j * np.pi * k * 8 / 64)  # the mean offset is a pure turn
    assert np.all(np.abs(turned - expected) < 4.5 * ((1 - expected**2) / devices) ** 0.5 + 2e-5)


def test_gaussian_offsets_end_where_their_support_says_and_add_to_uniform_ones() -> None:
    grid = Grid(subcarriers=64, prefix=40, advance=12)
    gaussian = TimingOffset(3.0, 3.0, deviation=2.0)
    low, high = (bound / grid.sample for bound in gaussian.delays(grid))
    np.testing.assert_allclose((low, high), (-5, 11), rtol=1e-6)
    samples = draw(Air(grid, Awgn(), 20_000, impairments=(gaussian,))).true.tau.numpy().ravel() / grid.sample
    assert low - 1e-5 <= samples.min() < -3 and 9 < samples.max() <= high + 1e-5
    assert stats.kstest(samples, stats.truncnorm(-4, 4, 3, 2).cdf).pvalue > 1e-4
    both = TimingOffset(-2.0, 4.0, deviation=2.0)
    samples = draw(Air(grid, Awgn(), 20_000, impairments=(both,))).true.tau.numpy().ravel() / grid.sample
    error = ((36 / 12 + 4) / 20_000) ** 0.5
    assert abs(samples.mean() - 1) < 4.5 * error
    assert abs(samples.var() / (36 / 12 + 4 * stats.truncnorm(-4, 4).var()) - 1) < 4.5 * (2 / 20_000) ** 0.5


def test_timing_advance_leaves_what_its_steps_cannot_correct() -> None:
    step = 16 * 64 / (480e3 * 4096)  # at 15 kHz, where it is half a sample of this grid
    assert step / GRID.sample == pytest.approx(0.5)
    plain, corrected = TimingOffset(0.0, 3.0), TimingOffset(0.0, 3.0, step=step)
    grid = Grid(subcarriers=64, symbols=2, prefix=16, advance=2)
    np.testing.assert_allclose(corrected.delays(grid), (-step / 2, step / 2))
    before, after = (draw(Air(grid, Awgn(), 5000, impairments=(each,))).true.tau.numpy() for each in (plain, corrected))
    multiples = (before - after) / step
    assert np.allclose(multiples, np.rint(multiples), atol=1e-4) and np.unique(np.rint(multiples)).size == 7
    assert np.abs(after).max() <= step / 2 * (1 + 1e-5)
    assert stats.kstest(after.ravel(), stats.uniform(-step / 2, step).cdf).pvalue > 1e-4


def test_offsets_below_half_a_step_of_the_timing_advance_stay() -> None:
    plain, corrected = TimingOffset(0.0, 0.2), TimingOffset(0.0, 0.2, step=0.5 * GRID.sample)
    assert corrected.delays(GRID) == plain.delays(GRID)
    one, other = (draw(Air(GRID, Awgn(), 50, impairments=(each,))) for each in (plain, corrected))
    assert np.array_equal(one.true.tau, other.true.tau)


def test_clocks_drift_apart_until_they_are_set_again() -> None:
    drift = ClockDrift(ppm=2.0, resync=0.5)
    grid = Grid(subcarriers=64, symbols=2, prefix=16, advance=4)
    np.testing.assert_allclose(drift.delays(grid), (-1e-6, 1e-6))
    air = Air(grid, Awgn(), 4000, impairments=(drift,))
    tau = {
        time: draw(air, round, time=time).true.tau.numpy().ravel() for round, time in enumerate((0.0, 0.1, 0.4, 0.6))
    }
    assert not tau[0.0].any()
    assert stats.kstest(tau[0.1] / 0.1, stats.uniform(-2e-6, 4e-6).cdf).pvalue > 1e-4
    np.testing.assert_allclose(tau[0.4], 4 * tau[0.1], rtol=1e-5)  # each at its own rate, in every round
    np.testing.assert_allclose(tau[0.6], tau[0.1], rtol=1e-5, atol=1e-13)  # set at 0.5 s
    assert not np.array_equal(draw(air, place=1, time=0.1).true.tau, tau[0.1])


def test_transmitters_that_do_not_see_the_drift_believe_in_no_delay() -> None:
    for seen in (False, True):
        link = draw(Air(GRID, Awgn(), 5, impairments=(ClockDrift(2.0, 0.5, seen=seen),), domain="time"), time=0.3)
        assert np.array_equal(of_paths(link.transmitters).tau, of_paths(link.receiver).tau) == seen
        assert np.array_equal(of_paths(link.receiver).tau, link.true.tau) and np.any(link.true.tau)


@pytest.mark.parametrize("lasting", [False, True])
def test_a_lasting_offset_stays_over_rounds_and_another_does_not(lasting: bool) -> None:
    air = Air(GRID, Awgn(), 6, impairments=(TimingOffset(0.0, 8.0, lasting=lasting),))
    one, next_round, elsewhere = draw(air), draw(air, round=2), draw(air, place=1)
    assert np.array_equal(one.true.tau, next_round.true.tau) == lasting
    assert np.array_equal(one.true.tau, elsewhere.true.tau) != lasting


def test_path_loss_scatters_devices_uniformly_over_the_ring() -> None:
    air = Air(GRID, Awgn(), 4000, impairments=(PathLoss(exponent=3.5, nearest=20, farthest=300, reference=50),))
    gain = draw(air).true.power.numpy().ravel()
    distance = 50 * gain ** (-1 / 3.5)
    assert distance.min() >= 20 * (1 - 1e-5) and distance.max() <= 300 * (1 + 1e-5)
    assert stats.kstest(distance**2, stats.uniform(20**2, 300**2 - 20**2).cdf).pvalue > 1e-4


def test_the_mean_gain_of_a_ring_is_its_integral() -> None:
    low, high, reference, exponent, devices = 60.0, 200.0, 100.0, 3.0, 20_000
    air = Air(GRID, Awgn(), devices, impairments=(PathLoss(exponent, low, high, reference),))
    gain = draw(air).true.power.numpy()

    def moment(n: float) -> float:  # E (r / reference)^-n over the ring's area
        return 2 * reference**n * (high ** (2 - n) - low ** (2 - n)) / ((2 - n) * (high**2 - low**2))

    error = ((moment(2 * exponent) - moment(exponent) ** 2) / devices) ** 0.5
    assert abs(gain.mean() - moment(exponent)) < 4 * error


def test_near_and_far_are_kept_and_last_over_rounds() -> None:
    antennas = 800  # independent gains of the same distance
    air = Air(GRID, Rayleigh(), 20, antennas=antennas, impairments=(PathLoss(nearest=20.0),))
    power = draw(air).true.power.numpy()[0, :, 0]
    assert power.max() > 10 * power.min()
    for round in (1, 2):
        link = draw(air, round)
        assert np.array_equal(link.true.power[0, :, 0], power)
        measured = (np.abs(link.true.a.numpy()[0, :, :, 0, 0]) ** 2).mean(0)
        assert np.all(np.abs(measured / power - 1) < 4.5 / antennas**0.5)


def test_csi_errors_shrink_with_the_path_loss() -> None:
    antennas, e = 800, 0.2
    loss = PathLoss(nearest=20.0)
    air = Air(GRID, Rayleigh(), 6, antennas, MaximumRatio(), (loss,), csit=ErrorVariance(e))
    link = draw(air)
    unknown = (of_paths(link.transmitters).a - (1 - e) ** 0.5 * link.true.a).numpy()[0, :, :, 0, 0]
    measured = (np.abs(unknown) ** 2).mean(0) / link.true.power.numpy()[0, :, 0]
    assert np.all(np.abs(measured / e - 1) < 4.5 / antennas**0.5)


def test_impossible_impairments_are_refused() -> None:
    with pytest.raises(ValueError, match="timing_offset.high: expected at least low = 2, received 1"):
        TimingOffset(2.0, 1.0)
    with pytest.raises(ValueError, match="expected whole samples"):
        TimingOffset(0.0, 1.5, whole=True)
    with pytest.raises(ValueError, match="timing_offset.whole: expected neither deviation nor step, received 1, 0"):
        TimingOffset(0.0, 1.0, whole=True, deviation=1.0)
    with pytest.raises(ValueError, match="timing_offset"):
        TimingOffset(0.0, float("nan"))
    with pytest.raises(ValueError, match="path_loss.farthest: expected at least nearest = 60 m, received 50"):
        PathLoss(nearest=60.0, farthest=50.0)
