"""The time domain: it meets the frequency domain inside the prefix, and theory and a dense convolution outside."""

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import pytest
import tensorflow as tf
from scipy.special import j0

from overair.phy import Air, Awgn, Channel, Grid, Link, Paths, Rayleigh, Size, Span, Tdl, TimingOffset, Waveform, keys
from overair.phy.channels import Still
from overair.phy.keys import Key
from overair.phy.time_domain import TimeDomain

GRID = Grid(subcarriers=32, symbols=4, prefix=12, advance=3)
SILENT = 1000.0  # dB: noise of power 1e-100 is zero in single precision
Oversampling = Literal[1, 2, 4]


def draw(air: Air, slots: int = 2) -> Link:
    return air.draw(air.init(keys.key(0, "place")), keys.key(0, "round"), 0.0, slots, SILENT)


def symbols(air: Air, slots: int = 2) -> tf.Tensor:
    shape = [1, air.devices, slots * air.grid.symbols, air.grid.subcarriers]
    return keys.complex_normal(keys.key(7), shape)


def decibels(error: np.ndarray, signal: np.ndarray) -> np.ndarray:
    """Mean error on each subcarrier against the mean signal, in dB."""
    power = (np.abs(error) ** 2).mean(axis=(0, 1, 2)) / (np.abs(signal) ** 2).mean()
    return 10 * np.log10(power)


@dataclass(frozen=True)
class Echoes(Still):
    """Paths of given gains and delays in samples of GRID, the same for all devices."""

    gains: tuple[complex, ...]
    samples: tuple[float, ...]
    static: ClassVar[bool] = True
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False

    @property
    def longest(self) -> float:
        return max(self.samples) * GRID.sample

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        a = tf.constant(np.array(self.gains, np.complex64))[:, None]
        tau = tf.broadcast_to(np.array(self.samples, np.float32) * GRID.sample, [*size[::2], len(self.samples)])
        return Paths(tf.broadcast_to(a, [*size, *a.shape]), tau, tf.ones_like(tau))


# --- inside the prefix


@pytest.mark.parametrize("oversampling", [1, 2, 4])
@pytest.mark.parametrize("channel", [Awgn(), Rayleigh(), Echoes((0.8, 0.6j), (0.0, 4.0))], ids=str)
def test_domains_meet_to_rounding_where_delays_are_whole_samples(channel: Channel, oversampling: Oversampling) -> None:
    late = (TimingOffset(-2.0, 5.0, whole=True),)
    frequency = Air(GRID, channel, 6, 2, impairments=late, domain="frequency")
    time = Air(GRID, channel, 6, 2, impairments=late, domain="time", oversampling=oversampling)
    x = symbols(time)
    one, other = (air.send(x, draw(air), keys.key(3)).numpy() for air in (frequency, time))
    assert decibels(one - other, one).max() < -110  # float32


@pytest.mark.parametrize("devices", [1, 9])
@pytest.mark.parametrize("channel", [Tdl("A", 5e-7), Tdl("D", 5e-7, speed=30.0)], ids=str)
def test_domains_meet_on_every_subcarrier_where_delays_are_fractions(channel: Channel, devices: int) -> None:
    late = (TimingOffset(0.0, 3.0),)
    frequency = Air(GRID, channel, devices, 2, impairments=late)
    time = Air(GRID, channel, devices, 2, impairments=late, domain="time")
    assert frequency.orthogonal
    x = symbols(time)
    one, other = (air.send(x, draw(air), keys.key(3)).numpy() for air in (frequency, time))
    assert decibels(one - other, one).max() < -65  # the pulse is flat to about 80 dB


def test_at_one_sample_an_element_the_edges_of_the_band_are_wrong_and_its_middle_is_not() -> None:
    grid = Grid(subcarriers=64, symbols=14, prefix=28, advance=10)
    airs = [Air(grid, Tdl("A", 5e-7), 4, domain=domain, oversampling=1) for domain in ("frequency", "time")]
    x = symbols(airs[1])
    one, other = (air.send(x, draw(air), keys.key(3)).numpy() for air in airs)
    error = decibels(one - other, one)
    assert error[:2].max() > -20 and error[16:48].max() < -50


# --- past the prefix


