"""The air as a layer: uncoded theory, gradients, draws, batches of any size, and saved models that hear the same."""

import json
import math
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.special import exp1

from overair.learning.over_air import OverAir
from overair.phy import (
    Air,
    Amplifier,
    Awgn,
    Beamforming,
    BlockRayleigh,
    Cdl,
    Channel,
    Combiner,
    ErrorVariance,
    Estimated,
    FullInversion,
    Grid,
    Individual,
    MseOptimal,
    PathLoss,
    Rayleigh,
    Rician,
    Tdl,
    TimingOffset,
    TruncatedInversion,
    Umi,
    ZeroForcing,
    keys,
    papr_db,
)
from overair.phy.links import Links, each

GRID = Grid(subcarriers=16, symbols=2, prefix=4)
ONE = Grid(subcarriers=1, symbols=14, prefix=0)  # an OFDM symbol is a resource element
KEY = keys.key(0)
ULP = 1.2e-7


def signs(images: int, features: int) -> np.ndarray:
    """Features of +1 and -1: every symbol of an image has power 1, not only their mean."""
    return np.random.default_rng(0).choice([-1.0, 1.0], [images, features]).astype(np.float32)


def normal(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def through(layer: OverAir, x: np.ndarray, **terms: Any) -> np.ndarray:
    compiled = tf.function(lambda x: layer(x, key=KEY, **terms), autograph=False)
    return np.asarray(compiled(x), np.float64)


def errors(received: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Squared errors of symbols of power 1, [B, k], when features of +1 and -1 were sent."""
    wrong = received - x * 0.5**0.5
    return wrong[:, 0::2] ** 2 + wrong[:, 1::2] ** 2


def drawn(air: Air, elements: int, images: int) -> np.ndarray:
    """The true responses under KEY, [B, A, K, T, F]."""

    def response(links: Links) -> tf.Tensor:
        return links.link.response()[:, :, :, :1]

    shape = [air.antennas, air.devices, 1, air.grid.subcarriers]
    signature = tf.TensorSpec(shape, tf.complex64)
    return each(air, elements, tf.zeros([images]), KEY, response, [], signature).numpy()


def test_mse_over_noise_alone_is_that_of_theory() -> None:
    """D = 1/(1 + SNR) under LMMSE and 1/SNR under zero forcing: 3.0103, 10.4139, 20.0432 dB at 0, 10, 20 dB."""
    x, levels = signs(600, 128), np.array([0.0, 10.0, 20.0])
    snr_db = np.resize(levels, 600).astype(np.float32)
    for equalizer in ("mmse", "zero_forcing"):
        wrong = errors(through(OverAir(Air(GRID, Awgn(), 1), equalizer=equalizer), x, snr_db=snr_db), x)
        for level in levels:
            own, n0 = wrong[snr_db == level], 10 ** (-level / 10)
            bias, scale = (n0, 1 + n0) if equalizer == "mmse" else (0.0, 1.0)
            expected = (bias**2 + n0) / scale**2  # of |n - bias x|^2 / scale^2
            deviation = math.sqrt(n0**2 + 2 * bias**2 * n0) / scale**2
            assert abs(own.mean() - expected) < 4 * deviation / own.size**0.5
            if equalizer == "mmse":
                assert expected == pytest.approx(1 / (1 + 1 / n0))


@pytest.mark.parametrize(
    ("air", "images", "symbols"),
    [(Air(GRID, Rayleigh(), 1), 20_000, 4), (Air(ONE, BlockRayleigh(), 1), 300, 200)],
    ids=["slow", "fast"],
)
def test_mse_over_rayleigh_fading_is_that_of_theory(air: Air, images: int, symbols: int) -> None:
    """D = (1/g) exp(1/g) E1(1/g): 6.9580 dB at g = 10 dB, with a gain an image and with a gain a symbol."""
    x, n0 = signs(images, 2 * symbols), 0.1
    wrong = errors(through(OverAir(air), x, snr_db=10.0), x)
    expected = n0 * math.exp(n0) * exp1(n0)
    assert -10 * math.log10(expected) == pytest.approx(6.9580, abs=5e-5)
    together = symbols if air.channel.static else 1  # symbols that share a gain

    def squared(gain: float) -> float:
        """The mean squared error of symbols that share a gain, squared and weighed by the gain's density."""
        mean, variance = n0 / (gain + n0), (2 * n0**3 * gain + (gain * n0) ** 2) / (gain + n0) ** 4
        return (mean**2 + variance / together) * math.exp(-gain)

    deviation = math.sqrt(quad(squared, 0, 50, limit=200)[0] - expected**2)
    assert abs(wrong.mean() - expected) < 4 * deviation / (wrong.size / together) ** 0.5


def test_mse_under_csi_with_an_error_is_that_of_the_best_linear_reading() -> None:
    """Of h = sqrt(1-e) h_b + sqrt(e) w is read what has the error (N0 + e)/((1 - e)|h_b|^2 + N0 + e)."""
    e, n0, images = 0.1, 0.01, 20_000
    air = Air(GRID, Rayleigh(), 1, csir=ErrorVariance(e))
    x = signs(images, 8)
    wrong = errors(through(OverAir(air), x, snr_db=20.0), x).mean(axis=1)
    rest = (n0 + e) / (1 - e)
    expected = rest * math.exp(rest) * exp1(rest)
    assert abs(wrong.mean() - expected) < 4 * wrong.std() / images**0.5


CHANNELS: list[tuple[Channel, float]] = [
    (Awgn(), 0.0),
    (Rician(3.0), 0.0),
    (BlockRayleigh(2), 0.0),
    (Tdl("A", 100e-9, speed=30.0), 0.0),
    (Rayleigh(), 8.0),  # samples of an offset that only the time domain bears
]


@pytest.mark.parametrize(("channel", "late"), CHANNELS, ids=["awgn", "rician", "block", "tdl", "time domain"])
def test_without_noise_the_receiver_reads_what_was_sent(channel: Channel, late: float) -> None:
    impairments = (TimingOffset(late, late),) if late else ()
    grid = Grid(16, 2, prefix=10 if late else 4)
    air = Air(grid, channel, 1, impairments=impairments, domain="time" if late else "auto")
    x = signs(6, 2 * 40)  # two OFDM symbols and a half
    wrong = errors(through(OverAir(air), x, snr_db=120.0), x)
    # the time domain's pulse is flat to 80 dB, and a gain of |h|^2 = 1/300, the weakest of so few, magnifies it
    assert wrong.max() < (300 * 1e-8 if late else 300 * (40 * ULP) ** 2)


@pytest.mark.parametrize("domain", ["frequency", "time"])
@pytest.mark.parametrize("sensors", [1, 3])
def test_gradients_are_numerical_derivatives(domain: Any, sensors: int) -> None:
    layer = OverAir(
        Air(GRID, Rayleigh(), sensors, antennas=2, domain=domain), rule=MseOptimal() if sensors > 1 else None
    )
    x = normal(2, *([sensors] if sensors > 1 else []), 3, 7)
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(2, 3, 7))
    weights /= np.linalg.norm(weights)

    @tf.function(autograph=False)
    def both(features: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(features)
            received = layer(features, snr_db=10.0, key=KEY)
            total = tf.reduce_sum(tf.cast(weights, tf.float32) * received)
        return received, tape.gradient(total, features)

    received, gradient = (each.numpy().astype(float) for each in both(tf.constant(x)))
    size, largest, step = np.linalg.norm(x[0].reshape(sensors, -1)[0]), np.abs(received).max(), 0.03
    rounding = 16 * ULP * largest / step  # of two sums under unit weights, after a few transforms
    curved = largest * x[0].size ** 0.5 * (step / size) ** 2 / size  # third derivative of s/|s|, step squared over 6
    for _ in range(3):
        along = rng.normal(size=x.shape)
        along /= np.linalg.norm(along)
        ends = [both(tf.constant((x + sign * step * along).astype(np.float32)))[0].numpy() for sign in (1.0, -1.0)]
        slope = (weights * (ends[0].astype(float) - ends[1])).sum() / (2 * step)
        assert abs(slope - (gradient * along).sum()) < 4 * (rounding + curved)
    assert np.linalg.norm(gradient) > 50 * (rounding + curved)  # so that the tolerance says something
    louder = (gradient * x).reshape(2 * sensors, -1).sum(axis=1)  # is the same image
    assert np.abs(louder).max() < 21 * ULP * np.linalg.norm(gradient) * size


def test_the_gradient_of_the_normalisation_is_the_projection_off_the_image() -> None:
    """Over one AWGN channel d received / d s = sqrt(k)/|s| (I - s s^T/|s|^2) / (1 + N0)."""
    x = normal(3, 10)
    layer = OverAir(Air(GRID, Awgn(), 1))
    with tf.GradientTape() as tape:
        features = tf.constant(x)
        tape.watch(features)
        received = layer(features, snr_db=10.0, key=KEY)
    jacobian = tape.jacobian(received, features).numpy()  # [B, 10, B, 10]
    for image, other in np.ndindex(3, 3):
        s = x[image].astype(float)
        expected = math.sqrt(5) / np.linalg.norm(s) * (np.eye(10) - np.outer(s, s) / (s @ s)) / 1.1
        np.testing.assert_allclose(jacobian[image, :, other], expected * (image == other), atol=10 * ULP)


def test_silence_stays_silence_and_has_a_gradient() -> None:
    with tf.GradientTape() as tape:
        features = tf.zeros([2, 8])
        tape.watch(features)
        received = OverAir(Air(GRID, Awgn(), 1))(features, snr_db=math.inf, key=KEY)
    np.testing.assert_array_equal(received, 0)
    np.testing.assert_array_equal(tape.gradient(received, features), 0)


def test_sensors_over_noise_alone_arrive_as_their_plain_sum() -> None:
    x = signs(5, 3 * 30).reshape(5, 3, 30)
    received = through(OverAir(Air(GRID, Awgn(), 3)), x, snr_db=140.0)
    np.testing.assert_allclose(received, x.sum(axis=1) * 0.5**0.5, atol=4 * ULP * 3)


@pytest.mark.parametrize("rule", [FullInversion(), TruncatedInversion(0.0)], ids=["full", "truncated"])
def test_a_power_rule_aligns_sensors_within_their_budgets(rule: Any) -> None:
    air = Air(GRID, Rayleigh(), 3, antennas=2, power_offsets_db=(0.0, 3.0))
    layer, x = OverAir(air, rule=rule), signs(50, 3 * 40).reshape(50, 3, 40)
    received, snr_db = layer(x, snr_db=140.0, key=KEY, return_snr=True)
    np.testing.assert_allclose(received, x.sum(axis=1) * 0.5**0.5, atol=1e-4)  # of deep fades, so of float32
    h = drawn(air, 40 // 2, 50)[..., 0, 0]  # [B, A, K]
    total = h.sum(axis=2)
    gain = np.abs((total.conj()[..., None] * h).sum(axis=1)) / np.linalg.norm(total, axis=1)[:, None]  # [B, K]
    level = (gain * 10 ** (np.array([0.0, 3.0, 0.0]) / 20)).min(axis=1)  # whom the weakest reaches
    np.testing.assert_allclose(snr_db, 140 + 20 * np.log10(level), atol=1e-3)


def test_one_call_serves_a_grid_of_snrs() -> None:
    layer, x = OverAir(Air(GRID, Tdl("A", 50e-9), 1)), np.repeat(normal(1, 40), 4, 0)
    levels = np.array([-5.0, 0.0, 10.0, 30.0], np.float32)
    together = layer(x, snr_db=levels, key=KEY).numpy()
    for place, level in enumerate(levels):
        alone = layer(x, snr_db=level, key=KEY).numpy()
        np.testing.assert_array_equal(together[place], alone[place])


def test_the_same_key_repeats_a_call_and_no_key_never_does() -> None:
    layer, x = OverAir(Air(GRID, Rayleigh(), 1), seed=3), normal(4, 20)
    np.testing.assert_array_equal(layer(x, key=KEY), layer(x, key=KEY, training=True))
    assert np.all(layer(x, key=KEY).numpy() != layer(x, key=keys.key(1)).numpy())
    calls = [layer(x, training=training).numpy() for training in (True, True, False, False)]
    calls += [tf.function(layer)(x).numpy()]
    for number, one in enumerate(calls):
        assert all(np.all(one != other) for other in calls[:number])
    again = OverAir(layer.air, seed=3)
    np.testing.assert_array_equal(again(x, training=True), calls[0])


def test_snrs_of_a_range_are_uniform_in_training_and_the_middle_elsewhere() -> None:
    layer, images = OverAir(Air(GRID, Awgn(), 1), (0.0, 20.0), seed=0), 5000
    drawn = layer.pick_snr_db(images, training=True).numpy()
    assert 0 <= drawn.min() and drawn.max() < 20
    assert abs(drawn.mean() - 10) < 4 * 20 / (12 * images) ** 0.5
    assert abs(drawn.var() - 400 / 12) < 4 * 400 * (1 / 180 / images) ** 0.5  # var of a uniform's square is 1/180
    np.testing.assert_array_equal(layer.pick_snr_db(3), 10)
    _, told = layer(np.ones([50, 4], np.float32), training=True, return_snr=True)
    assert len(np.unique(told)) == 50
    np.testing.assert_allclose(layer(np.ones([5, 4], np.float32), return_snr=True)[1], 10, atol=1e-5)


def test_the_snr_believed_is_that_of_the_same_capacity() -> None:
    air = Air(Grid(16, 2, prefix=4), Tdl("A", 200e-9), 1, antennas=2)
    x = normal(8, 2 * 20)  # an OFDM symbol and a quarter
    snr_db = np.linspace(-10, 30, 8).astype(np.float32)
    told = OverAir(air)(x, snr_db=snr_db, key=KEY, return_snr=True)[1]
    power = (np.abs(drawn(air, 20, 8)[:, :, 0, 0]) ** 2).sum(axis=1)  # of both antennas, [B, F]
    rates = np.log2(1 + power * 10 ** (snr_db[:, None] / 10))
    mean = np.concatenate([rates, rates[:, :4]], axis=1).mean(axis=1)
    np.testing.assert_allclose(told, 10 * np.log10(2**mean - 1), atol=1e-3)


@pytest.mark.parametrize(
    "channel",
    [Rayleigh(), Tdl("A", 50e-9, speed=3.0), Cdl("A", 50e-9), pytest.param(Umi(), marks=pytest.mark.slow)],
    ids=["rayleigh", "tdl", "cdl", "umi"],
)
def test_a_batch_whose_size_the_graph_does_not_know_has_the_same_draws(channel: Channel) -> None:
    layer = OverAir(Air(Grid(16, 2, prefix=8), channel, 1))
    unknown = tf.function(lambda x: layer(x, key=KEY), autograph=False, input_signature=[tf.TensorSpec([None, 12])])
    for batch in (1, 17):
        x = normal(batch, 12)
        np.testing.assert_allclose(unknown(x), through(layer, x), atol=1e-5)
    if channel == Rayleigh():
        np.testing.assert_allclose(unknown(x), layer(x, key=KEY), atol=1e-5)


@pytest.mark.parametrize("receiver", [ZeroForcing(), Beamforming(2)], ids=["zero forcing", "beamforming"])
def test_antennas_are_combined_for_a_batch_of_any_size(receiver: Combiner) -> None:
    layer = OverAir(Air(GRID, Rayleigh(), 2, antennas=3, combiner=receiver), rule=TruncatedInversion())
    unknown = tf.function(lambda x: layer(x, key=KEY), autograph=False, input_signature=[tf.TensorSpec([None, 2, 6])])
    x = normal(3, 2, 6)
    np.testing.assert_allclose(unknown(x), through(layer, x), atol=1e-4)


AIRS = {
    "estimated": Air(GRID, Tdl("A", 50e-9), 1, csir=Estimated("linear")),
    "time domain": Air(GRID, Rayleigh(), 1, impairments=(TimingOffset(0.0, 6.0), PathLoss())),
}


@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning")  # Keras saves
@pytest.mark.parametrize("air", AIRS.values(), ids=AIRS)
def test_models_train_with_a_smaller_last_batch_and_hear_the_same_when_loaded(air: Air, tmp_path: Path) -> None:
    images, snr_db = keras.Input((2, 3, 4)), keras.Input(())
    received, believed = OverAir(air, (0.0, 20.0), name="air")(
        keras.layers.Dense(5)(images), snr_db=snr_db, return_snr=True
    )
    outputs = keras.layers.Dense(4)(received) + keras.ops.reshape(believed, (-1, 1, 1, 1)) * 1e-3
    model = keras.Model([images, snr_db], outputs)
    model.compile("sgd", "mse")
    x, snr = normal(5, 2, 3, 4), np.arange(5, dtype=np.float32)
    before = model.get_weights()
    model.fit([x, snr], x, batch_size=3, verbose=0)
    assert all(np.any(old != new) for old, new in zip(before, model.get_weights(), strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    layer, other = model.get_layer("air"), loaded.get_layer("air")
    assert (other.air, other.snr_db, other.equalizer) == (air, (0.0, 20.0), "mmse")
    np.testing.assert_array_equal(layer(x, key=KEY), other(x, key=KEY))
    np.testing.assert_array_equal(model.predict([x, snr], verbose=0), loaded.predict([x, snr], verbose=0))


def test_a_configuration_is_plain_data() -> None:
    air = Air(GRID, Tdl("C", 30e-9), 3, 2, impairments=(TimingOffset(0.0, 1.0),), power_offsets_db=(0.0, 3.0))
    layer = OverAir(air, (1, 5), "none", TruncatedInversion(0.2), measures_papr=True, seed=4)
    config = json.loads(json.dumps(layer.get_config()))
    assert config["air"]["channel"]["kind"] == "tdl" and config["rule"]["kind"] == "truncated_inversion"
    again = OverAir.from_config(config)
    assert (again.air, again.rule, again.get_config()) == (air, layer.rule, layer.get_config())


def test_images_of_any_size_share_a_layer() -> None:
    layer = OverAir(Air(GRID, Rayleigh(), 1))
    for shape in ((2, 5), (3, 4, 4, 8), (1, 1)):
        assert layer(normal(*shape)).shape == shape
    assert layer(tf.cast(normal(2, 6), tf.float16)).dtype == tf.float32  # Keras casts to the layer's precision


def test_pilots_count_among_an_images_elements() -> None:
    layer = OverAir(Air(GRID, Rayleigh(), 1, csir=Estimated("linear", comb=1)))
    assert layer.elements((None, 5, 5, 3)) == (38, 32)  # 75 features; a whole slot of pilots
    assert layer.elements((None, 5, 5, 3)).total == 70
    assert OverAir(Air(GRID, Awgn(), 3)).elements((None, 3, 10)) == (5, 0)


def test_papr_is_that_of_a_finely_sampled_waveform_and_a_metric_of_the_model() -> None:
    layer, x = OverAir(Air(GRID, Awgn(), 1), measures_papr=True), normal(3, 2 * 32)
    symbols = layer.symbols(x).numpy().reshape(3, 2, 16)
    time = np.arange(-4 * 4, 16 * 4) / (16 * 4)  # the prefix and the symbol, four times as fine
    wave = symbols @ np.exp(2j * np.pi * np.arange(-8, 8)[:, None] * time)  # [B, T, S]
    power = np.abs(wave.reshape(3, -1)) ** 2
    expected = 10 * np.log10(power.max(axis=1) / power.mean(axis=1))
    np.testing.assert_allclose(layer.papr_db(x)[:, 0], expected, atol=1e-4)
    model = keras.Sequential([keras.Input((64,)), layer])
    model.compile("sgd", "mse")
    assert model.evaluate(x, x, verbose=0, return_dict=True)["papr_db"] == pytest.approx(expected.mean(), abs=1e-4)


def test_a_hard_amplifier_clips_and_leaves_the_error_of_bussgang() -> None:
    """A soft limiter at A^2 = P: alpha = 1 - exp(-1) + sqrt(pi) erfc(1)/2, and 1 - exp(-1) - alpha^2 of distortion."""
    clip, grid = Amplifier(0.0, smoothness=50.0), Grid(64, 2, prefix=0)
    x, symbols = signs(200, 256), 128
    alpha = 1 - math.exp(-1) + math.sqrt(math.pi) * math.erfc(1) / 2
    distortion = 1 - math.exp(-1) - alpha**2
    air = Air(grid, Awgn(), 1, impairments=(clip,), oversampling=1)
    layer = OverAir(air, equalizer="zero_forcing")
    wrong = errors(through(layer, x, snr_db=100.0), x)
    spread = wrong.mean(axis=1).std() / 200**0.5
    # 64 carriers of equal power are Gaussian but for an excess kurtosis of -1/64, so the formula holds to a 64th
    assert abs(wrong.mean() - distortion / alpha**2) < 4 * spread + distortion / alpha**2 / 64
    waves = np.fft.ifft(layer.symbols(x).numpy().reshape(200, 2, 64)) * 8
    clipped = clip.distort(tf.constant(waves.reshape(200, 1, symbols), tf.complex64), grid, None, KEY, tf.range(1))  # type: ignore[arg-type]
    assert np.abs(clipped).max() <= 1 + 1e-6 < np.abs(waves).max()
    assert papr_db(grid.fill(layer.symbols(x)), grid).numpy().min() > 3


@pytest.mark.parametrize(
    ("terms", "fault"),
    [
        ({"air": "awgn"}, r"OverAir.air: expected an object such as Air\(.*\), received str 'awgn'"),
        ({"air": Air}, r"OverAir.air: expected an object such as Air\(.*\), received the class Air"),
        ({"snr_db": []}, r"OverAir.snr_db: expected .* received \[\]"),
        ({"snr_db": np.eye(2)}, r"OverAir.snr_db: expected .* received array"),
        ({"equalizer": np.eye(2)}, "OverAir.equalizer: expected one of .*, received array"),
        ({"measures_papr": "no"}, "OverAir.measures_papr: expected True or False, received 'no'"),
        ({"seed": "x"}, r"OverAir.seed: expected a whole number from 0 to below 2\^32 or None, received 'x'"),
        ({"seed": -1}, r"OverAir.seed: expected a whole number from 0 to below 2\^32 or None, received -1"),
        ({"snr_db": math.nan}, "OverAir.snr_db: expected a number of decibels or .low, high., received nan"),
        ({"snr_db": (3.0, 1.0)}, "OverAir.snr_db: expected .* received .3.0, 1.0."),
        ({"snr_db": (3.0, math.inf)}, "OverAir.snr_db: expected .* received .3.0, inf."),
        ({"snr_db": "10"}, "OverAir.snr_db: expected .* received '10'"),
        ({"equalizer": "zf"}, "OverAir.equalizer: expected one of mmse, zero_forcing, none, received 'zf'"),
        ({"rule": Individual()}, "OverAir.rule: expected a power rule whose level is announced, received Individual"),
        ({"rule": FullInversion}, "OverAir.rule: expected a power rule whose level is announced, received <class"),
    ],
)
def test_a_layer_that_cannot_be_is_refused(terms: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=fault) as raised:
        OverAir(**({"air": Air(GRID, Awgn(), 1)} | terms))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("x", "terms", "fault"),
    [
        (np.ones([2, 4], np.complex64), {}, "expected real features, two for each complex symbol, received complex64"),
        (np.ones([2, 4], np.int32), {}, "expected real features, two for each complex symbol, received int32"),
        (np.ones([2], np.float32), {}, r"expected features of a known size of at least 1 an image, received \(2,\)"),
        (np.ones([2, 0], np.float32), {}, "expected features of a known size of at least 1 an image"),
        (normal(2, 4), {"snr_db": math.nan}, "expected snr_db in decibels above -inf, received NaN or -inf"),
        (normal(2, 4), {"snr_db": np.zeros(3)}, r"expected snr_db of shape \[\] or \[2\], received \(3,\)"),
        (normal(2, 4), {"snr_db": np.zeros([2, 1])}, r"expected snr_db of shape \[\] or \[2\], received \(2, 1\)"),
        (normal(2, 4), {"snr_db": "x"}, "expected snr_db in decibels, a number or one an image, received str 'x'"),
        (normal(2, 4), {"snr_db": {}}, "expected snr_db in decibels, a number or one an image, received dict"),
        (normal(2, 4), {"snr_db": 1j}, "expected snr_db in decibels, a number or one an image, received complex"),
        (normal(2, 4), {"key": [1, 2]}, r"expected a key of overair.phy.keys, int64 \[2\], received list"),
        (normal(2, 4), {"first": 0.5}, "expected first as a whole number from 0, received float '0.5'"),
        (normal(2, 4), {"first": None}, "expected first as a whole number from 0, received NoneType"),
        ({"a": normal(2, 4)}, {}, r"expected features as one tensor \[batch, ...\], received dict"),
        ([normal(2, 4), normal(2, 4)], {}, r"expected features as one tensor \[batch, ...\], received list"),
        (normal(2, 4), {"key": tf.zeros([2])}, "expected a key of type int64 and shape .2,., received float32"),
        (normal(2, 4), {"key": tf.zeros([3], tf.int64)}, "expected a key of type int64 and shape .2,., received int64"),
    ],
)
def test_a_call_that_cannot_be_is_refused(x: np.ndarray, terms: dict[str, Any], fault: str) -> None:
    with pytest.raises(ValueError, match=f"OverAir: {fault}"):
        OverAir(Air(GRID, Awgn(), 1))(x, **terms)


def test_wrong_features_are_refused_when_a_model_is_built() -> None:
    with pytest.raises(ValueError, match=r"expected features \[batch, 3, ...\], a row a sensor, .*None, 2, 8"):
        OverAir(Air(GRID, Awgn(), 3))(keras.Input((2, 8)))
    with pytest.raises(ValueError, match="expected features of a known size"):
        OverAir(Air(GRID, Awgn(), 1))(keras.Input((None, 8)))


def test_an_snr_of_nan_in_a_graph_spoils_its_own_image_and_no_other() -> None:
    layer, x = OverAir(Air(GRID, Rayleigh(), 1)), normal(3, 8)
    spoilt = tf.function(lambda snr: layer(x, snr_db=snr, key=KEY), autograph=False)(tf.constant([0.0, np.nan, 0.0]))
    assert np.isnan(spoilt[1]).all()
    whole = layer(x, snr_db=0.0, key=KEY).numpy()
    np.testing.assert_allclose(np.delete(spoilt, 1, 0), np.delete(whole, 1, 0), atol=1e-6)
