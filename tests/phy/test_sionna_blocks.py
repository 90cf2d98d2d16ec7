"""Our channels, clock errors and air inside a simulation written with Sionna."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy import config
from sionna.phy.channel import ChannelModel, CIRDataset, OFDMChannel, RayleighBlockFading, TimeChannel
from sionna.phy.channel.tr38901 import CDL, TDL, PanelArray, UMi
from sionna.phy.ofdm import OFDMDemodulator, OFDMModulator

from overair.conformance.streams import Streams
from overair.phy import Air, Awgn, Channel, Grid, PathLoss, Rayleigh, Size, Span, Tdl, TimingOffset, keys
from overair.phy.sionna_blocks import AirSum, Impaired, PerDevice, caused_by, detuned, early, late

GRID = Grid(subcarriers=32, symbols=4, prefix=12)
SAMPLE = GRID.sample
RATE = 1 / GRID.symbol_seconds


@pytest.fixture(autouse=True)
def seeded() -> Iterator[None]:
    before = tf.identity(config.tf_rng.state)
    config.seed = 7
    yield
    config.tf_rng.reset(before)


def again(make: Any, seed: int = 7) -> Any:
    """The same draws once more."""
    config.seed = seed
    return make()


def cir(model: ChannelModel, batch: int = 5, steps: int = 4, rate: float = RATE) -> tuple[np.ndarray, np.ndarray]:
    a, tau = model(batch, steps, rate)
    return a.numpy(), tau.numpy()


def symbols(*outer: int, seed: int = 1) -> tf.Tensor:
    return keys.complex_normal(keys.key(seed, "x"), [*outer, GRID.symbols, GRID.subcarriers])


def through(model: ChannelModel, x: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
    y, h = OFDMChannel(model, GRID.sionna, return_channel=True)(x)
    return y.numpy(), h.numpy()


def in_time(model: ChannelModel, x: tf.Tensor, opens: int = 0) -> np.ndarray:
    """The grid after Sionna's modulator, time channel and demodulator, whose window opens early, without noise."""
    rg = GRID.sionna
    wave = OFDMModulator(rg.cyclic_prefix_length)(x)
    received = TimeChannel(model, rg.bandwidth, rg.num_time_samples, l_min=-8, l_max=20)(wave)
    return OFDMDemodulator(rg.fft_size, -opens, rg.cyclic_prefix_length)(received[..., 8 - opens :]).numpy()


def delayed(samples: np.ndarray | float) -> np.ndarray:
    """exp(-j 2 pi f tau), with the subcarriers as the last axis."""
    return np.exp(-2j * np.pi * np.asarray(samples)[..., None] * np.arange(-16, 16) / 32)


def dataset(batch: int) -> CIRDataset:
    def generate() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        while True:
            yield np.ones([1, 2, 3, 1, 2, 4], np.complex64), np.full([1, 3, 2], SAMPLE, np.float32)

    return CIRDataset(generate, batch, 1, 2, 3, 1, 2, 4)


def umi(batch: int) -> UMi:
    panel = PanelArray(1, 1, "single", "V", "omni", 3.5e9)
    model = UMi(3.5e9, "low", panel, panel, "uplink")
    spots = np.array([[30.0, 0, 1.5], [60.0, 20, 1.5], [0, 90.0, 1.5]], np.float32)
    zeros = np.zeros([batch, 3, 3], np.float32)
    model.set_topology(
        np.tile(spots, [batch, 1, 1]),
        np.full([batch, 1, 3], [0, 0, 10.0], np.float32),
        zeros,
        zeros[:, :1],
        zeros,
        np.zeros([batch, 3], bool),
    )
    return model


def cdl() -> CDL:
    panel = PanelArray(1, 1, "single", "V", "omni", 3.5e9)
    return CDL("B", 1e-7, 3.5e9, panel, panel, "uplink")


# --- Clock errors on Sionna's models


