"""Bernoulli-Gaussian AMP: the errors of its fixed points, what learning the prior costs, and what neighbours bring."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.stats
import tensorflow as tf

from overair.ota.projections import gaussian, hadamard
from overair.ota.recovery.em_bg_amp import EmBgAmp, transition
from overair.phy import keys

normal = scipy.stats.norm


def posterior_error(ratio: float, mean: float, variance: float, tau2: float) -> float:
    """E|x - E[x|u]|^2 for u = x + N(0, tau2), as E x^2 - E (E[x|u])^2 by integration over u."""
    wide = (variance + tau2) ** 0.5
    reach = 12 * wide + abs(mean)
    fine = np.linspace(-12 * tau2**0.5, 12 * tau2**0.5, 20_001)
    u = np.unique(np.concatenate([np.linspace(-reach, reach, 20_001), fine]))
    active, zero = ratio * normal.pdf(u, mean, wide), (1 - ratio) * normal.pdf(u, 0, tau2**0.5)
    estimate = active / (active + zero) * (variance * u + tau2 * mean) / (variance + tau2)
    return ratio * (variance + mean**2) - np.trapezoid((active + zero) * estimate**2, u)


def fixed_point(delta: float, ratio: float, mean: float, snr_db: float) -> float:
    """The error state evolution ends at for entries of unit power and SNR = |Ax|^2/|w|^2."""
    noise, error = 10 ** (-snr_db / 10) / delta, 1.0
    for _ in range(300):
        error = posterior_error(ratio, mean, 1 / ratio - mean**2, noise + error / delta)
    return error


@pytest.mark.parametrize(
    ("delta", "ratio", "mean", "snr_db", "printed"),
    [(0.5, 0.1, 0.0, 20.0, -23.77), (0.5, 0.1, 0.0, 30.0, -35.01), (0.3, 0.1, 0.0, 20.0, -19.06)]
    + [(0.4, 0.05, 3.0, 25.0, None)],
)
def test_errors_are_those_of_the_fixed_points_and_learning_the_prior_costs_nothing(
    delta: float, ratio: float, mean: float, snr_db: float, printed: float | None
) -> None:
    size, draws = 4000, 8
    rows, count = int(delta * size), round(ratio * size)
    variance, noise = 1 / ratio - mean**2, 10 ** (-snr_db / 10) / delta
    expected = fixed_point(delta, ratio, mean, snr_db)
    assert printed is None or 10 * np.log10(expected) == pytest.approx(printed, abs=0.01)
    told = EmBgAmp(learn=False, ratio=ratio, mean=mean, variance=variance)

    def one(index: tf.Tensor) -> tf.Tensor:
        drawn = mean + variance**0.5 * keys.normal(keys.key(0, "x", index), [size])
        x = tf.where(keys.permutation(keys.key(0, "support", index), size) < count, drawn, 0.0)
        x /= tf.sqrt(tf.reduce_mean(x**2))
        a = gaussian(keys.key(0, "matrix", index), rows, size)
        y = a.forward(x) + noise**0.5 * keys.normal(keys.key(0, "noise", index), [rows])
        estimates = [told.recover(y, a, noise), EmBgAmp().recover(y, a)]
        return tf.stack([tf.reduce_mean((estimate - x) ** 2) for estimate in estimates])

    errors = tf.function(
        lambda: tf.map_fn(one, tf.range(draws), tf.float32, parallel_iterations=1), autograph=False
    )().numpy()
    assert abs(errors[:, 0].mean() - expected) < 4 * errors[:, 0].std() / draws**0.5
    cost = 10 * np.log10(errors[:, 1] / errors[:, 0])
    assert cost.mean() < 0.02 + 4 * cost.std() / draws**0.5


def test_the_prior_and_the_noise_are_learnt() -> None:
    size, rows, ratio, mean, deviation, noise = 4000, 2400, 0.1, 3.0, 0.5, 0.15
    place = keys.uniform(keys.key(1, "support"), [size]) < ratio
    values = mean + deviation * keys.normal(keys.key(1, "x"), [size])
    x = tf.where(place, values, 0.0)
    a = gaussian(keys.key(1, "matrix"), rows, size)
    y = a.forward(x) + noise**0.5 * keys.normal(keys.key(1, "noise"), [rows])
    scheme = EmBgAmp()

    def learnt() -> tf.Tensor:
        start = scheme.start(y, a, None, tf.ones([]))
        return tf.foldl(lambda b, _: scheme.step(b, y, a), tf.range(40), start, parallel_iterations=1)[3:]

    found, chosen = tf.function(learnt, autograph=False)(), values.numpy()[place]
    count = len(chosen)
    # of the parameters given the draw: what the noise behind A (tau^2 of about 0.2) blurs, and the noise's own chi2
    tau2 = float(noise + posterior_error(ratio, mean, deviation**2, 0.2) / 0.6)
    expected = [count / size, chosen.mean(), chosen.var(), noise]
    spread = [0.2 * (count / size**2) ** 0.5, (tau2 / count) ** 0.5]
    spread += [(2 * (deviation**2 + tau2) ** 2 / count) ** 0.5, noise * (2 / (rows - 2 * count)) ** 0.5]
    assert np.all(np.abs(np.array(found) - expected) < 4 * np.array(spread))


def blobs(layer: tuple[int, int, int, int], share: float) -> np.ndarray:
    """A gradient whose large entries sit side by side in the H x W plane."""
    rng = np.random.default_rng(0)
    field = scipy.ndimage.gaussian_filter(rng.normal(size=layer), (1.0, 1.0, 0, 0))
    return (rng.normal(size=layer) * (field > np.quantile(field, 1 - share))).astype(np.float32).ravel()


def compare(x: np.ndarray, layers: tuple[tuple[int, ...], ...], draws: int = 6) -> np.ndarray:
    """What neighbours gain in dB, in each of so many draws at 20 dB and half as many rows as entries."""
    size = x.shape[0]
    noise = 0.01 * 2 * (x**2).mean()

    def one(index: tf.Tensor) -> tf.Tensor:
        a = gaussian(keys.key(2, "matrix", index), size // 2, size)
        y = a.forward(x) + noise**0.5 * keys.normal(keys.key(2, "noise", index), [size // 2])
        estimates = [EmBgAmp(spatial=spatial).recover(y, a, noise, layers) for spatial in (False, True)]
        return tf.stack([tf.reduce_sum((estimate - x) ** 2) for estimate in estimates])

    errors = tf.function(
        lambda: tf.map_fn(one, tf.range(draws), tf.float32, parallel_iterations=1), autograph=False
    )().numpy()
    return 10 * np.log10(errors[:, 0] / errors[:, 1])


def test_neighbours_help_where_large_entries_sit_side_by_side_and_hurt_little_where_they_do_not() -> None:
    dense = ((40, 10), (10,))
    layer = (5, 5, 8, 10)
    rng = np.random.default_rng(1)
    rest = (rng.normal(size=410) * (rng.uniform(size=410) < 0.2)).astype(np.float32)
    together = blobs(layer, 0.2)
    gain = compare(np.concatenate([together, rest]), (layer, *dense))
    assert gain.mean() - 4 * gain.std() / len(gain) ** 0.5 > 0.5
    apart = rng.permutation(together)
    loss = compare(np.concatenate([apart, rest]), (layer, *dense))
    assert loss.mean() - 4 * loss.std() / len(loss) ** 0.5 > -0.5


@pytest.mark.parametrize("layers", [(), ((20, 30),), ((1, 1, 20, 30),)])
def test_without_neighbours_there_is_one_ratio(layers: tuple[tuple[int, ...], ...]) -> None:
    x = tf.where(keys.uniform(keys.key(3), [600]) < 0.1, keys.normal(keys.key(4), [600]), 0.0)
    a = gaussian(keys.key(5), 300, 600)
    alike, apart = (EmBgAmp(spatial=spatial).recover(a.forward(x), a, 1e-4, layers) for spatial in (False, True))
    np.testing.assert_allclose(alike, apart, atol=1e-4)


def test_neighbours_are_those_of_the_plane_of_one_depth_and_filter() -> None:
    layer = (3, 4, 2, 3)
    pi = np.random.default_rng(0).uniform(size=layer).astype(np.float32)
    ratio = EmBgAmp(spatial=True)._ratio(tf.constant(np.append(pi.ravel(), [0.5, 0.7])), (layer, (2,))).numpy()
    expected = np.empty(layer)
    for h, w, d, f in np.ndindex(layer):
        around = pi[max(h - 1, 0) : h + 2, max(w - 1, 0) : w + 2, d, f]
        expected[h, w, d, f] = (around.sum() - pi[h, w, d, f] + 8 * pi.mean()) / (around.size - 1 + 8)
    np.testing.assert_allclose(ratio[:-2], expected.ravel(), rtol=1e-5)
    np.testing.assert_allclose(ratio[-2:], 0.6, rtol=1e-6)


def test_hadamard_measurements_recover_at_least_as_well_as_gaussian_ones() -> None:
    size, rows, draws = 2048, 900, 12

    def one(index: tf.Tensor) -> tf.Tensor:
        x = tf.where(keys.uniform(keys.key(3, index), [size]) < 0.1, keys.normal(keys.key(4, index), [size]), 0.0)
        noise = 0.03 * keys.normal(keys.key(5, index), [rows])
        matrices = [make(keys.key(6, index), rows, size) for make in (gaussian, hadamard)]
        estimates = [EmBgAmp().recover(a.forward(x) + noise, a, 0.03**2) for a in matrices]
        return tf.stack([tf.reduce_sum((estimate - x) ** 2) for estimate in estimates])

    errors = tf.function(
        lambda: tf.map_fn(one, tf.range(draws), tf.float32, parallel_iterations=1), autograph=False
    )().numpy()
    gain = errors[:, 0] - errors[:, 1]
    assert gain.mean() > -4 * gain.std() / draws**0.5


@pytest.mark.parametrize("make", [gaussian, hadamard])
def test_on_noise_alone_little_comes_back_if_the_noise_is_told(make: type) -> None:
    def one(index: tf.Tensor) -> tf.Tensor:
        y = keys.normal(keys.key(7, index), [500])
        return tf.reduce_sum(EmBgAmp().recover(y, make(keys.key(8, index), 500, 1000), 1.0) ** 2) / 500

    share = tf.function(
        lambda: tf.map_fn(one, tf.range(12), tf.float32, parallel_iterations=1), autograph=False
    )().numpy()
    assert share.mean() < 0.1


def test_the_start_is_the_phase_transition_of_the_soft_threshold() -> None:
    assert transition(0.5) == pytest.approx(0.38569, abs=1e-5)
    y = keys.normal(keys.key(0), [50])
    start = EmBgAmp().start(y, gaussian(keys.key(1), 50, 100), None, tf.ones([]))
    power = float(tf.reduce_mean(y**2))
    assert float(start.ratio) == pytest.approx(0.5 * 0.38569, rel=1e-4)
    assert float(start.noise) == pytest.approx(power / 101, rel=1e-5)
    assert float(start.ratio * start.variance * 2 + start.noise) == pytest.approx(power, rel=1e-5)


@pytest.mark.parametrize("fields", [{"ratio": 0.0}, {"ratio": 1.5}, {"variance": 0.0}, {"mean": float("nan")}])
def test_impossible_priors_are_refused(fields: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        EmBgAmp(**fields)
