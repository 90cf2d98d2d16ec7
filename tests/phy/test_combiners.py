"""Combiners: weights of unit norm that point at the sum of those that take part."""

import numpy as np
import pytest
import tensorflow as tf

from overair.phy import (
    Air,
    Awgn,
    Channel,
    Combiner,
    ErrorVariance,
    Grid,
    Link,
    MaximumRatio,
    Paths,
    Rayleigh,
    Tdl,
    combine,
    keys,
)
from overair.phy import combiners as family
from overair.phy.combiners.beamforming import Beamforming
from overair.phy.combiners.zero_forcing import ZeroForcing, separate

GRID = Grid(subcarriers=16, symbols=3, prefix=4)
ELEMENT = Grid(subcarriers=1, symbols=1, prefix=0)
CHANNELS: list[Channel] = [Rayleigh(), Tdl("A", 30e-9), Tdl("A", 30e-9, speed=30.0)]


def draw(channel: Channel, devices: int, antennas: int = 4, batch: int = 1) -> Link:
    air = Air(GRID, channel, devices, antennas, csir=ErrorVariance(0.1))
    return air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 2, batch=batch)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_a_combiner_of_four_antennas_has_unit_norm_on_every_element(channel: Channel) -> None:
    weights = MaximumRatio().weights(draw(channel, 5, batch=2), tf.range(5))
    assert weights.dtype == tf.complex64
    assert weights.shape == (2, 4, 1 if channel.static else 6, 16)
    np.testing.assert_allclose(tf.reduce_sum(tf.abs(weights) ** 2, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
@pytest.mark.parametrize("chosen", [[0, 1, 2, 3, 4], [3, 1]], ids=["all", "some"])
def test_it_points_at_the_believed_sum_of_those_that_take_part(channel: Channel, chosen: list[int]) -> None:
    link = draw(channel, 5)
    weights = MaximumRatio().weights(link, tf.constant(chosen))
    total = link.response(of=link.receiver).numpy()[:, :, chosen].sum(axis=2)
    np.testing.assert_allclose(combine(weights, tf.constant(total)), np.linalg.norm(total, axis=1), atol=1e-4)


def test_many_devices_are_summed_group_by_group() -> None:
    link = draw(Tdl("A", 30e-9), 150)  # more than two groups, the last not full
    total = link.response(of=link.receiver).numpy().sum(axis=2)
    expected = total / np.linalg.norm(total, axis=1, keepdims=True)
    np.testing.assert_allclose(MaximumRatio().weights(link, tf.range(150)), expected, atol=1e-4)


def test_combining_keeps_the_noise_power() -> None:
    air = Air(GRID, Tdl("A", 30e-9), 3, antennas=4)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 100, snr_db=-4.0)
    weights = MaximumRatio().weights(link, tf.range(3))
    noise = combine(weights, air.receive(air.empty(100), link, keys.key(2))).numpy()
    assert abs((np.abs(noise) ** 2).mean() / 10**0.4 - 1) < 4 / noise.size**0.5


def test_one_device_gets_the_gain_of_all_antennas() -> None:
    link = draw(Rayleigh(), 1)
    link = link._replace(receiver=link.true)
    gain = combine(MaximumRatio().weights(link, tf.range(1)), link.response())
    np.testing.assert_allclose(gain[0, 0], np.linalg.norm(link.response()[0, :, 0], axis=0), rtol=1e-5)


def test_with_one_antenna_nothing_is_combined() -> None:
    link = draw(Rayleigh(), 3, antennas=1)
    weights = MaximumRatio().weights(link, tf.range(3))
    assert np.all(weights == 1) and weights.dtype == tf.complex64
    assert np.array_equal(combine(weights, link.response()), link.response()[:, 0])


def test_with_nobody_sending_nothing_is_not_a_number() -> None:
    weights = MaximumRatio().weights(draw(Tdl("A", 30e-9), 3), tf.range(0))
    assert np.all(np.isfinite(weights))


def test_behind_is_the_inner_product_over_antennas() -> None:
    weights, field = (keys.complex_normal(keys.key(i), [2, 4, 6, 16]) for i in (1, 2))
    fields = keys.complex_normal(keys.key(3), [2, 4, 5, 6, 16])
    for shape in (weights, weights[:, :, :1], weights[:, :, :, :1]):
        full = np.broadcast_to(np.conj(shape), weights.shape)
        np.testing.assert_allclose(combine(shape, field), np.einsum("batf,batf->btf", full, field), atol=1e-5)
        np.testing.assert_allclose(combine(shape, fields), np.einsum("batf,baktf->bktf", full, fields), atol=1e-5)


def test_more_antennas_harden_the_sum() -> None:
    """Toward K devices of equal mean gain, |v^H h_k| grows as sqrt(A / K)."""
    means = []
    for antennas in (16, 64):
        link = draw(Awgn() if antennas == 0 else Rayleigh(), 200, antennas)
        gains = combine(MaximumRatio().weights(link, tf.range(200)), link.response()).numpy()[0, :, 0, 0]
        means.append(gains.real.mean())
    # sum_k v^H h_k = |sum_k h_k| and |sum_k h_k|^2 / (K A) is 1 with deviation 1/sqrt(A); beliefs err by a tenth
    for antennas, mean in zip((16, 64), means, strict=True):
        assert abs(mean / (0.9 * antennas / 200) ** 0.5 - 1) < 4 * 0.5 / antennas**0.5


def draws(devices: int, antennas: int, count: int, snr_db: float = 10.0, seed: int = 1) -> Link:
    """Independent flat Rayleigh draws of one resource element, known to the receiver."""
    air = Air(ELEMENT, Rayleigh(), devices, antennas)
    return air.draw(air.init(keys.key(0)), keys.key(seed), 0.0, 1, snr_db, batch=count)


def responses(link: Link) -> np.ndarray:
    """H of each draw, [B, A, K]."""
    return link.response(of=link.receiver).numpy()[..., 0, 0].astype(complex)


def least_error(gains: np.ndarray, noise: float) -> float:
    """The smallest sum-MSE over powers up to 1 and the scale of v, where |v^H h_k| = gains for |v| = 1."""
    q = np.sort(np.abs(gains))
    scale = np.min((noise + np.cumsum(q**2)) / np.maximum(np.cumsum(q), 1e-30))  # theorem 1 of Cao et al.
    return float(((np.minimum(q / scale, 1) - 1) ** 2).sum() + noise / scale**2)


def errors(receiver: Combiner, link: Link) -> np.ndarray:
    """The least sum-MSE [B] behind a receiver."""
    v = receiver.weights(link, tf.range(link.devices)).numpy()[..., 0, 0]
    gains = np.einsum("ba,bak->bk", v.conj(), responses(link))
    return np.array([least_error(each, float(link.noise)) for each in gains])


@pytest.mark.parametrize("antennas", [2, 8])
def test_one_device_gains_as_much_as_there_are_antennas(antennas: int) -> None:
    link = draws(1, antennas, 4000)
    for receiver in (MaximumRatio(), ZeroForcing(), Beamforming(3)):
        gain = np.abs(combine(receiver.weights(link, tf.range(1)), link.response()).numpy()) ** 2
        assert abs(gain.mean() - antennas) < 4 * (antennas / 4000) ** 0.5  # Gamma(A): mean A, variance A


@pytest.mark.parametrize(("devices", "antennas"), [(2, 4), (5, 4), (20, 16)])
def test_maximum_ratio_toward_a_sum_gives_each_1_plus_a_minus_1_over_k(devices: int, antennas: int) -> None:
    """h_k = S/K + d_k, d_k independent of S: E|v^H h_k|^2 = E|S|^2/K^2 + (1 - 1/K) = 1 + (A - 1)/K."""
    link = draws(devices, antennas, 2000)
    gain = np.abs(combine(MaximumRatio().weights(link, tf.range(devices)), link.response()).numpy()) ** 2
    gain = gain.mean(axis=(1, 2, 3))  # over devices of a draw, which are not independent
    assert abs(gain.mean() - 1 - (antennas - 1) / devices) < 4 * gain.std() / 2000**0.5


@pytest.mark.parametrize("channel", CHANNELS, ids=str)
def test_zero_forcing_lets_no_more_devices_than_antennas_arrive_alike(channel: Channel) -> None:
    link = draw(channel, 6, batch=2)
    chosen = [4, 0, 2]
    weights = ZeroForcing().weights(link, tf.constant(chosen))
    h = link.response(of=link.receiver).numpy()[:, :, chosen].astype(complex)  # [B, A, K, T, F]
    h = np.transpose(h, [0, 3, 4, 1, 2])
    v = h @ np.linalg.solve(h.conj().swapaxes(-1, -2) @ h, np.ones([3, 1]))
    v = np.transpose((v / np.linalg.norm(v, axis=-2, keepdims=True))[..., 0], [0, 3, 1, 2])
    np.testing.assert_allclose(weights, v, atol=1e-4)
    arrives = combine(weights, tf.gather(link.response(of=link.receiver), chosen, axis=2)).numpy()
    np.testing.assert_allclose(arrives, np.abs(arrives[:, :1]) * np.ones([1, 3, 1, 1]), atol=1e-4)


def test_zero_forcing_of_more_devices_than_antennas_is_regularised_least_squares() -> None:
    link = draws(9, 4, 5, snr_db=3.0)
    h = responses(link)
    v = np.linalg.solve(h @ h.conj().swapaxes(1, 2) + 10**-0.3 * np.eye(4), h.sum(axis=2)[..., None])[..., 0]
    v /= np.linalg.norm(v, axis=1, keepdims=True)
    np.testing.assert_allclose(ZeroForcing().weights(link, tf.range(9))[..., 0, 0], v, atol=1e-5)


@pytest.mark.parametrize(("antennas", "devices"), [(4, 4), (6, 3), (3, 1)])
def test_separate_devices_keep_the_snr_of_the_textbook(antennas: int, devices: int) -> None:
    h = keys.complex_normal(keys.key(2), [7, 5, antennas, devices]) * tf.constant(
        [1e-4, 1, 30, 1][:devices], tf.complex64
    )
    noise = keys.uniform(keys.key(3), [7, 1, 1], 0.1, 2.0)
    exact = h.numpy().astype(complex)
    inverse = np.linalg.inv(exact.conj().swapaxes(-1, -2) @ exact)
    expected = 1 / (noise * np.einsum("...kk->...k", inverse).real)
    np.testing.assert_allclose(separate(h, noise), expected, rtol=1e-4)
    np.testing.assert_allclose(tf.function(separate, autograph=False)(h, noise), expected, rtol=1e-4)


def test_separation_in_rayleigh_fading_costs_an_antenna_a_device() -> None:
    h = keys.complex_normal(keys.key(4), [20_000, 6, 4])
    snr = separate(h, tf.constant(0.5)).numpy()[:, 0]  # Gamma(A - K + 1)/N0
    assert abs(snr.mean() - 3 / 0.5) < 4 * (3 / 20_000) ** 0.5 / 0.5


def test_a_device_without_gain_is_not_heard_and_hinders_nobody() -> None:
    h = keys.complex_normal(keys.key(5), [3, 4, 3])
    silent = tf.concat([h, tf.zeros([3, 4, 1], tf.complex64)], -1)
    noise = tf.constant(1.0)
    np.testing.assert_allclose(separate(silent, noise)[:, :3], separate(h, noise), rtol=1e-5)
    assert np.all(separate(silent, noise)[:, 3] == 0)
    twins = separate(tf.concat([h, h[..., :1]], -1), noise).numpy()
    assert np.all(np.isfinite(twins)) and np.all((twins[:, [0, 3]] >= 0) & (twins[:, [0, 3]] < 1e-8))
    with pytest.raises(ValueError, match="at most as many devices as antennas"):
        separate(keys.complex_normal(keys.key(5), [2, 3]), noise)


@pytest.mark.parametrize(("devices", "antennas", "snr_db"), [(3, 4, 20.0), (8, 4, 10.0), (8, 4, 30.0), (150, 3, 0.0)])
def test_each_iteration_of_beamforming_makes_the_error_smaller(devices: int, antennas: int, snr_db: float) -> None:
    link = draws(devices, antennas, 12, snr_db)
    h, noise, before = responses(link), float(link.noise), np.inf
    for iterations in (1, 2, 3, 5, 9, 20):
        v, error = Beamforming(iterations).descend(link, tf.range(devices))
        arrives = np.abs(np.einsum("ba,bak->bk", v.numpy()[..., 0, 0].conj(), h))
        written_out = (np.maximum(1 - arrives, 0) ** 2).sum(axis=1) + noise * np.linalg.norm(v[..., 0, 0], axis=1) ** 2
        np.testing.assert_allclose(error[:, 0, 0], written_out, rtol=1e-4)
        assert np.all(error[:, 0, 0] <= before * (1 + 1e-6))
        before = error[:, 0, 0].numpy()


@pytest.mark.parametrize(("devices", "antennas"), [(3, 4), (4, 4), (6, 4), (40, 4)])
@pytest.mark.parametrize("snr_db", [0.0, 10.0, 25.0])
def test_no_receiver_leaves_a_smaller_error_than_beamforming(devices: int, antennas: int, snr_db: float) -> None:
    link = draws(devices, antennas, 60, snr_db)
    own = errors(Beamforming(), link)
    for other in (MaximumRatio(), ZeroForcing()):
        theirs = errors(other, link)
        assert own.mean() <= theirs.mean()
        assert np.mean(own <= theirs) > 0.8  # descent may end at a minimum that is not the least


def test_with_little_noise_few_devices_arrive_undistorted_and_no_weaker_than_by_zero_forcing() -> None:
    link = draws(3, 4, 30, snr_db=50.0)
    h, noise = responses(link), float(link.noise)
    v, error = Beamforming(10).descend(link, tf.range(3))
    arrives = np.abs(np.einsum("ba,bak->bk", v.numpy()[..., 0, 0].conj(), h))
    assert arrives.min() > 1 - 5e-3  # so b = 1/(v^H h), but for what noise makes worth while
    forced = np.linalg.inv(h.conj().swapaxes(1, 2) @ h).sum(axis=(1, 2)).real  # 1/g^2 of zero forcing
    assert np.all(error.numpy()[:, 0, 0] <= noise * forced * (1 + 1e-5))


def test_one_device_makes_beamforming_maximum_ratio() -> None:
    link = draws(1, 5, 20)
    weights, expected = (each.weights(link, tf.range(1)) for each in (Beamforming(), MaximumRatio()))
    np.testing.assert_allclose(weights, expected, atol=1e-5)


@pytest.mark.parametrize("receiver", [ZeroForcing(), Beamforming(2)], ids=str)
def test_symbols_combined_block_by_block_are_combined_as_at_once(
    receiver: Combiner, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = draw(CHANNELS[2], 5, batch=2)
    at_once = receiver.weights(link, tf.range(5))
    monkeypatch.setattr(family, "MATRICES", 16 * 2 * 16 * 4**2 * 2)  # two of six symbols
    np.testing.assert_allclose(receiver.weights(link, tf.range(5)), at_once, atol=1e-5)


@pytest.mark.parametrize("receiver", [MaximumRatio(), ZeroForcing(), Beamforming()], ids=str)
@pytest.mark.parametrize("devices", [2, 6])
def test_devices_without_gain_and_without_noise_leave_numbers(receiver: Combiner, devices: int) -> None:
    link = draw(Rayleigh(), devices)
    for share in ([0.0] * devices, [0.0] + [1e-6] * (devices - 1)):
        scaled = tf.constant(share, tf.complex64)[:, None, None]
        for noise in (0.0, 1e-20):
            faint = link._replace(receiver=link.true._replace(a=link.true.a * scaled), noise=tf.constant(noise))
            weights = receiver.weights(faint, tf.range(devices))
            norm = tf.reduce_sum(tf.abs(weights) ** 2, axis=1)
            np.testing.assert_allclose(norm, float(any(share)), atol=1e-4)


@pytest.mark.parametrize("receiver", [MaximumRatio(), ZeroForcing(), Beamforming(3)], ids=str)
def test_combiners_are_differentiable(receiver: Combiner) -> None:
    link = draws(3, 4, 2)

    @tf.function(autograph=False)
    def slope(a: tf.Tensor, along: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(a)
            paths: Paths = link.true._replace(a=a)
            arrives = combine(receiver.weights(link._replace(receiver=paths), tf.range(3)), link.response(of=paths))
            value = tf.reduce_sum(tf.abs(arrives))
        return value, tf.reduce_sum(tf.math.real(tf.math.conj(tape.gradient(value, a)) * along))

    along = keys.complex_normal(keys.key(6), link.true.a.shape)
    step = tf.constant(3e-3, tf.complex64)
    ahead, behind_it = (slope(link.true.a + sign * step * along, along)[0] for sign in (1, -1))
    expected = float(ahead - behind_it) / 6e-3
    assert float(slope(link.true.a, along)[1]) == pytest.approx(expected, rel=5e-3, abs=5e-3)