@pytest.mark.parametrize("change", [late(3 * SAMPLE), late(0.5 * SAMPLE, 4 * SAMPLE), early(2 * SAMPLE)], ids=str)
def test_a_shifted_models_response_is_the_unshifted_one_turned_over_frequency(change: Any) -> None:
    x = symbols(5, 1, 1)
    plain = again(lambda: through(TDL("A", 1e-7, 3.5e9, min_speed=30.0), x)[1])
    y, shifted = again(lambda: through(Impaired(TDL("A", 1e-7, 3.5e9, min_speed=30.0), change), x))
    before = again(lambda: cir(TDL("A", 1e-7, 3.5e9, min_speed=30.0)))[1]
    moved = again(lambda: cir(Impaired(TDL("A", 1e-7, 3.5e9, min_speed=30.0), change)))[1] - before
    samples = moved[:, :, :, 0] / SAMPLE  # [B, 1, 1]
    assert np.ptp(moved, axis=3).max() < 1e-4 * SAMPLE  # all paths alike
    np.testing.assert_allclose(shifted, plain * delayed(samples)[:, :, None, :, None, None], atol=5e-4)
    np.testing.assert_allclose(y[:, 0, 0], shifted[:, 0, 0, 0, 0] * x[:, 0, 0], atol=1e-4)


def test_a_constant_shift_is_the_seconds_asked_for() -> None:
    model = RayleighBlockFading(2, 3, 4, 2)
    for change, samples in ((late(3 * SAMPLE), 3), (early(2 * SAMPLE), -2)):
        np.testing.assert_allclose(cir(Impaired(model, change))[1] / SAMPLE, samples, rtol=1e-6)


@pytest.mark.parametrize("samples", [0, 5, 12])
def test_inside_the_prefix_the_time_channel_agrees_with_the_frequency_domain(samples: int) -> None:
    model, x = RayleighBlockFading(1, 2, 3, 1), symbols(4, 3, 1)
    frequency = again(lambda: through(Impaired(model, late(samples * SAMPLE), resource_grid=GRID), x)[0])
    time = again(lambda: in_time(Impaired(model, late(samples * SAMPLE)), x))
    np.testing.assert_allclose(time, frequency, atol=2e-4)


@pytest.mark.parametrize(
    ("opens", "samples", "beyond"),
    [(0, 12, 0), (0, 13, 1), (0, 20, 8), (0, -1, 1), (6, 6, 0), (6, 7, 1), (6, -6, 0), (6, -8, 2)],
)
def test_the_time_channel_shows_the_interference_beyond_the_prefix_and_the_demodulators_window(
    opens: int, samples: int, beyond: int
) -> None:
    model, x = RayleighBlockFading(1, 1, 1, 1), symbols(200, 1, 1)
    shift = late(samples * SAMPLE) if samples > 0 else early(-samples * SAMPLE)
    a = again(lambda: cir(model, batch=200))[0][:, 0, 0, 0, 0, 0, 0]
    y = again(lambda: in_time(Impaired(model, shift), x, opens))[:, 0, 0] / a[:, None, None]  # [B, T, F]
    arrived = (x[:, 0, 0] * delayed(samples)).numpy()
    gain = (y * arrived.conj())[:, 1:-1].sum(axis=(1, 2)).real / (np.abs(arrived) ** 2)[:, 1:-1].sum(axis=(1, 2))
    lost = beyond / 32
    power = (np.abs(y - (1 - lost) * arrived) ** 2)[:, 1:-1].mean(axis=(1, 2))  # with symbols before and after
    assert abs(gain.mean() - (1 - lost)) < 5 * gain.std() / 200**0.5 + 1e-5
    assert abs(power.mean() - (2 * lost - lost**2)) < 5 * power.std() / 200**0.5 + 1e-6


