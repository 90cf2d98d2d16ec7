"""Impairments past the prefix and off the grid: the domains they need, their order, and what leaks."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import Air, Awgn, Grid, Link, Paths, Rayleigh, Size, Span, TimingOffset, Waveform, keys
from overair.phy.channels import Still
from overair.phy.csi.estimated import Estimated
from overair.phy.impairments.amplifier import Amplifier
from overair.phy.impairments.clock_drift import ClockDrift
from overair.phy.impairments.frequency_offset import FrequencyOffset
from overair.phy.impairments.iq_imbalance import IqImbalance
from overair.phy.impairments.phase_noise import PhaseNoise
from overair.phy.impairments.quantized_receiver import QuantizedReceiver
from overair.phy.impairments.sampling_offset import SamplingOffset
from overair.phy.link import Belief

N, PREFIX = 64, 16
SILENT = 1000.0  # dB: no noise in single precision


@dataclass(frozen=True)
class Echoes(Still):
    """Paths of fixed powers and delays in samples of a grid of 64 subcarriers at 15 kHz."""

    powers: tuple[float, ...]
    delays: tuple[int, ...]
    static: ClassVar[bool] = True
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False

    @property
    def longest(self) -> float:
        return max(self.delays) / (N * 15e3)

    def draw(self, size: Size, span: Span, key: keys.Key, place: keys.Key) -> Paths:
        batch, antennas, devices = size
        a = tf.cast(np.sqrt(self.powers) * np.exp(1j * np.arange(len(self.powers))), tf.complex64)[:, None]
        tau = tf.constant(np.array(self.delays) / (N * 15e3), tf.float32)
        shape = [batch, devices, len(self.powers)]
        power = tf.broadcast_to(tf.constant(self.powers, tf.float32), shape)
        return Paths(tf.broadcast_to(a, [batch, antennas, devices, shape[2], 1]), tf.broadcast_to(tau, shape), power)


def grid(advance: int = 0) -> Grid:
    return Grid(subcarriers=N, symbols=2, prefix=PREFIX, advance=advance)


def draw(air: Air, slots: int) -> Link:
    return air.draw(air.init(keys.key(0, "place")), keys.key(0, "round"), 0.0, slots, SILENT)


def of_paths(belief: Belief) -> Paths:
    assert isinstance(belief, Paths)
    return belief


def one_at_a_time() -> np.ndarray:
    """Symbols [2 N + 2, N]: every second one has one subcarrier, the first and all others are silent."""
    x = np.zeros([2 * N + 2, N], np.complex64)
    x[2 * np.arange(N) + 1, np.arange(N)] = 1
    return x


def leaks(air: Air, link: Link, device: int) -> tuple[np.ndarray, float]:
    """The gain of every subcarrier of a device, and the mean power it gives to others and to symbols beside."""
    x = tf.constant(one_at_a_time()[None, None])
    y = air.receive(air.add(air.empty(N + 1), x, link, tf.constant([device])), link, keys.key(3)).numpy()[0, 0]
    own = y[2 * np.arange(N) + 1, np.arange(N)]
    return own, (np.sum(np.abs(y) ** 2) - np.sum(np.abs(own) ** 2)) / N


@pytest.mark.parametrize("past", [4, 16])
def test_what_arrives_past_the_prefix_leaks_as_theory_has_it(past: int) -> None:
    late = TimingOffset(PREFIX + past, PREFIX + past)
    air = Air(grid(), Awgn(), 1, impairments=(late,), oversampling=1)
    own, leaked = leaks(air, draw(air, N + 1), 0)
    np.testing.assert_allclose(np.abs(own), 1 - past / N, atol=1e-5)
    assert leaked == pytest.approx(2 * past / N - (past / N) ** 2, abs=1e-5)
    assert leaked == pytest.approx({4: 0.12109, 16: 0.4375}[past], abs=1e-5)


def test_each_of_several_devices_leaks_by_its_own_offset_and_early_ones_have_no_prefix() -> None:
    offsets = TimingOffset(-9.0, PREFIX + 9.0, whole=True)
    air = Air(grid(), Rayleigh(), 12, impairments=(offsets,), oversampling=1)
    link = draw(air, N + 1)
    shift = np.rint(link.true.tau.numpy()[0, :, 0] / air.grid.sample)
    assert shift.min() < 0 and shift.max() > PREFIX
    for device, delay in enumerate(shift):
        past = max(0, -delay, delay - PREFIX)
        power = float(np.abs(link.true.a.numpy()[0, 0, device, 0, 0]) ** 2)
        own, leaked = leaks(air, link, device)
        np.testing.assert_allclose(np.abs(own) ** 2, power * (1 - past / N) ** 2, rtol=1e-4)
        assert leaked == pytest.approx(power * (2 * past / N - (past / N) ** 2), abs=2e-5 * power)


def test_paths_past_the_prefix_leak_by_their_powers() -> None:
    powers, delays = (0.5, 0.2, 0.2, 0.1), (0, 13, 20, 32)
    air = Air(grid(), Echoes(powers, delays), 1, oversampling=1)
    _, leaked = leaks(air, draw(air, N + 1), 0)
    past = np.maximum(0, np.array(delays) - PREFIX) / N
    assert leaked == pytest.approx(np.sum(np.array(powers) * (2 * past - past**2)), abs=1e-5)


@pytest.mark.parametrize("advance", [0, 3])
def test_early_and_late_devices_over_echoes_add_up_as_in_a_waveform_chain(advance: int) -> None:
    here, devices, symbols = grid(advance), 15, 8
    air = Air(
        here, Echoes((0.6, 0.4), (0, 7)), devices, impairments=(TimingOffset(-12, 24, whole=True),), oversampling=1
    )
    link, x = draw(air, 4), keys.complex_normal(keys.key(7), [1, devices, symbols, N])
    body = np.fft.ifft(np.fft.ifftshift(x[0].numpy(), axes=-1))
    wave = np.concatenate([body[..., -PREFIX:], body], axis=-1).reshape(devices, -1)
    margin, delays = 64, np.rint(link.true.tau.numpy()[0] / here.sample).astype(int)
    assert delays.min() < -advance and delays.max() > PREFIX
    received = np.zeros(wave.shape[1] + 2 * margin, complex)
    for device in range(devices):
        for gain, delay in zip(link.true.a.numpy()[0, 0, device, :, 0], delays[device], strict=True):
            received[margin + delay : margin + delay + wave.shape[1]] += gain * wave[device]
    starts = margin + np.arange(symbols) * (N + PREFIX) + PREFIX - advance
    heard = np.fft.fftshift(np.fft.fft(np.stack([received[start : start + N] for start in starts])), axes=-1)
    heard *= np.exp(2j * np.pi * np.arange(-N // 2, N // 2) * advance / N)
    np.testing.assert_allclose(air.send(x, link, keys.key(3))[0, 0], heard, atol=1e-4)


ON_THE_WAVEFORM = [
    FrequencyOffset(0.01, 0.01),
    FrequencyOffset(deviation=0.01),
    PhaseNoise(1.0),
    PhaseNoise(1.0, common=True),
    SamplingOffset(-1.0, 1.0),
    Amplifier(),
    IqImbalance(1.0),
    IqImbalance(phase_degrees=1.0, side="receive"),
    QuantizedReceiver(),
]


@pytest.mark.parametrize("impairment", ON_THE_WAVEFORM, ids=str)
def test_what_breaks_orthogonality_takes_the_time_domain_and_is_refused_on_the_other(impairment: Any) -> None:
    assert not Air(grid(), Awgn(), 2, impairments=(impairment,)).orthogonal
    name = type(impairment).__name__
    with pytest.raises(
        ValueError, match=f"air.domain: expected orthogonal subcarriers, .* received {name}; take domain = time"
    ):
        Air(grid(), Awgn(), 2, impairments=(impairment,), domain="frequency")


def test_impairments_of_nothing_and_of_paths_inside_the_prefix_stay_on_the_frequency_domain() -> None:
    nothing = (FrequencyOffset(), PhaseNoise(), PhaseNoise(common=True), SamplingOffset(), IqImbalance(), ClockDrift())
    inside = (TimingOffset(4.0, 8.0), TimingOffset(2.0, 2.0, deviation=0.5), ClockDrift(1.0, 1.0, seen=True))
    assert Air(grid(), Awgn(), 2, impairments=nothing).orthogonal
    assert Air(grid(), Awgn(), 2, impairments=inside).orthogonal
    assert not Air(grid(), Awgn(), 2, impairments=(TimingOffset(2.0, 2.0, deviation=0.51),)).orthogonal


def test_distortions_act_in_the_order_in_which_they_are_listed() -> None:
    one, other = IqImbalance(3.0, 10.0), Amplifier(0.0)
    air = Air(grid(), Awgn(), 3, impairments=(one, other))
    link, x = draw(air, 2), keys.complex_normal(keys.key(7), [1, 3, 4, N])
    domain, everybody = Waveform(grid(), 0.0, 0.0), tf.range(3)
    span = Span(0.0, 4 * domain.symbol, domain.sample, 0)

    def chain(first: int, second: int) -> np.ndarray:
        wave = domain.modulate(x)
        for place in (first, second):
            wave = air.impairments[place].distort(wave, grid(), span, link.keys[place], everybody)  # type: ignore[attr-defined]
        return domain.demodulate(tf.reduce_sum(wave, axis=1)).numpy()

    heard = air.send(x, link, keys.key(3))[:, 0].numpy()
    np.testing.assert_allclose(heard, chain(0, 1), atol=1e-4)
    assert np.abs(heard - chain(1, 0)).max() > 0.05


def test_a_device_that_others_accompany_is_distorted_as_if_it_were_alone() -> None:
    chain = (
        FrequencyOffset(-0.1, 0.1),
        PhaseNoise(50.0),
        SamplingOffset(-20.0, 20.0),
        IqImbalance(1.0, 2.0),
        Amplifier(),
    )
    air = Air(grid(), Rayleigh(), 5, antennas=2, impairments=chain)
    link, x = draw(air, 3), keys.complex_normal(keys.key(7), [1, 5, 6, N])
    y = air.empty(3)
    for some in ([3], [0, 4], [1, 2]):
        y = air.add(y, tf.gather(x, some, axis=1), link, tf.constant(some))
    np.testing.assert_allclose(air.receive(y, link, keys.key(3)), air.send(x, link, keys.key(3)), atol=1e-4)


@pytest.mark.parametrize(
    "impairment", [FrequencyOffset(-0.05, 0.05), PhaseNoise(100.0), IqImbalance(2.0, 5.0)], ids=str
)
def test_transmitters_know_of_a_distortion_what_they_see_and_the_receiver_its_mean(impairment: Any) -> None:
    for seen in (False, True):
        air = Air(grid(), Rayleigh(), 4, impairments=(type(impairment)(**{**vars(impairment), "seen": seen}),))
        link = draw(air, 2)
        sides = of_paths(link.receiver), of_paths(link.transmitters)
        receiver, transmitters = (np.broadcast_to(side.a, [1, 1, 4, 1, 4]) for side in sides)
        assert np.array_equal(transmitters, receiver) == seen
        assert np.abs(receiver / link.true.a - 1).max() > 1e-3
        assert np.array_equal(np.broadcast_to(link.true.a, transmitters.shape), transmitters) != seen


@pytest.mark.parametrize("seen", [False, True])
def test_a_channel_that_was_sounded_before_the_data_has_turned_since(seen: bool) -> None:
    eps, here = 0.02, grid(advance=3)
    offset = FrequencyOffset(eps, eps, seen=seen)
    air = Air(here, Awgn(), 1, impairments=(offset,), csit=Estimated("nearest", 1))
    link = draw(air, 2)
    believed = link.response(of=link.transmitters)
    since = of_paths(link.receiver).a.numpy()[0, 0, 0, 0] / believed.numpy()[0, 0, 0, 0].mean()
    middle = np.arange(4) * (N + PREFIX) + PREFIX - 3 + (N - 1) / 2
    zero = middle[0] - (N + PREFIX) if seen else 0  # sounded a symbol before the data, or without the offset
    gain = 1 if seen else np.sin(np.pi * eps) / (N * np.sin(np.pi * eps / N))
    # the pilot's own interference, (1 - c_0^2)/N of its power on average over subcarriers
    np.testing.assert_allclose(
        since, gain * np.exp(2j * np.pi * eps * (middle - zero) / N), atol=4 * (1.3e-3 / N) ** 0.5
    )
