"""What both domains of the air have in common: one order of effects, one time of zero, and noise of its own for all."""

import numpy as np
import pytest

from overair.phy import (
    Air,
    Awgn,
    Estimated,
    FrequencyOffset,
    Grid,
    IqImbalance,
    PathLoss,
    PhaseNoise,
    QuantizedReceiver,
    Rayleigh,
    Tdl,
    TimingOffset,
    keys,
)

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
PLACE, KEY = keys.key(0, "place"), keys.key(0, "round")
SILENT = 1000.0  # dB: noise of power 1e-100 is zero in single precision


def test_the_domain_is_what_impairments_need_or_what_is_asked_for() -> None:
    assert Air(GRID, Awgn(), 1).orthogonal and not Air(GRID, Awgn(), 1, domain="time").orthogonal
    assert not Air(GRID, Awgn(), 1, impairments=(PhaseNoise(10.0),)).orthogonal


@pytest.mark.parametrize("coherence", ["symbol", "sample"])
def test_the_mean_response_is_that_of_the_frequency_domain_where_both_are_right(coherence: str) -> None:
    impairments = (PathLoss(), TimingOffset(0.0, 2.0))
    channel, still = Tdl("A", 2e-7, 3.0), coherence == "symbol"
    frequency = Air(GRID, channel, 5, 2, impairments=impairments)
    time = Air(GRID, channel, 5, 2, impairments=impairments, domain="time", coherence=coherence)  # type: ignore[arg-type]
    one, other = (air.draw(air.init(PLACE), KEY, 0.0, 2, SILENT).effective for air in (frequency, time))
    np.testing.assert_array_equal(one.tau, other.tau)
    # an instant of a symbol and its mean over the window: at 3 m/s the channel turns 2 pi 35 Hz 83 us = 0.018 at most
    np.testing.assert_allclose(one.a, other.a, atol=0.0 if still else 0.02 * float(np.abs(one.a).max()))


def test_mean_effects_do_not_depend_on_where_offsets_stand_in_the_list() -> None:
    """A carrier offset turns each path by the phase with which it was sent, and so has to know all delays."""
    offsets = (FrequencyOffset(0.02, 0.02), TimingOffset(3.0, 3.0))
    airs = [Air(GRID, Rayleigh(), 3, impairments=each) for each in (offsets, offsets[::-1])]
    one, other = (air.draw(air.init(PLACE), KEY, 0.0, 1).effective for air in airs)
    np.testing.assert_array_equal(one.a, other.a)
    turned = Air(GRID, Rayleigh(), 3, impairments=offsets[:1])
    without = turned.draw(turned.init(PLACE), KEY, 0.0, 1).effective
    # exp(-j 2 pi eps 3/N) of a delay of 3 samples; phases of float32
    np.testing.assert_allclose(one.a / without.a, np.exp(-2j * np.pi * 0.02 * 3 / 32) + 0 * one.a, atol=1e-5)


def test_impairments_of_one_kind_draw_apart() -> None:
    air = Air(GRID, Awgn(), 4000, impairments=(TimingOffset(0.0, 2.0), TimingOffset(0.0, 2.0)))
    tau = air.draw(air.init(PLACE), KEY, 0.0, 1).true.tau.numpy().ravel() / GRID.sample
    # variance of a sum of two apart is 2/3, of twice the same 4/3; the fourth central moment of the sum is 16/15
    assert abs(tau.var() - 2 / 3) < 4.5 * ((16 / 15 - 4 / 9) / 4000) ** 0.5


def test_the_receivers_oscillator_walks_both_ways_from_the_start_of_the_data() -> None:
    """Sounding hears the phase before the data, the data another: they part at 0, where both walks begin."""
    width, batch = 1000.0, 3000
    grid = Grid(subcarriers=32, symbols=1, prefix=8)
    oscillator = (PhaseNoise(width, common=True),)
    air = Air(grid, Awgn(), 1, impairments=oscillator, csir=Estimated("nearest", 1), oversampling=1)
    link = air.draw(air.init(PLACE), KEY, 0.0, 1, SILENT, batch)
    sounded = link.response(of=link.receiver).numpy()[:, 0, 0, 0].mean(-1)
    now = link.effective.a.numpy()[:, 0, 0, 0, 0]
    decay = np.exp(-np.pi * width * np.arange(41) * grid.sample)  # E exp(j phase) so many samples from 0
    product = sounded * now.conj()
    error = product.std() / batch**0.5
    assert abs(product.mean() - decay[1:33].mean() * decay[8:40].mean()) < 4.5 * error
    assert abs((np.abs(now) ** 2).mean() - product.mean()) > 10 * error  # what the same walk twice would give


def test_pilots_hear_noise_of_their_own() -> None:
    """Even where a caller draws the link and the noise of its data from the same key."""
    batch = 400
    air = Air(GRID, Awgn(), 1, csir=Estimated("nearest", 1))
    link = air.draw(air.init(PLACE), KEY, 0.0, 1, 0.0, batch)
    wrong = link.response(of=link.receiver).numpy()[:, 0, 0, 0] - 1  # [B, F]
    noise = air.noise(1, link, KEY, batch).numpy()[:, 0]  # [B, T, F]
    for symbol in range(GRID.symbols):
        alike = np.corrcoef(np.abs(wrong).ravel() ** 2, np.abs(noise[:, symbol]).ravel() ** 2)[0, 1]
        assert abs(alike) < 4.5 / wrong.size**0.5


def test_the_noise_alone_is_without_the_receivers_faults() -> None:
    faults = (QuantizedReceiver(1), IqImbalance(3.0, 10.0, "receive"))
    airs = [Air(GRID, Awgn(), 1, 2, impairments=each, domain="time") for each in (faults, ())]
    one, other = (air.noise(2, air.draw(air.init(PLACE), KEY, 0.0, 2), keys.key(3)) for air in airs)
    np.testing.assert_array_equal(one, other)