def test_shifts_are_uniform_one_a_transmitter_and_new_each_call() -> None:
    model = Impaired(RayleighBlockFading(2, 1, 3, 1), late(2 * SAMPLE, 8 * SAMPLE))
    (_, first), (_, second) = cir(model, batch=2000), cir(model, batch=2000)
    shifts = first[:, 0, :, 0] / SAMPLE
    assert np.array_equal(first[:, 0], first[:, 1])  # a clock belongs to the transmitter, not to the link
    assert not np.any(first == second)
    assert shifts.min() >= 2 and shifts.max() <= 8
    count = shifts.size
    assert abs(shifts.mean() - 5) < 4 * (36 / 12 / count) ** 0.5
    assert abs(shifts.var() - 3) < 4 * ((36**2 / 80 - 9) / count) ** 0.5  # E(u - 5)^4 = 6^4/80
    across = np.asarray(np.corrcoef(shifts, rowvar=False))[np.triu_indices(3, 1)]
    assert np.all(np.abs(across) < 4 / 2000**0.5)


def test_sionnas_seed_governs_the_shifts_and_the_models_own_draws_stay_as_they_were() -> None:
    model = TDL("A", 1e-7, 3.5e9)
    one, two, other = (again(lambda: cir(Impaired(model, late(0, SAMPLE))), seed) for seed in (3, 3, 4))
    assert np.array_equal(one[0], two[0]) and np.array_equal(one[1], two[1])
    assert not np.any(one[1] == other[1])
    assert np.array_equal(one[0], again(lambda: cir(model), 3)[0])


@pytest.mark.parametrize("make", [umi, dataset, lambda batch: cdl()], ids=["UMi", "CIRDataset", "CDL"])
def test_any_sionna_model_can_be_late(make: Any) -> None:
    plain = again(lambda: cir(make(4), batch=4))
    shifted = again(lambda: cir(Impaired(make(4), late(3 * SAMPLE)), batch=4))
    assert np.array_equal(plain[0], shifted[0])
    heard = np.any(plain[0] != 0, axis=(2, 4, 6))  # UMi puts paths that are not there at one second
    np.testing.assert_allclose((shifted[1] - plain[1])[heard], 3 * SAMPLE, rtol=1e-3)
    cir(Impaired(make(4), late(3 * SAMPLE), resource_grid=GRID), batch=4)


@pytest.mark.parametrize("spacings", [0.1, -0.3])
def test_a_detuned_carrier_leaks_into_other_subcarriers_as_the_formula_says(spacings: float) -> None:
    x = symbols(300, 1, 1)
    model, change = RayleighBlockFading(1, 1, 1, 1), detuned(spacings * GRID.spacing)
    a = again(lambda: cir(model, batch=300))[0][:, 0, 0, 0, 0, 0, 0]
    y = again(lambda: in_time(Impaired(model, change), x))[:, 0, 0] / a[:, None, None]  # [B, T, F]
    sent = x.numpy()[:, 0, 0]
    kept = (y * sent.conj()).sum(axis=(0, 2)) / (np.abs(sent) ** 2).sum(axis=(0, 2))  # c_0 of each symbol, [T]
    c0 = np.sin(np.pi * spacings) / (32 * np.sin(np.pi * spacings / 32))
    middle = 8 + np.arange(4) * 44 + 12 + 15.5  # TimeChannel begins -l_min samples before the signal
    leak = 1 - c0**2
    np.testing.assert_allclose(kept, c0 * np.exp(2j * np.pi * spacings * middle / 32), atol=4 * (leak / 9600) ** 0.5)
    power = (np.abs(y - kept[:, None] * sent) ** 2).mean(axis=(1, 2))
    assert abs(power.mean() - leak) < 5 * power.std() / 300**0.5


def test_detuned_turns_each_transmitter_by_its_own_frequency() -> None:
    model = Impaired(RayleighBlockFading(2, 2, 3, 1), detuned(-200.0, 200.0))
    a, _ = cir(model, batch=50)
    turn = (
        np.angle(a[..., 1:] * a[..., :-1].conj()) * RATE / (2 * np.pi)
    )  # hertz; 200 Hz turn far less than half a circle
    hertz = turn[:, 0, 0, :, 0, 0, 0]
    np.testing.assert_allclose(turn, np.broadcast_to(hertz[:, None, None, :, None, None, None], turn.shape), atol=0.05)
    assert np.abs(hertz).max() <= 200.1 and abs(hertz.mean()) < 4 * (400 / 12**0.5) / 150**0.5
    assert np.unique(hertz.round(1)).size > 100


