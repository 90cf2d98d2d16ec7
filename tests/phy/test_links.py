"""A sending's link follows from its key, its number and its attempt, and what is said of a reading is what it is."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import (
    Air,
    Amplifier,
    Awgn,
    Delayed,
    ErrorVariance,
    Estimated,
    FrequencyOffset,
    Grid,
    QuantizedFeedback,
    QuantizedReceiver,
    Rayleigh,
    Rician,
    Tdl,
    TimingOffset,
    keys,
)
from overair.phy.impairments import Impairment
from overair.phy.links import Links, block, each, send

GRID = Grid(subcarriers=16, symbols=2, prefix=4)
KEY = keys.key(4)
AIRS = {
    "awgn": Air(GRID, Awgn(), 1),
    "rayleigh": Air(GRID, Rayleigh(), 1, antennas=2),
    "rician": Air(GRID, Rician(3.0), 1),
    "moving": Air(GRID, Tdl("A", 50e-9, speed=30.0), 1),
    "estimated": Air(GRID, Tdl("A", 50e-9), 1, csir=Estimated("linear", comb=1)),
    "late": Air(GRID, Rayleigh(), 1, impairments=(TimingOffset(0.0, 9.0),)),
}
ELEMENTS = 300  # 32 sendings a block, and one symbol of a slot is not used


@pytest.mark.parametrize("name", AIRS)
def test_what_a_sending_meets_follows_from_its_number_whatever_else_is_sent(name: str) -> None:
    """Alone, among a few, across the blocks' borders, and in the middle of a long row: the same, bit for bit."""
    air, count = AIRS[name], 2 * block(ELEMENTS) + 5
    x = keys.complex_normal(keys.key(9), [count, ELEMENTS])
    heard, power = (each.numpy() for each in send(air, x, tf.fill([count], 5.0), KEY))
    assert len(np.unique(heard[:, 0])) == count
    for first, last in ((0, 1), (0, 7), (3, count - 1), (block(ELEMENTS) - 1, block(ELEMENTS) + 2), (count - 1, count)):
        some = send(air, x[first:last], tf.fill([last - first], 5.0), KEY, first=first)
        np.testing.assert_array_equal(some[0], heard[first:last])
        np.testing.assert_array_equal(some[1], power[first:last])


@pytest.mark.parametrize("name", ["rayleigh", "moving"])
def test_channels_are_the_same_at_every_snr_and_noise_but_for_its_scale(name: str) -> None:
    x = keys.complex_normal(keys.key(9), [3, ELEMENTS])
    quiet, low, high = (send(AIRS[name], x, tf.fill([3], snr), KEY)[0].numpy() for snr in (200.0, 0.0, 20.0))
    np.testing.assert_allclose(quiet, x, atol=1e-3)
    np.testing.assert_allclose((high - quiet) * 10, low - quiet, atol=2e-3)


def test_another_key_attempt_or_number_is_another_link() -> None:
    x = tf.ones([2, ELEMENTS], tf.complex64)
    ways: list[dict[str, Any]] = [{}, {"attempt": 1}, {"attempt": 2}, {"first": 100}]
    found = [send(AIRS["rayleigh"], x, tf.zeros([2]), KEY, **way)[1].numpy()[:, 0] for way in ways]
    found.append(send(AIRS["rayleigh"], x, tf.zeros([2]), keys.key(5))[1].numpy()[:, 0])
    assert len(np.unique(found)) == 2 * len(found)


def test_time_goes_on_from_attempt_to_attempt() -> None:
    air, seen = Air(GRID, Rayleigh(), 1), []

    def start(links: Links) -> tf.Tensor:
        return tf.fill([block(ELEMENTS)], tf.cast(links.link.start, tf.float32))

    for attempt in (0, 1, 3):
        found = each(air, ELEMENTS, tf.zeros([1]), KEY, start, [], tf.TensorSpec([]), attempt)
        seen.append(float(found[0]))
    np.testing.assert_allclose(seen, np.array([0, 1, 3]) * 10 * GRID.slot_seconds, rtol=1e-6)  # 19 OFDM symbols


