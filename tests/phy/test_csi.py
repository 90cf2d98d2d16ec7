"""CSI: how wrong a belief is, and that both sides are wrong in their own way."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import exp1

from overair.phy import (
    Air,
    Belief,
    CorrelatedPaths,
    ErrorVariance,
    Grid,
    Link,
    Observation,
    Paths,
    Perfect,
    Rayleigh,
    Tdl,
    keys,
)
from overair.phy.channels import Channel

GRID = Grid(subcarriers=16, symbols=2, prefix=4)


def paths(belief: Belief) -> Paths:
    """What is believed, as it was told."""
    told = belief.told if isinstance(belief, CorrelatedPaths) else belief
    assert isinstance(told, Paths)
    return told


def draw(channel: Channel, devices: int, e: float) -> Link:
    air = Air(GRID, channel, devices, csit=ErrorVariance(e), csir=ErrorVariance(e), antennas=2)
    return air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 1)


@pytest.mark.parametrize(("e", "threshold"), [(0.01, 0.1), (0.05, 0.3), (0.2, 0.2)])
def test_inverting_an_imperfect_estimate_has_the_predicted_gain_and_spread(e: float, threshold: float) -> None:
    link = draw(Rayleigh(), 40_000, e)
    h, believed = link.true.a.numpy().ravel(), paths(link.transmitters).a.numpy().ravel()
    used = np.abs(believed) ** 2 >= threshold
    arrives = h[used] / believed[used]
    spread = np.abs(arrives - 1) ** 2
    expected = ((1 - e) ** 0.5 - 1) ** 2 + e * np.exp(threshold) * exp1(threshold)
    count = used.sum()
    # given h_believed the ratio is CN(sqrt(1-e), e/|h_believed|^2), so the gain's variance is e exp(g) E1(g)
    assert abs(arrives.mean() - (1 - e) ** 0.5) < 4 * (e * np.exp(threshold) * exp1(threshold) / count) ** 0.5
    assert abs(spread.mean() - expected) < 4 * spread.std() / count**0.5
    if (e, threshold) == (0.01, 0.1):
        assert expected == pytest.approx(0.02017, abs=5e-6)


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("A"), Tdl("D")], ids=str)
def test_the_unknown_part_has_variance_e_and_the_channels_delay_profile(channel: Channel) -> None:
    devices, e = 3000, 0.3
    link = draw(channel, devices, e)
    unknown = (paths(link.transmitters).a - (1 - e) ** 0.5 * link.true.a).numpy()[0, :, :, :, 0]  # [A, K, L]
    measured = (np.abs(unknown) ** 2).mean(axis=(0, 1)) / link.true.power.numpy()[0, 0]
    assert np.all(np.abs(measured / e - 1) < 4.5 / (2 * devices) ** 0.5)  # complex normal, two antennas
    assert (
        abs((unknown * link.true.a.numpy()[0, ..., 0].conj()).mean(axis=(0, 1))).max()
        < 4.5 * (e / (2 * devices)) ** 0.5 * link.true.power.numpy().max()
    )


def test_a_belief_has_the_mean_power_of_the_channel() -> None:
    gain = np.abs(draw(Tdl("A"), 4000, 0.4).response(of=None).numpy()) ** 2
    link = draw(Tdl("A"), 4000, 0.4)
    believed = np.abs(link.response(of=link.transmitters).numpy()[..., 0]) ** 2
    assert abs(believed.mean() - 1) < 4 * believed.std() / (2 * 4000) ** 0.5
    assert gain.shape[-1] == 16


def test_both_sides_are_wrong_independently() -> None:
    link = draw(Rayleigh(), 5000, 0.5)
    errors = [(paths(side).a - 0.5**0.5 * link.true.a).numpy().ravel() / 0.5**0.5 for side in link[1:3]]
    correlation = (errors[0] * errors[1].conj()).mean()
    assert abs(correlation) < 4 / errors[0].size ** 0.5


def test_a_belief_moves_as_the_channel_does() -> None:
    e = 0.2
    air = Air(GRID, Tdl("A", 30e-9, speed=30.0), 3, csit=ErrorVariance(e))
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 3)
    unknown = (paths(link.transmitters).a - (1 - e) ** 0.5 * link.true.a).numpy()
    assert unknown.shape[-1] == 6
    np.testing.assert_allclose(unknown, np.repeat(unknown[..., :1], 6, axis=-1), atol=1e-6)


def test_no_error_is_perfect_csi() -> None:
    link = draw(Tdl("A"), 5, 0.0)
    assert np.array_equal(paths(link.transmitters).a, link.true.a)
    sight = Observation(
        link.true, link.true, GRID, link.noise, tf.ones([5]), 0, (0.0, 0.0), lambda pilots: pilots(tf.range(5))
    )
    assert Perfect().believe(sight, keys.key(0)) is link.true


@pytest.mark.parametrize("e", [-0.1, 1.0, float("nan")])
def test_impossible_error_variances_are_refused(e: float) -> None:
    with pytest.raises(ValueError, match="e"):
        ErrorVariance(e)