@pytest.mark.parametrize(
    ("resource_grid", "changes", "arrivals"),
    [
        (GRID, [late(12.5 * SAMPLE)], "0 and 12 samples, as OFDMChannel needs, received 12.5 to 12.5"),
        (GRID.sionna, [late(0, 9 * SAMPLE), late(0, 4 * SAMPLE)], "received 0 to 13"),
        (GRID.sionna, [early(0, SAMPLE)], "received -1 to 0"),
        (Grid(32, 4, prefix=12, advance=4), [late(9 * SAMPLE)], "-4 and 8 samples, .* received 9 to 9"),
        (GRID, [caused_by(TimingOffset(0, 13), GRID)], "received 0 to 13"),
        (GRID, [detuned(10.0)], "expected orthogonal subcarriers"),
    ],
)
def test_with_the_grid_given_what_the_frequency_domain_cannot_show_is_refused(
    resource_grid: Any, changes: list, arrivals: str
) -> None:
    with pytest.raises(ValueError, match=arrivals):
        Impaired(RayleighBlockFading(1, 1, 1, 1), *changes, resource_grid=resource_grid)


def test_what_fits_the_prefix_is_accepted_with_the_models_path_delays_counted() -> None:
    for grid, changes in (
        (GRID, [late(12 * SAMPLE)]),
        (GRID.sionna, [late(0, 8 * SAMPLE), late(0, 4 * SAMPLE)]),
        (Grid(32, 4, prefix=12, advance=4), [early(0, 4 * SAMPLE), late(8 * SAMPLE)]),
    ):
        cir(Impaired(RayleighBlockFading(1, 1, 1, 1), *changes, resource_grid=grid))
    spread = 8 * SAMPLE / 9.6586  # the last tap of TDL-A comes after 8 samples
    cir(Impaired(TDL("A", spread, 3.5e9), late(4 * SAMPLE), resource_grid=GRID))
    too_late = Impaired(TDL("A", spread, 3.5e9), late(4.1 * SAMPLE), resource_grid=GRID)
    with pytest.raises(ValueError, match="received 4.1 to 12.1"):
        cir(too_late)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected every arrival between 0 and 12 samples"):
        tf.function(lambda: too_late(5, 4, RATE)[1])()


@pytest.mark.parametrize("make", [late, early, detuned])
def test_bounds_in_the_wrong_order_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="expected bounds in order, received 2 and 1"):
        make(2.0, 1.0)


def test_an_impairment_of_ours_acts_alike_on_all_links_of_a_transmitter(streams: Streams) -> None:
    plain = again(lambda: cir(RayleighBlockFading(2, 3, 4, 2)))
    changes = (caused_by(TimingOffset(1, 6, whole=True), GRID), caused_by(PathLoss(), GRID))
    (same, tau), (a, _) = (again(lambda c=c: cir(Impaired(RayleighBlockFading(2, 3, 4, 2), c))) for c in changes)
    assert np.array_equal(same, plain[0])
    ratio = a / plain[0]
    gain = ratio[:, :1, :1, :, :1, :1, :1]
    np.testing.assert_allclose(ratio, np.broadcast_to(gain, ratio.shape), rtol=1e-4)
    assert np.all((gain.real > (100 / 150) ** 1.5 * 0.999) & (gain.real < 2**1.5 * 1.001))  # between 150 m and 50 m
    shift = (tau - plain[1]) / SAMPLE
    np.testing.assert_allclose(shift, np.broadcast_to(np.rint(shift[:, :1]), shift.shape), atol=1e-3)
    assert set(np.rint(shift).ravel()) <= {1, 2, 3, 4, 5, 6} and np.ptp(shift) > 1
    streams.clashes.clear()  # the two are drawn from one state of the generator, to compare each with none


