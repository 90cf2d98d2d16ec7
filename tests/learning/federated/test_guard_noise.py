"""Noise that devices add, and plans of what rounds may tell: on the air, against closed forms, by two accountants."""

import itertools
import math
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Device, Federation, Sample, Sgd
from overair.learning.data import Arrays
from overair.learning.federated.guard import Guard
from overair.learning.federated.guard_plans import allowed
from overair.ota import Analog, Identity, Round, Terms, apply, privacy, privacy_plans
from overair.ota.round import Split
from overair.phy import Air, Awgn, ExpectedNorm, Grid, Rayleigh, keys

GRID, SIZE, ELEMENTS, DEVICES = Grid(subcarriers=8, symbols=2), 21, 16, 4


@pytest.mark.parametrize(("antennas", "share"), [(1, 0.6), (3, 0.6), (3, 0.05)])
def test_the_noise_of_all_that_arrives_is_what_protects(antennas: int, share: float) -> None:
    """By the covariance that antennas really hear, and the best test there is against it."""
    air, protection = Air(GRID, Rayleigh(), DEVICES, antennas), Sample(noise=share)
    one, terms = Analog(Identity(), ExpectedNorm(0.02, norm=0.004)), Terms(air, SIZE, ELEMENTS)
    place = air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 12.0)
    weights = tf.constant([0.25, 0.25, 0.0, 0.5])
    guard, samples = Guard(protection, one, terms), tf.constant([6.0, 3.0, 5.0, 8.0])
    round, said = guard.guarded(
        Round(terms, keys.key(2), weights, link), samples, guard.start(4), tf.zeros([], tf.int64)
    )
    state, devices = one.init(terms, place), tf.constant([0, 1, 3])

    @tf.function(autograph=False)
    def heard(updates: tf.Tensor, key: tf.Tensor) -> tf.Tensor:
        now = Round(terms, key, weights, link, split=round.split)

        def probe(question: Any, nothing: Any = None) -> tf.Tensor:
            return tf.zeros([DEVICES])

        return air.receive(one.add(one.begin(state, now, probe), now, devices, updates).y, link, keys.fold(key, "n"))

    zeros, draws = tf.zeros([3, SIZE]), 200
    noise = np.stack([heard(zeros, keys.key(9, number)) for number in range(draws)])[:, 0]  # [draws, A, T, F]
    used = noise[:, :, 0].transpose(1, 0, 2)  # elements of the first symbol, [A, draws, F]
    found = []
    for row, device in enumerate([0, 1, 3]):
        change = np.zeros([3, SIZE], np.float32)
        change[row, 0] = 2.0 / float(samples[device])
        apart = heard(tf.constant(change), keys.key(5)) - heard(zeros, keys.key(5))
        delta = apart[0, :, 0, 0].numpy()  # all subcarriers are alike where the channel is flat
        hears = used.reshape(antennas, -1)
        covariance = hears @ hears.conj().T / hears.shape[1]
        found.append(2 * float(np.real(delta.conj() @ np.linalg.solve(covariance, delta))))
    error = 4 / math.sqrt(draws * GRID.subcarriers)
    np.testing.assert_allclose(said.numpy()[[0, 1, 3]], found, rtol=error + antennas / (draws * GRID.subcarriers))
    assert said.numpy()[2] == 0


def test_what_is_left_of_power_for_data_is_taken_off_again() -> None:
    """Updates and zeros under the same noise differ by the updates, whatever share of power they have."""
    air, one = Air(GRID, Rayleigh(), DEVICES), Analog(Identity(), ExpectedNorm(1e-6, norm=0.1))
    terms, place = Terms(air, SIZE, ELEMENTS), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 0.0)
    weights, updates = tf.fill([DEVICES], 0.25), keys.normal(keys.key(3), [DEVICES, SIZE])
    split = Split(tf.constant(0.3), tf.fill([DEVICES], 0.01))
    round = Round(terms, keys.key(2), weights, link, split=split)
    found = [apply(one, one.init(terms, place), round, scale * updates)[0] for scale in (1.0, 0.0)]
    np.testing.assert_allclose(found[0] - found[1], tf.linalg.matvec(updates, weights, transpose_a=True), atol=0.05)


@pytest.mark.parametrize(
    ("elements", "z", "snr", "devices"), [(325, 1.0, 1.0, 20), (40, 0.7, 3.0, 6), (7, 2.0, 0.5, 3)]
)
def test_power_that_data_may_not_use_is_split_as_the_closed_form_has_it(
    elements: int, z: float, snr: float, devices: int
) -> None:
    """Of aligned devices that arrive with all their power, as a threshold at the gain itself lets them."""
    terms = Terms(Air(Grid(subcarriers=elements, symbols=1), Awgn(), devices), 2 * elements, elements)
    norm, epsilon = 1.0 / devices**2 / elements, privacy.epsilon_of(1 / z, 1e-5)
    one = Analog(Identity(), ExpectedNorm(1.0 - 1e-6, norm=norm))
    guard = Guard(Device(epsilon=epsilon, rounds=1, fill=True), one, terms)
    link = terms.air.draw(terms.air.init(keys.key(0)), keys.key(1), 0.0, terms.slots, 10 * math.log10(snr))
    nothing = guard.start(devices), tf.zeros([], tf.int64)
    round, told = guard.guarded(
        Round(terms, keys.key(2), tf.fill([devices], 1 / devices), link), tf.ones([devices]), *nothing
    )
    split = round.split
    assert split is not None and split.noise is not None
    share = 1 - float(split.data)
    assert share == pytest.approx(privacy.least_artificial_share(z, snr, elements, devices), abs=1e-5)
    np.testing.assert_allclose(split.noise, share * norm / (1 - share), rtol=1e-5)
    np.testing.assert_allclose(told, 1 / z**2, rtol=1e-5)
    if elements == 325:
        assert share == pytest.approx(0.968657, abs=1e-5)


