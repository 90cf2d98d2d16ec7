"""Digital devices and receivers count on what they can know: rates against closed forms of fading known in part."""

import dataclasses
import math

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import exp1, j0

from overair.ota import Digital, Round, Subchannel, Terms
from overair.phy import (
    Air,
    Amplifier,
    Csi,
    Delayed,
    ErrorVariance,
    Estimated,
    Grid,
    Impairment,
    Link,
    Perfect,
    QuantizedFeedback,
    Rayleigh,
    Tdl,
    error_power,
    keys,
)

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
DEVICES, ELEMENTS, SNR = 400, 800, 0.1  # of which a device has two, with all its energy: an SNR of 40
OWN = DEVICES * SNR


def draw(air: Air) -> Link:
    return air.draw(air.init(keys.key(0)), keys.key(1), 0.0, air.grid.slots(ELEMENTS), 10 * math.log10(SNR))


def share(air: Air, margin_db: float = 0.0) -> Subchannel:
    round = Round(Terms(air, 10, ELEMENTS), keys.key(2), tf.ones([air.devices]), draw(air))
    uplink = Digital(margin_db=margin_db)
    begun = uplink.begin(uplink.init(round.terms, air.init(keys.key(0))), round)
    return uplink._shared(begun, round, tf.range(air.devices))[0]


def bits(air: Air) -> np.ndarray:
    """Bits an element that the receiver finds of each device, [K]."""
    return share(air).information.numpy() / (ELEMENTS / DEVICES)


def rayleigh(snr: float) -> float:
    """E log2(1 + SNR |h|^2) of Rayleigh fading."""
    return float(math.exp(1 / snr) * exp1(1 / snr)) / math.log(2)


def agrees(found: np.ndarray, expected: float) -> None:
    assert abs(found.mean() - expected) < 4 * found.std(ddof=1) / len(found) ** 0.5 + 1e-5 * expected


def test_a_receiver_that_was_told_nothing_decodes_nothing() -> None:
    assert not np.any(bits(Air(GRID, Rayleigh(), DEVICES, csir=QuantizedFeedback(0, 0))))


def test_a_bit_of_phase_carries_half_a_bit_an_element() -> None:
    """c = 2/pi of a level of sqrt(pi)/2, so 1/pi of the power is known: log2(1 + S/pi / (1 + S (1 - 1/pi)))."""
    found = bits(Air(GRID, Rayleigh(), DEVICES, csir=QuantizedFeedback(1, 0)))
    np.testing.assert_allclose(found, math.log2(1 + OWN / math.pi / (1 + OWN * (1 - 1 / math.pi))), rtol=1e-4)
    assert found[0] == pytest.approx(0.536, abs=1e-3)


@pytest.mark.parametrize("spread", [0.0, 600e-9])
def test_a_channel_known_a_slot_late_carries_what_its_correlation_leaves(spread: float) -> None:
    """rho^2 S |g|^2 / (1 + S (1 - rho^2)), whatever the delays."""
    speed = 76.0
    rho = float(j0(2 * math.pi * speed * 3.5e9 / 299792458 * GRID.slot_seconds))
    air = Air(GRID, Tdl("A", spread, speed), DEVICES, csir=Delayed())
    agrees(bits(air), rayleigh(rho**2 * OWN / (1 + OWN * (1 - rho**2))))
    assert 0.2 < rho < 0.4


def test_an_announced_error_carries_what_it_leaves() -> None:
    e = 0.1
    agrees(
        bits(Air(GRID, Rayleigh(), DEVICES, csir=ErrorVariance(e))),
        rayleigh((1 - e) * OWN / (1 + e * OWN)),
    )


@pytest.mark.parametrize("antennas", [1, 4])
def test_flat_fading_known_from_all_pilots_carries_what_their_noise_leaves(antennas: int) -> None:
    """Least squares of a flat channel at a pilot: g = h + CN(0, s2), so 1/(1 + s2) of the power is known."""
    air = Air(GRID, Rayleigh(), DEVICES, antennas, csir=Estimated("nearest", 2))
    s2 = 1 / SNR / 2
    worth = OWN / (1 + s2) / (1 + OWN * s2 / (1 + s2))
    gains = np.random.default_rng(0).gamma(antennas, size=10**6)
    agrees(bits(air), float(np.log2(1 + worth * gains).mean()))


KNOWS = [Delayed(), QuantizedFeedback(2, 1), ErrorVariance(0.2), Estimated("lmmse", 2)]


@pytest.mark.parametrize("knows", KNOWS, ids=str)
def test_devices_count_on_what_the_receiver_finds_of_the_same_belief(knows: Csi) -> None:
    air = Air(GRID, Tdl("A", 1e-7, 60.0), 20, csir=knows)
    both = dataclasses.replace(air, csit=Estimated("lmmse", 2) if knows == KNOWS[3] else knows)
    found, other = share(both), share(both, margin_db=3.0)
    if not isinstance(knows, ErrorVariance):  # whose errors are drawn for either side
        np.testing.assert_allclose(found.believed, found.known, rtol=1e-5)
    np.testing.assert_allclose(other.believed, found.believed * 10**-0.3, rtol=1e-5)


def test_devices_told_apart_by_antennas_count_what_they_do_not_know_as_noise() -> None:
    """Of two that share elements: S x / (1 + S eps), with x behind zero forcing of their best estimates."""
    e, air = 0.2, Air(GRID, Rayleigh(), 4, 2, csit=ErrorVariance(0.2))
    link = draw(air)
    round = Round(Terms(air, 10, ELEMENTS), keys.key(2), tf.ones([4]), link)
    uplink = Digital(sdma=2, margin_db=0.0)
    begun = uplink.begin(uplink.init(round.terms, air.init(keys.key(0))), round)
    found = uplink._shared(begun, round, tf.range(4))[0].believed.numpy()[:, 0]
    h = (1 - e) ** 0.5 * link.response(of=link.transmitters)[0, :, :, 0, 0].numpy()  # [A, K]
    for device in range(4):
        mates = h[:, device // 2 * 2 :][:, :2]
        left = 1 / np.linalg.inv(mates.conj().T @ mates)[device % 2, device % 2].real
        assert found[device] == pytest.approx(2 * SNR * left / (1 + 2 * SNR * e), rel=1e-3)


@pytest.mark.parametrize("impairments", [(), (Amplifier(3.0),)], ids=["clean", "amplified"])
def test_gain_and_disturbance_of_waveforms_are_the_distortions_whatever_is_believed(
    impairments: tuple[Impairment, ...],
) -> None:
    """P |kappa|^2 / (N0 + D), by which SNR exceeds |h_hat|^2 and doubt what h_hat lacks: the same for every belief."""
    factors = []
    for knows in (Perfect(), QuantizedFeedback(2, 1)):
        air = Air(GRID, Tdl("A", 1e-7), 8, impairments=impairments, domain="time", csir=knows)
        found, link = share(air), draw(air)
        strength = np.abs(link.response(of=link.receiver.best)[0, 0, :, 0].numpy()) ** 2  # [K, F]
        factors.append(found.snr.numpy() / np.tile(strength, [1, ELEMENTS // 32]))
        if not isinstance(knows, Perfect):
            np.testing.assert_allclose(found.csi_noise / error_power(link.receiver)[0, :, 0], factors[0], rtol=1e-4)
    np.testing.assert_allclose(factors[0], factors[1], rtol=1e-4)
    np.testing.assert_allclose(factors[0], 8 * SNR, rtol=0.1)  # near P / N0, but not it
    assert np.any(np.abs(factors[0] / (8 * SNR) - 1) > 0.02) == bool(impairments)