def test_a_lasting_impairment_is_drawn_once_and_another_each_call() -> None:
    for lasting in (True, False):
        model = Impaired(RayleighBlockFading(1, 1, 8, 1), caused_by(TimingOffset(0, 6, lasting=lasting), GRID))
        assert np.array_equal(cir(model)[1], cir(model)[1]) == lasting


def test_an_impairment_of_the_waveform_is_refused() -> None:
    class Amplifier:
        stage = "transmit"

    with pytest.raises(ValueError, match="received Amplifier of the stage transmit; put it into an Air"):
        caused_by(Amplifier(), GRID)  # type: ignore[arg-type]


def test_impaired_models_compile_for_any_batch() -> None:
    changes = late(0, SAMPLE), detuned(0.0, 50.0), caused_by(PathLoss(), GRID)
    model = Impaired(TDL("A", 1e-7, 3.5e9, num_rx_ant=2), *changes)
    compiled = tf.function(lambda batch: model(batch, 4, RATE))
    for batch in (3, 5):
        one, two = again(lambda batch=batch: cir(model, batch)), again(lambda batch=batch: compiled(tf.constant(batch)))
        np.testing.assert_allclose(one[0], two[0], atol=1e-5)
        np.testing.assert_allclose(one[1], two[1], rtol=1e-5)


# --- Our channels as Sionna's models


@pytest.mark.parametrize("channel", [Awgn(), Rayleigh(), Tdl("C", 3e-8), Tdl("C", 3e-8, speed=30.0)], ids=str)
@pytest.mark.parametrize("compiled", [False, True])
def test_a_channel_of_ours_has_sionnas_shapes_for_every_way_to_say_the_batch(channel: Channel, compiled: bool) -> None:
    model = PerDevice(channel, 3, antennas=2)
    call = tf.function(model) if compiled else model
    for batch in (1, 17, 40):
        a, tau = call(tf.constant(batch), 6, RATE)
        count = a.shape[5]
        assert a.shape == (batch, 1, 2, 3, 1, count, 6) and tau.shape == (batch, 1, 3, count)
        assert (a.dtype, tau.dtype) == (tf.complex64, tf.float32)
        spread = np.ptp(a.numpy()[:, 0, :, :, 0], axis=0)
        assert np.all(spread > 0) == (batch > 1 and channel != Awgn())


def test_devices_antennas_samples_and_calls_fade_independently() -> None:
    model = PerDevice(Rayleigh(), 3, antennas=2)
    for call in (model, tf.function(model)):  # the batch size known, and not
        gains = [call(tf.constant(1000), 1, RATE)[0].numpy().reshape(1000, 6) for _ in range(2)]
        every = np.concatenate([*gains, np.roll(gains[0], 1, axis=0)], axis=1)  # [1000, 18]
        power = np.abs(every[:, :12]) ** 2
        assert abs(power.mean() - 1) < 4 / power.size**0.5
        across = np.abs(every.T @ every.conj() / 1000)[np.triu_indices(18, 1)]
        assert across.max() < 5 / 1000**0.5  # of 153 numbers CN(0, 1/1000)


def test_its_response_in_an_ofdm_channel_is_the_airs() -> None:
    x = symbols(4, 3, 1)
    y, h = through(PerDevice(Tdl("A", speed=30.0), 3, antennas=2), x)
    np.testing.assert_allclose(y[:, 0], np.einsum("baktf,bktf->batf", h[:, 0, :, :, 0], x[:, :, 0]), atol=1e-4)
    config.seed = 7
    config.tf_rng.uniform_full_int([2], dtype=tf.int64)  # the place
    key = config.tf_rng.uniform_full_int([2], dtype=tf.int64)
    paths = Tdl("A", speed=30.0).draw(Size(4, 2, 3), Span(0.0, 4, GRID.symbol_seconds), key, key)
    np.testing.assert_allclose(h[:, 0, :, :, 0], paths.response(GRID.frequencies), atol=1e-4)