def planned(budget: float, full: list[float], rate: float | None) -> np.ndarray:
    """mu^2 of round after round, each planned from what is left."""
    told: list[float] = []
    for at, most in enumerate(full):
        left, rounds = budget - sum(told), len(full) - at
        left_now, rounds_now, most_now = (tf.constant(value, tf.float64) for value in (left, rounds, most))
        told.append(float(allowed(left_now, rounds_now, most_now, rate, len(full))))
    return np.array(told)


@pytest.mark.parametrize(("budget", "rate", "least", "rounds"), [(0.5, 0.9, 20.0, 10), (0.31, 0.7, 9.0, 6)])
def test_rounds_planned_anew_keep_to_the_plan_that_is_made_at_first(
    budget: float, rate: float, least: float, rounds: int
) -> None:
    """x_t of the plan is 4 over mu_t^2 of a clip of 1, where a change is 2."""
    full, lowest = [4 / least] * rounds, np.full(rounds, least)
    found = 4 / planned(2 * budget, full, rate)
    np.testing.assert_allclose(found, privacy_plans.adaptive(budget, 1.0, rate, lowest), rtol=1e-9)
    if rounds == 10:
        assert found[0] == pytest.approx(51.283124, abs=1e-6) and found[-1] == pytest.approx(31.920212, abs=1e-6)
        assert privacy_plans.cost(found, rate) == pytest.approx(730.544, abs=1e-3)
    static = 4 / planned(2 * budget, full, None)
    np.testing.assert_allclose(static, privacy_plans.static(budget, 1.0, lowest), rtol=1e-12)
    assert np.ptp(static) < 1e-9  # no round's share is divided by its number
    np.testing.assert_allclose(planned(1e9, full, rate), full)  # free


@pytest.mark.parametrize("rate", [None, 0.5, 0.99])
def test_whatever_links_do_no_more_is_told_than_there_is(rate: float | None) -> None:
    for seed, budget in itertools.product(range(5), (0.01, 1.0, 30.0)):
        full = np.random.default_rng(seed).exponential(size=12)
        told = planned(budget, full.tolist(), rate)
        assert np.all(told > 0) and np.all(told <= full * (1 + 1e-12)) and told.sum() <= budget * (1 + 1e-12)


def model(seed: int) -> keras.Model:
    init = keras.initializers.GlorotUniform(seed=seed)
    return keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(3, kernel_initializer=init)])


@pytest.fixture(scope="module")
def run() -> tuple[Federation, list[Any], list[Any]]:
    """All rounds of an adaptive plan, with some devices away, some power for noise and two antennas."""
    rng = np.random.default_rng(0)
    x, y = rng.random((32, 6), np.float32), rng.integers(0, 3, 32).astype(np.int32)
    data, shares = Arrays(x[:24], y[:24], x[24:], y[24:], 3), np.split(np.arange(24), DEVICES)
    protection = Sample(delta=1e-3, noise=0.1, epsilon=1.5, rounds=5, rate=0.8)
    uplink = Analog(Identity(), ExpectedNorm(0.2, norm=1.001 / (DEVICES * 0.7) ** 2 / ELEMENTS))
    federation = Federation(
        model, data, shares, Sgd(), uplink, Air(GRID, Rayleigh(), DEVICES, 2), ELEMENTS,
        lambda: keras.optimizers.SGD(0.5), participation=0.7, protection=protection,
    )  # fmt: skip
    states, metrics = [federation.init(0)], []
    for _ in range(5):
        state, told = federation.step(states[-1], 0, 20.0)
        states.append(state)
        metrics.append(told)
    return federation, states, metrics


def test_a_run_keeps_to_its_target_and_no_round_goes_beyond_the_plan(run: Any) -> None:
    federation, states, metrics = run
    told = np.diff([state.leaked.numpy().max() for state in states])
    assert np.all(told >= 0)
    assert 0.9 * 1.5 < float(metrics[-1].epsilon) <= 1.5
    assert all(bool(each.finite) and float(each.energy_max) <= 1 for each in metrics)
    with pytest.raises(ValueError, match="protection.rounds: expected at least 6, as many as there are, received 5"):
        federation.step(states[-1], 0, 20.0)


def test_another_accountant_finds_the_epsilon_of_the_run(run: Any) -> None:
    """Each device's rounds, one after another, as Gaussian mechanisms; the one of which most was told."""
    accounting = pytest.importorskip("dp_accounting", reason="the optional package dp-accounting is not there")
    _, states, metrics = run
    rounds = np.diff([state.leaked.numpy() for state in states], axis=0)  # mu^2, [T, K]
    found = []
    for device in range(DEVICES):
        accountant = accounting.pld.PLDAccountant()
        for told in rounds[:, device][rounds[:, device] > 0]:
            accountant.compose(accounting.GaussianDpEvent(1 / math.sqrt(told)))
        found.append(accountant.get_epsilon(1e-3))
    assert max(found) == pytest.approx(float(metrics[-1].epsilon), rel=0.01)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"epsilon": 1.0}, "protection.rounds: expected as many as epsilon is for, and both or neither"),
        ({"rounds": 3}, "protection.rounds: expected as many as epsilon is for, and both or neither"),
        ({"rate": 0.9}, "protection.epsilon: expected a target for a plan by rate or fill"),
        ({"epsilon": 1.0, "rounds": 3, "noise": 0.2, "fill": True}, "protection.noise: expected 0 with fill"),
    ],
)
def test_half_of_a_plan_is_none(options: dict[str, Any], line: str) -> None:
    with pytest.raises(ValueError, match=line):
        Sample(**options)
