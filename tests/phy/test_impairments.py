"""Impairments: offsets do what clocks do, seen or not, and near devices stay near."""

import numpy as np
import pytest
from scipy import stats

from overair.phy import Air, Awgn, ErrorVariance, Grid, Link, MaximumRatio, PathLoss, Rayleigh, TimingOffset, keys

GRID = Grid(subcarriers=64, symbols=2, prefix=16)


def draw(air: Air, round: int = 1, place: int = 0) -> Link:
    return air.draw(air.init(keys.key(place, "place")), keys.key(0, "round", round), 0.0, 1)


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
    assert np.array_equal(link.receiver.tau, link.true.tau)
    assert np.all(link.transmitters.tau == 0)


def test_what_follows_an_unseen_offset_is_seen_all_the_same() -> None:
    chain = (TimingOffset(1.0, 4.0), PathLoss(), TimingOffset(1.0, 4.0, seen=True), TimingOffset(1.0, 4.0))
    link = draw(Air(GRID, Rayleigh(), 20, impairments=chain))
    assert np.array_equal(link.transmitters.a, link.true.a)  # path loss is in both
    assert np.array_equal(link.transmitters.power, link.true.power)
    believed, true = (paths.tau.numpy()[0, :, 0] / GRID.sample for paths in (link.transmitters, link.true))
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


def test_knowledge_errors_shrink_with_the_path_loss() -> None:
    antennas, e = 800, 0.2
    loss = PathLoss(nearest=20.0)
    air = Air(GRID, Rayleigh(), 6, antennas, MaximumRatio(), (loss,), transmitter_knowledge=ErrorVariance(e))
    link = draw(air)
    unknown = (link.transmitters.a - (1 - e) ** 0.5 * link.true.a).numpy()[0, :, :, 0, 0]
    measured = (np.abs(unknown) ** 2).mean(0) / link.true.power.numpy()[0, :, 0]
    assert np.all(np.abs(measured / e - 1) < 4.5 / antennas**0.5)


def test_impossible_impairments_are_refused() -> None:
    with pytest.raises(ValueError, match="timing_offset.high: expected at least low = 2, received 1"):
        TimingOffset(2.0, 1.0)
    with pytest.raises(ValueError, match="expected whole samples"):
        TimingOffset(0.0, 1.5, whole=True)
    with pytest.raises(ValueError, match="timing_offset"):
        TimingOffset(0.0, float("nan"))
    with pytest.raises(ValueError, match="path_loss.farthest: expected at least nearest = 60 m, received 50"):
        PathLoss(nearest=60.0, farthest=50.0)