@pytest.mark.parametrize("offsets", [(20.0, 20.0), (-9.0, -4.0), (8.0, 25.0)])
def test_whole_sample_delays_are_a_dense_convolution(offsets: tuple[float, float]) -> None:
    """Late past the prefix, early without one, and both, against numpy's convolution of the whole waveform."""
    channel, margin = Echoes((0.8, 0.5j, -0.3), (0.0, 3.0, 11.0)), 64
    air = Air(GRID, channel, 5, impairments=(TimingOffset(*offsets, whole=True),), oversampling=1)
    assert not air.orthogonal
    link, x = draw(air), symbols(air)
    body = np.fft.ifft(np.fft.ifftshift(x[0].numpy(), axes=-1)) * 32**0.5  # [K, T, N]
    wave = np.concatenate([body[..., -12:], body], axis=-1).reshape(5, -1)
    received = np.zeros(wave.shape[1] + 2 * margin, complex)
    delays = np.rint(link.true.tau.numpy()[0] / GRID.sample).astype(int)  # [K, L]
    for device, gain, delay in [(k, g, d) for k in range(5) for g, d in zip(channel.gains, delays[k], strict=True)]:
        received[margin + delay : margin + delay + wave.shape[1]] += gain * wave[device]
    starts = margin + np.arange(8) * 44 + GRID.prefix - GRID.advance
    heard = np.fft.fftshift(np.fft.fft([received[start : start + 32] for start in starts]), axes=-1) / 32**0.5
    heard *= np.exp(2j * np.pi * np.arange(-16, 16) * GRID.advance / 32)
    np.testing.assert_allclose(air.send(x, link, keys.key(3))[0, 0], heard, atol=2e-5)


@pytest.mark.parametrize(("past", "advance"), [(3, 0), (7, 2), (20, 0), (-5, 0)])
def test_samples_outside_the_prefix_cost_gain_and_disturb(past: int, advance: int) -> None:
    """D samples past the prefix, or before the window: gain 1 - D/N, disturbance 2 D/N - (D/N)^2."""
    grid = Grid(subcarriers=48, symbols=600, prefix=10, advance=advance)
    delay = past + (grid.prefix - advance if past > 0 else -advance)
    air = Air(grid, Awgn(), 1, impairments=(TimingOffset(delay, delay, whole=True),), oversampling=1)
    link, x = draw(air, 1), symbols(air, 1)
    y, share = air.send(x, link, keys.key(3))[0, 0, 1:-1].numpy(), abs(past) / 48
    sent = (link.response(of=link.receiver)[0, 0] * x[0])[0, 1:-1].numpy()
    gain = (y * sent.conj()).mean() / (np.abs(sent) ** 2).mean()
    left = np.abs(y - (1 - share) * sent) ** 2
    expected = 2 * share - share**2
    # errors of a symbol are alike, as few lost samples make them: symbols are what is independent
    by_symbol = left.mean(axis=1)
    assert abs(gain - (1 - share)) < 5 * (expected / y.size) ** 0.5 * 48**0.5
    assert abs(by_symbol.mean() - expected) < 5 * by_symbol.std() / len(by_symbol) ** 0.5


def test_multipath_past_the_prefix_disturbs_by_the_power_of_each_path() -> None:
    """Disturbance sum_l p_l (2 D_l/N - (D_l/N)^2) when path gains are independent."""
    grid, delays, powers = Grid(subcarriers=32, symbols=40, prefix=4), np.array([2, 7, 13]), np.array([0.5, 0.3, 0.2])

    @dataclass(frozen=True)
    class Fading(Still):
        static: ClassVar[bool] = True
        scales: ClassVar[bool] = False
        lasting: ClassVar[bool] = False
        longest: ClassVar[float] = 13 * grid.sample

        def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
            power = tf.broadcast_to(tf.constant(powers, tf.float32), [*size[::2], 3])
            a = keys.complex_normal(key, [*size, 3, 1]) * tf.cast(tf.sqrt(power), tf.complex64)[:, None, :, :, None]
            return Paths(a, tf.broadcast_to(tf.constant(delays * grid.sample, tf.float32), power.shape), power)

    air = Air(grid, Fading(), 1, oversampling=1)
    past = np.maximum(delays - 4, 0) / 32

    def disturbance(index: tf.Tensor) -> tf.Tensor:
        key = keys.key(5, index)
        link = air.draw(air.init(key), key, 0.0, 1, SILENT)
        x = keys.complex_normal(key, [1, 1, 40, 32])
        kept = link.true._replace(a=link.true.a * tf.constant(1 - past, tf.complex64)[:, None])
        error = air.send(x, link, key) - kept.response(link.frequencies)[:, :, 0] * x
        return tf.reduce_mean(tf.abs(error[:, :, 1:]) ** 2)

    measured = tf.function(lambda: tf.map_fn(disturbance, tf.range(400), tf.float32), autograph=False)().numpy()
    expected = float(powers @ (2 * past - past**2))
    assert abs(measured.mean() - expected) < 4.5 * measured.std() / 400**0.5


# --- moving channels