def test_a_late_channel_of_ours_goes_through_sionnas_time_channel() -> None:
    x = symbols(4, 3, 1)
    models = [Impaired(PerDevice(Rayleigh(), 3, antennas=2), late(5 * SAMPLE), resource_grid=g) for g in (GRID, None)]
    models[1].model.place = models[0].model.place
    frequency, time = again(lambda: through(models[0], x)[0]), again(lambda: in_time(models[1], x))
    np.testing.assert_allclose(time, frequency, atol=2e-4)


def test_the_seed_governs_a_channel_of_ours_and_it_leaves_sionnas_generator_in_step() -> None:
    def draws(channel: Channel, compiled: bool = False) -> tuple[np.ndarray, np.ndarray]:
        model = PerDevice(channel, 2)
        a, _ = (tf.function(model) if compiled else model)(3, 4, RATE)
        return a.numpy(), config.tf_rng.normal([4]).numpy()

    moving = Tdl("C", 3e-8, speed=30.0)
    eager, compiled, other = again(lambda: draws(moving)), again(lambda: draws(moving, True)), draws(moving)
    np.testing.assert_allclose(eager[0], compiled[0], atol=1e-5)
    assert np.array_equal(eager[1], compiled[1])
    assert np.array_equal(eager[1], again(lambda: draws(Awgn()))[1])  # whatever the channel itself draws
    assert not np.any(other[0] == eager[0])


def test_a_moving_channel_needs_to_know_how_long_for_a_graph() -> None:
    model = PerDevice(Tdl("A", speed=30.0), 2)
    with pytest.raises(ValueError, match="num_time_steps to be known .* give TimeChannel whole numbers"):
        tf.function(lambda steps: model(2, steps, RATE)[0])(tf.constant(4))
    with pytest.raises(ValueError, match="expected a sampling_frequency"):
        model(2, 4)
    for wrong in (0, 1.5):
        with pytest.raises(ValueError, match="PerDevice.devices: expected a whole number of at least 1"):
            PerDevice(Rayleigh(), wrong)  # type: ignore[arg-type]


def test_double_precision_is_kept_in_name() -> None:
    a, tau = PerDevice(Rayleigh(), 2, precision="double")(2, 4, RATE)
    assert (a.dtype, tau.dtype) == (tf.complex128, tf.float64)


# --- The air as a block

INSIDE = Air(GRID, Tdl("A", 3e-8), 3, 2, impairments=(TimingOffset(0, 6),))
BEYOND = Air(GRID, Tdl("A", 3e-8), 3, 2, impairments=(TimingOffset(0, 20),))
SEEN = Air(GRID, Tdl("A", 3e-8, speed=30.0), 3, 2, impairments=(TimingOffset(0, 6, seen=True),))
WAVES = Air(GRID, Rayleigh(), 3, 2, domain="time")
AIRS = {"inside the prefix": INSIDE, "beyond it": BEYOND, "seen": SEEN, "without an offset, by waveforms": WAVES}


@pytest.mark.parametrize("air", AIRS.values(), ids=AIRS)
@pytest.mark.parametrize("noise", [None, 0.3, [0.1, 1.0, 10.0, 0.0, 1.0]], ids=["silence", "one N0", "one a sample"])
def test_the_block_is_the_air(air: Air, noise: Any) -> None:
    x = symbols(5, 3, 1)
    y, h, believed = again(lambda: AirSum(air, return_channel=True))(x, noise)
    config.seed = 7
    place = air.init(config.tf_rng.uniform_full_int([2], dtype=tf.int64))
    key = config.tf_rng.uniform_full_int([2], dtype=tf.int64)
    n0 = np.float32(0 if noise is None else noise)
    with np.errstate(divide="ignore"):
        link = air.draw(place, keys.fold(key, "link"), 0.0, 1, -10 * np.log10(n0), batch=5)
    expected = air.send(x[:, :, 0], link, keys.fold(key, "noise"))
    np.testing.assert_allclose(y[:, 0], expected, atol=2e-5)
    for one, belief in ((h, link.receiver), (believed, link.transmitters)):
        assert one.shape == (5, 1, 2, 3, 1, 4, 32)
        response = np.broadcast_to(link.response(of=belief), (5, 2, 3, 4, 32))
        np.testing.assert_allclose(one[:, 0, :, :, 0], response, atol=1e-5)
    assert np.allclose(h, believed, atol=1e-5) == (air in (SEEN, WAVES))


