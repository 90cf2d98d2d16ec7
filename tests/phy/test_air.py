"""The air: signals add, noise comes once, and no delay leaves the prefix unnoticed."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.channel import ApplyOFDMChannel

from overair.phy import (
    Air,
    Awgn,
    Channel,
    CorrelatedPaths,
    ErrorVariance,
    Grid,
    Link,
    PathLoss,
    Paths,
    Rayleigh,
    Size,
    Span,
    Tdl,
    TimingOffset,
    keys,
)
from overair.phy.channels import Still
from overair.phy.keys import Key

GRID = Grid(subcarriers=32, symbols=4, prefix=12)
PLACE = keys.key(0, "place")
SILENT = 1000.0  # dB: noise of power 1e-100 is zero in single precision


def draw(air: Air, round: int = 1, **terms: Any) -> Link:
    return air.draw(air.init(keys.key(0, "place")), keys.key(0, "round", round), 0.0, **({"slots": 2} | terms))


def symbols(devices: int, batch: int = 1, grid: Grid = GRID, slots: int = 2) -> tf.Tensor:
    return keys.complex_normal(keys.key(7), [batch, devices, slots * grid.symbols, grid.subcarriers])


@dataclass(frozen=True)
class Echoes(Still):
    """Two paths of fixed gain, three samples apart."""

    static: ClassVar[bool] = True
    longest: ClassVar[float] = 3 * GRID.sample
    scales: ClassVar[bool] = False
    lasting: ClassVar[bool] = False

    def draw(self, size: Size, span: Span, key: Key, place: Key) -> Paths:
        batch, antennas, devices = size
        a = tf.constant([[0.8 + 0j], [0.6j]], tf.complex64)
        tau = tf.broadcast_to([0.0, self.longest], [batch, devices, 2])
        return Paths(tf.broadcast_to(a, [batch, antennas, devices, 2, 1]), tau, tf.abs(tau) * 0 + 0.5)


@pytest.mark.parametrize("devices", [1, 50])
def test_noise_is_added_once_however_many_devices_send(devices: int) -> None:
    air = Air(GRID, Rayleigh(), devices, antennas=2)
    link = draw(air, snr_db=-3.0, slots=20)
    silence = tf.zeros([1, devices, 80, 32], tf.complex64)
    noise = air.send(silence, link, keys.key(3)).numpy()
    expected, count = 10**0.3, noise.size
    assert abs((np.abs(noise) ** 2).mean() / expected - 1) < 4 / count**0.5  # var |n|^2 = N0^2
    assert abs((noise**2).mean()) / expected < 4 * (2 / count) ** 0.5  # circular
    across = (noise[0, 0] * noise[0, 1].conj()).mean() / expected
    assert abs(across) < 4 / (count / 2) ** 0.5  # antennas apart


def test_each_sample_of_a_batch_may_have_its_own_snr() -> None:
    air = Air(GRID, Awgn(), 1)
    link = draw(air, snr_db=tf.constant([-10.0, 0.0, 20.0]), batch=3, slots=50)
    y = air.send(tf.zeros([3, 1, 200, 32], tf.complex64), link, keys.key(3)).numpy()
    power = (np.abs(y) ** 2).mean(axis=(1, 2, 3))
    np.testing.assert_allclose(power, [10, 1, 0.01], rtol=4 / 6400**0.5)


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("A"), Tdl("A", speed=30.0)], ids=str)
@pytest.mark.parametrize("devices", [1, 3])
def test_sending_is_sionnas_channel_application(channel: Channel, devices: int) -> None:
    air = Air(GRID, channel, devices, antennas=2)
    link, x = draw(air, snr_db=SILENT, batch=2), symbols(devices, batch=2)
    response = tf.broadcast_to(link.response(), [2, 2, devices, 8, 32])
    expected = ApplyOFDMChannel()(x[:, :, None], response[:, None, :, :, None])[:, 0]  # [B, A, T, F]
    y = air.send(x, link, keys.key(3))
    assert y.dtype == tf.complex64
    np.testing.assert_allclose(y, expected, atol=5e-6)  # a few sums of float32 numbers of size 3


@pytest.mark.parametrize("chunk", [1, 3, 7])
def test_devices_added_in_chunks_are_the_devices_added_at_once(chunk: int) -> None:
    air = Air(GRID, Tdl("A", speed=3.0), 7, antennas=2)
    link, x = draw(air), symbols(7)
    y = air.empty(slots=2)
    for first in range(0, 7, chunk):
        some = tf.range(first, min(first + chunk, 7))
        y = air.add(y, tf.gather(x, some, axis=1), link, some)
    np.testing.assert_allclose(air.receive(y, link, keys.key(3)), air.send(x, link, keys.key(3)), atol=1e-5)


def test_the_sum_is_that_of_an_ofdm_waveform_chain_while_all_arrivals_are_inside_the_prefix() -> None:
    """Devices modulate, prefix, arrive late or early over echoes; the receiver cuts its window early and transforms."""
    grid = Grid(subcarriers=32, symbols=4, prefix=12, advance=2)
    air = Air(grid, Echoes(), 20, impairments=(TimingOffset(low=-2.0, high=7.0, whole=True),))
    link, x = draw(air, snr_db=SILENT), symbols(20, grid=grid)
    body = np.fft.ifft(np.fft.ifftshift(x[0].numpy(), axes=-1))  # [K, T, N]
    wave = np.concatenate([body[..., -12:], body], axis=-1).reshape(20, -1)
    margin, delays = 16, np.rint(link.true.tau.numpy()[0] / grid.sample).astype(int)
    assert delays.min() < 0 and delays.max() > 3
    received = np.zeros(wave.shape[1] + 2 * margin, complex)
    for device, taps in enumerate(delays):
        for gain, delay in zip(link.true.a.numpy()[0, 0, device, :, 0], taps, strict=True):
            received[margin + delay : margin + delay + wave.shape[1]] += gain * wave[device]
    starts = margin + np.arange(8) * 44 + grid.prefix - grid.advance
    windows = np.stack([received[start : start + 32] for start in starts])
    heard = np.fft.fftshift(np.fft.fft(windows), axes=-1)
    heard *= np.exp(2j * np.pi * np.arange(-16, 16) * grid.advance / 32)  # the receiver knows its own advance
    np.testing.assert_allclose(air.send(x, link, keys.key(3))[0, 0], heard, atol=5e-5)


@pytest.mark.parametrize(
    ("advance", "channel", "low", "high", "fits"),
    [
        (0, Awgn(), 0.0, 12.0, True),
        (0, Awgn(), 0.0, 12.1, False),  # late past the prefix
        (0, Awgn(), -0.1, 0.0, False),  # early: no prefix protects it
        (4, Awgn(), -4.0, 8.0, True),  # an early window does
        (4, Awgn(), -4.0, 8.1, False),
        (4, Awgn(), -4.1, 0.0, False),
        (0, Echoes(), 0.0, 9.0, True),  # path delays count
        (0, Echoes(), 0.0, 9.1, False),
        (0, Tdl("A", 2.5e-6), 0.0, 0.0, True),  # 9.6586 spreads of 2.5 us are 11.6 samples
        (0, Tdl("A", 2.7e-6), 0.0, 0.0, False),
    ],
)
def test_arrivals_outside_the_prefix_take_the_time_domain_and_are_refused_on_the_other(
    advance: int, channel: Channel, low: float, high: float, fits: bool
) -> None:
    grid, offsets = Grid(subcarriers=32, symbols=4, prefix=12, advance=advance), (TimingOffset(low, high),)
    assert Air(grid, channel, 2, impairments=offsets).orthogonal == fits
    if fits:
        Air(grid, channel, 2, impairments=offsets, domain="frequency")
    else:
        with pytest.raises(ValueError, match="air.domain: expected every arrival between 0 and 12 samples"):
            Air(grid, channel, 2, impairments=offsets, domain="frequency")


def test_delays_of_several_impairments_add_up_in_the_prefix_check() -> None:
    Air(GRID, Awgn(), 1, impairments=(TimingOffset(0.0, 6.0), TimingOffset(0.0, 6.0)))
    with pytest.raises(ValueError, match="received 0 to 13"):
        Air(GRID, Awgn(), 1, impairments=(TimingOffset(0.0, 6.0), TimingOffset(0.0, 7.0)), domain="frequency")


def test_an_air_without_devices_or_antennas_is_refused() -> None:
    with pytest.raises(ValueError, match="air.devices: expected a whole number of at least 1, received 0"):
        Air(GRID, Awgn(), 0)
    with pytest.raises(ValueError, match="air.antennas: expected a whole number of at least 1, received 0"):
        Air(GRID, Awgn(), 1, antennas=0)


def everything(channel: Channel) -> Air:
    return Air(
        GRID,
        channel,
        5,
        antennas=2,
        impairments=(PathLoss(), TimingOffset(0.0, 2.0), TimingOffset(0.0, 1.0, seen=True, lasting=True)),
        csit=ErrorVariance(0.1),
        csir=ErrorVariance(0.2),
    )


@pytest.mark.parametrize("channel", [Rayleigh(), Tdl("C", 30e-9), Tdl("D", 30e-9, speed=5.0)], ids=str)
def test_a_link_is_bitwise_the_same_whatever_else_is_compiled_with_it(channel: Channel) -> None:
    air = everything(channel)

    @tf.function(autograph=False)
    def alone(snr_db: tf.Tensor) -> Link:
        return draw(air, snr_db=snr_db)

    @tf.function(autograph=False)
    def in_company(snr_db: tf.Tensor) -> tuple[Link, tf.Tensor, tf.Tensor]:
        air.channel.draw(Size(1, 1, 3), Span(0.0, 2, 1.0), keys.key(9), PLACE)
        link = draw(air, snr_db=snr_db)
        other = draw(air, round=2, snr_db=snr_db)
        return link, air.send(symbols(5), link, keys.key(0)), other.response(of=other.receiver)

    links = alone(tf.constant(3.0)), in_company(tf.constant(3.0))[0], draw(air, snr_db=3.0)
    for left, right, eager in zip(*(tf.nest.flatten(link) for link in links), strict=True):
        assert np.array_equal(left, right)
        np.testing.assert_allclose(left, eager, atol=1e-6)  # TensorFlow rewrites graphs, so the last bit may differ


@pytest.mark.parametrize("channel", [Awgn(), Rayleigh(), Tdl("C", 30e-9), Tdl("D", 30e-9, speed=5.0)], ids=str)
def test_everything_is_single_precision(channel: Channel) -> None:
    air = everything(channel)
    link = draw(air, snr_db=tf.constant(3.0, tf.float64))
    for belief in (link.true, link.transmitters, link.receiver):
        paths = belief.told if isinstance(belief, CorrelatedPaths) else belief
        assert isinstance(paths, Paths)
        assert belief.best.response(link.frequencies).dtype == tf.complex64
        assert belief.error is None or belief.error.dtype == tf.float32
        assert (paths.a.dtype, paths.tau.dtype, paths.power.dtype) == (tf.complex64, tf.float32, tf.float32)
    assert (link.noise.dtype, link.frequencies.dtype) == (tf.float32, tf.float32)
    assert link.response().dtype == air.empty(2).dtype == air.send(symbols(5), link, keys.key(0)).dtype == tf.complex64


def test_rounds_differ_and_places_differ() -> None:
    air = everything(Rayleigh())
    other_place = air.draw(air.init(keys.key(1, "place")), keys.key(0, "round", 1), 0.0, 2)
    assert not np.any(draw(air).true.a == draw(air, round=2).true.a)
    assert not np.any(draw(air).true.power == other_place.true.power)


def test_a_sweep_of_snr_and_time_is_compiled_once() -> None:
    air, traces = everything(Tdl("A", 30e-9)), []

    @tf.function(autograph=False)
    def noise_power(snr_db: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        traces.append(1)
        return air.draw(air.init(keys.key(0)), keys.key(1), time, 1, snr_db).noise

    powers = [noise_power(tf.constant(snr_db), tf.constant(time)) for snr_db, time in [(0.0, 0.0), (10.0, 1.0)]]
    np.testing.assert_allclose(powers, [1.0, 0.1], rtol=1e-6)
    assert len(traces) == 1