def test_doppler_within_a_symbol_spreads_subcarriers_as_clarkes_spectrum_says() -> None:
    """Power on the subcarrier itself: sum_n (1 - |n|/N) J0(2 pi f_d n T) / N over |n| < N; the rest is disturbance."""
    grid, speed = Grid(subcarriers=32, symbols=14, prefix=8), 250.0
    doppler = speed / 299792458.0 * 3.5e9
    air = Air(grid, Tdl("A", 0.0, speed=speed), 1, coherence="sample", oversampling=1)
    assert isinstance(air.chosen_domain, TimeDomain) and air.chosen_domain.waveform.knots == 8

    def shares(index: tf.Tensor) -> tf.Tensor:
        key = keys.key(6, index)
        link = air.draw(air.init(key), key, 0.0, 1, SILENT)
        x = keys.complex_normal(key, [1, 1, 14, 32])
        mean = link.response(of=link.receiver)[:, :, 0] * x
        return tf.stack([tf.reduce_mean(tf.abs(part) ** 2) for part in (mean, air.send(x, link, key) - mean)])

    measured = tf.function(lambda: tf.map_fn(shares, tf.range(600), tf.float32), autograph=False)().numpy()
    lag = np.arange(-31, 32)
    own = ((1 - np.abs(lag) / 32) * j0(2 * np.pi * doppler * lag * grid.sample)).sum() / 32
    assert 0.03 < 1 - own < 0.2
    error = measured.std(axis=0) / 600**0.5
    assert abs(measured[:, 0].mean() - own) < 4.5 * error[0]
    assert abs(measured[:, 1].mean() - (1 - own)) < 4.5 * error[1]


def test_taps_that_are_not_held_but_do_not_move_are_taps_held() -> None:
    held, free = (Waveform(GRID, 0.0, 5 * GRID.sample, each) for each in (True, False))
    wave = held.modulate(symbols(Air(GRID, Awgn(), 3)))
    paths = Echoes((0.8, 0.6j), (0.3, 4.4)).draw(Size(1, 1, 3), Span(0.0, 1, 1.0), keys.key(0), keys.key(0))
    one, other = (domain.join(domain.cut(wave) * domain.response(paths)[:, 0]) for domain in (held, free))
    np.testing.assert_allclose(one, other, atol=1e-4)


# --- as an air


@pytest.mark.parametrize("speed", [0.0, 30.0])
@pytest.mark.parametrize("coherence", ["symbol", "sample"])
def test_groups_and_chunks_do_not_matter(
    speed: float, coherence: Literal["symbol", "sample"], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = (TimingOffset(0.0, 20.0),)
    air = Air(GRID, Tdl("A", 1e-6, speed=speed), 7, 2, impairments=late, coherence=coherence)
    link, x = draw(air), symbols(air)
    whole = air.send(x, link, keys.key(3))
    y = air.empty(2)
    for some in (tf.constant([0, 1, 2]), tf.constant([5, 3, 4, 6])):
        y = air.add(y, tf.gather(x, some, axis=1), link, some)
    np.testing.assert_allclose(air.receive(y, link, keys.key(3)), whole, atol=2e-5)
    monkeypatch.setattr("overair.phy.time_domain.GROUP_BYTES", 1)  # one device at a time
    np.testing.assert_allclose(air.send(x, link, keys.key(3)), whole, atol=2e-5)
    graph = tf.function(lambda: air.send(x, draw(air), keys.key(3)), autograph=False)
    np.testing.assert_allclose(graph(), whole, atol=2e-5)


def test_symbols_that_are_not_sent_stay_silent() -> None:
    air = Air(GRID, Tdl("A", 1e-6), 3, domain="time")
    link, x = draw(air), symbols(air)
    some, all_ = x[:, :, :3], tf.concat([x[:, :, :3], tf.zeros_like(x[:, :, 3:])], 2)
    one, other = (air.receive(air.add(air.empty(2), sent, link), link, keys.key(1)) for sent in (some, all_))
    np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("oversampling", [1, 2])
def test_noise_is_n0_an_element_on_the_time_domain_too(oversampling: Oversampling) -> None:
    air = Air(GRID, Awgn(), 1, 2, domain="time", oversampling=oversampling)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 50, 3.0)
    noise = air.receive(air.empty(50), link, keys.key(2)).numpy()
    expected = 10**-0.3
    assert abs((np.abs(noise) ** 2).mean() / expected - 1) < 4.5 / noise.size**0.5
    beside = (noise[..., 1:] * noise[..., :-1].conj()).mean() / expected
    assert abs(beside) < 4.5 / noise.size**0.5


@pytest.mark.parametrize("oversampling", [1, 2, 4])
def test_a_sample_has_the_energy_of_an_element(oversampling: Oversampling) -> None:
    grid = Grid(subcarriers=64, symbols=100, prefix=0)
    domain = Waveform(grid, 0.0, 0.0, oversampling=oversampling)
    x = keys.complex_normal(keys.key(0), [100, 64])
    wave = domain.modulate(x).numpy()
    assert wave.shape == (6400 * oversampling,)
    assert (np.abs(wave) ** 2).mean() == pytest.approx((np.abs(x) ** 2).mean(), rel=1e-5)
    np.testing.assert_allclose(domain.demodulate(tf.constant(wave)), x, atol=1e-5)


def test_arrivals_more_than_a_slot_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="air.impairments: expected arrivals within a slot of 176 samples, received"):
        Air(GRID, Awgn(), 2, impairments=(TimingOffset(0.0, 177.0),))


@pytest.mark.parametrize("field", ["domain", "coherence", "oversampling"])
def test_unknown_choices_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match=f"air.{field}: expected one of .*, received 'fast'"):
        Air(GRID, Awgn(), 2, **{field: "fast"})  # type: ignore[arg-type]