def test_the_noise_has_the_power_asked_for_in_every_sample() -> None:
    block, x = AirSum(Air(GRID, Awgn(), 1, 4)), tf.zeros([3, 1, 1, 40, 32], tf.complex64)
    for no in ([0.1, 1.0, 10.0], 2.5):
        power = (np.abs(block(x, tf.constant(no))) ** 2).mean(axis=(1, 2, 3, 4))
        np.testing.assert_allclose(power, np.broadcast_to(no, 3), rtol=4 / 5120**0.5)
    assert not np.any(block(x))


def test_links_are_new_each_call_and_the_place_stays() -> None:
    air = Air(GRID, Rayleigh(), 5, impairments=(TimingOffset(0, 6, lasting=True),))
    block = AirSum(air, return_channel=True)
    (_, one, _), (_, two, _) = block(symbols(1, 5, 1)), block(symbols(1, 5, 1))
    assert not np.any(one == two)
    turns = [np.angle(h[..., 1] / h[..., 0])[0, 0, 0, :, 0, 0] for h in (one.numpy(), two.numpy())]
    np.testing.assert_allclose(turns[0], turns[1], atol=1e-4)


@pytest.mark.parametrize("air", AIRS.values(), ids=AIRS)
def test_the_block_compiles_for_any_batch_and_repeats_under_the_seed(air: Air) -> None:
    block = AirSum(air, return_channel=True)

    @tf.function(input_signature=[tf.TensorSpec([None, 3, 1, 4, 32], tf.complex64)])
    def any_batch(x: tf.Tensor) -> tuple:
        return block(x, 0.1)

    for batch in (2, 19):
        x = symbols(batch, 3, 1)
        results = [again(lambda x=x: any_batch(x)) for _ in range(2)]
        assert all(np.array_equal(one, two) for one, two in zip(*results, strict=True))
        assert results[0][0].shape == (batch, 1, 2, 4, 32)
    x = symbols(2, 3, 1)
    eager, compiled = again(lambda: block(x, 0.1)), again(lambda: tf.function(lambda: block(x, 0.1))())
    for one, two in zip(eager, compiled, strict=True):
        np.testing.assert_allclose(one, two, atol=2e-5)


@pytest.mark.parametrize("air", AIRS.values(), ids=AIRS)
@pytest.mark.parametrize("compiled", [False, True])
def test_the_gradient_is_that_of_finite_differences(air: Air, compiled: bool) -> None:
    block, x = AirSum(air), symbols(2, 3, 1)
    goal = keys.complex_normal(keys.key(3), [2, 1, 2, 4, 32])

    def loss(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.abs(block(x, 0.1) - goal) ** 2)

    def slope(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x)
        return tape.gradient(value, x)

    gradient = again(lambda: (tf.function(slope) if compiled else slope)(x))
    for seed in range(3):
        step = symbols(2, 3, 1, seed=20 + seed)
        ahead, combine = again(lambda step=step: loss(x + step)), again(lambda step=step: loss(x - step))
        expected = float(ahead - combine) / 2  # exact for a quadratic, whatever the step
        found = float(tf.reduce_sum(tf.math.real(tf.math.conj(gradient) * step)))
        assert abs(found - expected) < 1e-5 * float(ahead + combine)


@pytest.mark.parametrize("shape", [(2, 4, 1, 4, 32), (2, 3, 2, 4, 32), (2, 3, 1, 4, 31), (2, 3, 4, 32)], ids=str)
def test_symbols_of_another_shape_are_refused(shape: tuple) -> None:
    with pytest.raises(ValueError, match=r"expected x of shape \['batch', 3, 1, None, 32\], received"):
        AirSum(INSIDE)(tf.zeros(shape, tf.complex64))
    with pytest.raises(ValueError, match="expected no to be a number or one a sample"):
        AirSum(INSIDE)(symbols(2, 3, 1), tf.ones([2, 1]))