def test_alone_is_alone() -> None:
    with pytest.raises(ValueError, match=r"^air\.devices: expected 1, which sends alone, received 2; build an air of"):
        send(Air(GRID, Awgn(), 2), tf.ones([1, 4], tf.complex64), tf.zeros([1]), KEY)


# --- What is said of a reading


FLAT = {
    "perfect": Air(GRID, Rayleigh(), 1, antennas=2),
    "error variance": Air(GRID, Rayleigh(), 1, csir=ErrorVariance(0.4)),
    "phases alone": Air(GRID, Rayleigh(), 1, csir=QuantizedFeedback(1, 0)),
    "told nothing": Air(GRID, Rayleigh(), 1, csir=QuantizedFeedback(0, 0)),
    "delayed": Air(GRID, Tdl("A", 10e-9, speed=900.0), 1, csir=Delayed()),
    "nearest, weak": Air(GRID, Tdl("A", 30e-9), 1, csir=Estimated("nearest", comb=4)),
}


@pytest.mark.parametrize("name", FLAT)
@pytest.mark.parametrize("snr_db", [-10.0, 15.0])
def test_noise_has_the_power_told_and_symbols_the_gain_told(name: str, snr_db: float) -> None:
    """Over many links: E|z - g x|^2 is the power told, and z falls on g x with the slope 1."""
    count, elements = 3000, 12
    x = keys.complex_normal(keys.key(8), [count, 1, elements])

    def read(links: Links, x: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return tuple(map(links.on_elements, links.read(x)))

    one = tf.TensorSpec([elements], tf.complex64)
    signature = one, one, tf.TensorSpec([elements])
    compiled = tf.function(lambda: each(FLAT[name], elements, tf.fill([count], snr_db), KEY, read, [x], signature))
    z, gain, noise = (each.numpy().astype(complex) for each in compiled())
    sent = gain * x[:, 0].numpy()
    ratio = (np.abs(z - sent) ** 2).mean(axis=1) / noise.real.mean()
    assert abs(ratio.mean() - (noise.real / noise.real.mean()).mean()) < 4 * ratio.std() / count**0.5
    if name != "told nothing":
        matched, power = (sent.conj() * z).real.mean(axis=1), (np.abs(sent) ** 2).mean(axis=1)
        slope = matched.mean() / power.mean()
        assert abs(slope - 1) < 4 * (matched - slope * power).std() / power.mean() / count**0.5
    else:
        assert np.abs(gain).max() < 1e-6


DISTORTED: dict[str, tuple[Impairment, float]] = {
    "amplifier": (Amplifier(0.0), 20.0),
    "three bits": (QuantizedReceiver(3), 20.0),
    "frequency offset": (FrequencyOffset(0.07, 0.07), 20.0),
}


@pytest.mark.parametrize("name", DISTORTED)
def test_what_distortions_leave_is_noise_that_is_told(name: str) -> None:
    """As far as projections on the symbols sent can tell, which know nothing of the mean response: dB for dB."""
    impairment, snr_db = DISTORTED[name]
    air = Air(Grid(64, 4, prefix=8), Awgn(), 1, impairments=(impairment,))
    count, elements = 300, 256
    x = keys.complex_normal(keys.key(8), [count, elements])
    z, power = (each.numpy() for each in send(air, x, tf.fill([count], snr_db), KEY))
    x = x.numpy()
    gain = (z * x.conj()).mean(axis=1, keepdims=True) / (np.abs(x) ** 2).mean(axis=1, keepdims=True)
    left = (np.abs(z - gain * x) ** 2).sum(axis=1) / (elements - 1)
    realised = np.abs(gain[:, 0]) ** 2 * (np.abs(x) ** 2).mean(axis=1) / left
    told = (np.abs(x) ** 2).mean(axis=1) / power[:, 0]
    apart = 10 * np.log10(told.mean() / realised.mean())
    spread = 10 / np.log(10) * (realised / realised.mean() - told / told.mean()).std() / count**0.5
    assert abs(apart) < 0.1 + 4 * spread  # a gain a percent off is 0.1 dB
    assert 10 * np.log10(told.mean()) < snr_db - 1
