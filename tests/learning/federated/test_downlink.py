"""A noisy downlink: devices drift apart by the noise that theory says, learn at models of their own, and pay for it."""

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from pydantic.dataclasses import dataclass

from overair.learning import Broadcast, Downlink, Fedavg, Federation, Sgd, State
from overair.learning.data import Arrays
from overair.learning.federated.downlinks import ideal
from overair.learning.federated.task import moved
from overair.ota import Analog, Digital, Ideal, Identity, RandomLinear
from overair.ota.codecs import Past
from overair.ota.codecs.fsk_vote import FskVote
from overair.ota.codecs.low_rank import LowRank
from overair.ota.codecs.one_bit import OneBit
from overair.ota.codecs.sparse import Sparse
from overair.phy import Air, Grid, Tdl, keys
from overair.phy.power.equal_power import EqualPower
from overair.phy.power.individual import Individual

SIZE = 16 * 3 + 3
RATE = 0.5


@dataclass(frozen=True)
class Constant(Ideal):
    """Whatever devices send, the server estimates 1, 2, ..., d."""

    def end(self, acc: Any, state: Any, round: Any) -> Any:
        return super().end(acc, state, round)._replace(estimate=tf.range(1.0, round.terms.size + 1.0))


def _data(devices: int) -> Arrays:
    rng = np.random.default_rng(0)
    x, y = rng.random((4 * devices, 4, 4, 1), np.float32), rng.integers(0, 3, 4 * devices).astype(np.int32)
    return Arrays(x, y, x[:30], y[:30], 3)


def _dense(seed: int) -> keras.Model:
    dense = keras.layers.Dense(3, kernel_initializer=keras.initializers.GlorotUniform(seed=seed))
    return keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), dense])


def _federation(
    downlink: Downlink,
    uplink: Any = None,
    algorithm: Any = None,
    devices: int = 6,
    model: Any = _dense,
    optimizer: Any = None,
    elements: int = 26,
    **options: Any,
) -> Federation:
    data = _data(devices)
    shares = np.array_split(np.arange(len(data.y_train)), devices)
    air = Air(Grid(subcarriers=16, symbols=2), Tdl(delay_spread=30e-9), devices)
    make = optimizer or partial(keras.optimizers.SGD, RATE)
    parts = (model, data, shares, algorithm or Sgd(), uplink or Ideal(), air, elements, make)
    return Federation(*parts, downlink=downlink, **options)


def _run(federation: Federation, rounds: int = 1, seed: int = 4) -> State:
    state = federation.init(seed)
    for _ in range(rounds):
        state, _ = federation.step(state, seed, 10.0)
    return state


def _vector(state: State) -> np.ndarray:
    return np.concatenate([np.ravel(part) for part in [*state.weights.trainable, *state.weights.statistics]])


def _variance_is(drawn: np.ndarray, expected: float) -> None:
    """Of independent normal numbers of mean 0: the mean square is within 4.5 standard errors, sqrt(2/n) each."""
    assert abs(np.mean(drawn**2) / expected - 1) < 4.5 * np.sqrt(2 / drawn.size)
    assert abs(np.mean(drawn)) < 4.5 * np.sqrt(expected / drawn.size)


def test_drift_has_the_variance_of_the_broadcasts_noise_and_grows_linearly_with_rounds() -> None:
    devices, offset = 100, -6.0
    federation = _federation(Broadcast(snr_db=7.0, offsets_db=(0.0, offset)), Constant(), devices=devices)
    state, elements = federation.init(1), (SIZE + 1) // 2
    energy = np.sum(np.arange(1.0, SIZE + 1) ** 2)
    # P_B = |u|^2/M an element in the units of u; a parameter is one of two parts of a symbol and sees half the noise
    each = RATE**2 * energy / elements / 10**0.7 / 2
    for rounds in range(1, 5):
        before = np.asarray(state.drift)
        state, _ = federation.step(state, 1, 0.0)
        drift = np.asarray(state.drift)
        for first, noise in ((0, each), (1, each * 10 ** (-offset / 10))):
            _variance_is(drift[first::2], rounds * noise)
            _variance_is((drift - before)[first::2], noise)
    r = np.corrcoef(drift[0::2]) - np.eye(devices // 2)  # devices read noise of their own
    assert np.abs(r).max() < 5 / np.sqrt(SIZE)
    assert np.sqrt(np.mean(r**2)) < 1.1 / np.sqrt(SIZE)
    np.testing.assert_allclose(
        _vector(state) - _vector(federation.init(1)), -4 * RATE * np.arange(1, SIZE + 1), rtol=1e-5
    )


@pytest.mark.parametrize("rows", [20, 34])
def test_received_symbols_of_a_random_linear_code_are_decoded_with_noise_in_its_row_space(rows: int) -> None:
    devices, snr_db = 60, 3.0
    uplink = Analog(RandomLinear(compression=SIZE / rows))
    federation = _federation(Broadcast(snr_db=snr_db, sends="received"), uplink, devices=devices)
    start, state = federation.init(2), _run(federation, seed=2)
    layers, key = federation.terms.layers, keys.fold(keys.key(2, "round", 0), "codec")
    code = uplink.codec.code(layers, -(-rows // 2), key, Past.none(layers))
    a = uplink.codec.encode(tf.eye(SIZE), layers, code).numpy()  # a column of A for each parameter, two rows a symbol
    a = np.stack([a.real, a.imag], -1).reshape(SIZE, -1)[:, :rows].T  # [m, d]
    estimate = (_vector(start) - _vector(state)) / RATE
    y, left, rank, _ = np.linalg.lstsq(a.T.astype(np.float64), estimate, rcond=None)
    assert rank == rows and left < 1e-9 * np.sum(estimate**2)
    noise = np.linalg.lstsq(a.T.astype(np.float64), np.asarray(state.drift).T / -RATE, rcond=None)[0].T  # [K, m]
    np.testing.assert_allclose(noise @ a, np.asarray(state.drift) / -RATE, atol=1e-5 * np.abs(state.drift).max())
    _variance_is(noise, np.sum(y**2) / rows / 10 ** (snr_db / 10))


@pytest.mark.parametrize("uplink", [Analog(Identity()), Analog(Identity(), budget="average")], ids=["round", "average"])
def test_received_symbols_that_are_not_coded_are_the_estimate(uplink: Any) -> None:
    def even(seed: int) -> keras.Model:  # so that no half of a symbol brings nothing but noise
        dense = keras.layers.Dense(3, use_bias=False, kernel_initializer=keras.initializers.GlorotUniform(seed=seed))
        return keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), dense])

    estimate, received = (
        np.asarray(_run(_federation(Broadcast(5.0, sends=sends), uplink, model=even), 2).drift)
        for sends in ("estimate", "received")
    )
    np.testing.assert_allclose(estimate, received, atol=1e-5 * np.abs(estimate).max())
    assert np.all(estimate != 0)


@pytest.mark.parametrize(
    "uplink",
    [
        Analog(Identity()),
        Analog(RandomLinear(2.0)),
        Analog(RandomLinear(2.0), feedback=0.5),
        Analog(RandomLinear(2.0), Individual()),
        Analog(Sparse()),
        Analog(OneBit()),
        Analog(FskVote(), EqualPower()),
    ],
    ids=["identity", "random_linear", "feedback", "individual", "sparse", "one_bit", "fsk_vote"],
)
def test_without_noise_every_device_has_the_servers_model(uplink: Any) -> None:
    ways = (ideal.IdealDownlink(), Broadcast(300.0, sends="estimate"), Broadcast(300.0, sends="received"))
    without, *noiseless = (_run(_federation(way, uplink, elements=103), 2) for way in ways)
    assert without.drift.shape == (0, SIZE)
    for each in noiseless:
        np.testing.assert_allclose(_vector(each), _vector(without), atol=3e-6)
        assert np.abs(each.drift).max() < 3e-6


class Told(Identity):
    """Decodes nothing but the noise it is told of."""

    def decode(self, symbols: tf.Tensor, layers: Any, code: Any, noise: tf.Tensor) -> tf.Tensor:
        return tf.reshape(tf.stack([tf.math.real(symbols), tf.zeros([26]) + noise], 1), [52])[1:]


def test_a_devices_decoder_is_told_of_the_noise_of_both_ways() -> None:
    """Told's entries 0, 2, ... are the noise; 1, 3, ... real parts, whose drift has the noise that was added."""
    federation = _federation(Broadcast(5.0), Analog(Told()), devices=60)
    received = _federation(Broadcast(5.0, sends="received"), Analog(Told()), devices=60)
    assert np.all(np.asarray(_run(federation).drift) != 0)
    moves = np.asarray(_run(received).drift) / -RATE
    told, real = moves[:, 0::2], moves[:, 1::2]
    assert np.ptp(told) < 1e-4 * told.mean() and told.min() > 0  # the uplink's own noise is in the server's estimate
    _variance_is(real, told.mean())


@pytest.mark.parametrize(
    ("uplink", "algorithm"),  # as in rounds without a downlink, each of both meets its side
    [
        (Ideal(), Sgd()),
        (Ideal(), Fedavg(learning_rate=0.2, steps=2)),
        (Analog(RandomLinear(2.0)), Fedavg(learning_rate=0.2, steps=2)),
        (Digital(), Sgd()),
    ],
    ids=["ideal-sgd", "ideal-fedavg", "random_linear-fedavg", "digital-sgd"],
)
def test_executors_and_chunks_agree(uplink: Any, algorithm: Any) -> None:
    sends: Any = "received" if isinstance(uplink, Analog) else "estimate"
    states = []
    for executor, chunk in (("loop", None), ("loop", 4), ("vectorized", 4)):
        options: Any = {"executor": executor, "chunk": chunk, "participation": 0.7, "batch_size": 3}
        states.append(_run(_federation(Broadcast(5.0, sends=sends), uplink, algorithm, **options), 1))
    for state in states[1:]:  # float32 sums of some ten terms in other orders
        np.testing.assert_allclose(_vector(state), _vector(states[0]), atol=3e-6)
        np.testing.assert_allclose(state.drift, states[0].drift, atol=3e-6)


def test_the_noise_does_not_depend_on_executor_or_chunk() -> None:
    drifts = [
        np.asarray(_run(_federation(Broadcast(5.0), Constant(), executor=executor, chunk=chunk), 2).drift)
        for executor, chunk in (("loop", None), ("loop", 1), ("vectorized", 4))
    ]
    assert all(np.array_equal(drift, drifts[0]) for drift in drifts)


def test_the_same_seed_repeats_a_run_bit_for_bit_and_another_does_not() -> None:
    first, again = (_run(_federation(Broadcast(5.0), Analog()), 3) for _ in range(2))
    assert np.array_equal(first.drift, again.drift) and np.array_equal(_vector(first), _vector(again))
    assert not np.any(np.asarray(_run(_federation(Broadcast(5.0), Analog()), 3, seed=5).drift) == first.drift)


@pytest.mark.parametrize("executor", ["loop", "vectorized"])
def test_devices_take_gradients_at_models_of_their_own(executor: Any) -> None:
    devices = 6
    federation = _federation(Broadcast(-3.0), devices=devices, executor=executor)
    state = _run(federation, 1)
    data, total = _data(devices), np.zeros(SIZE)
    for device in range(devices):
        own = moved(state.weights, state.drift[device]).trainable
        x, y = (part[4 * device : 4 * device + 4] for part in (data.x_train, data.y_train))
        logits = x.reshape(4, 16) @ own[0].numpy() + own[1].numpy()
        error = np.exp(logits) / np.exp(logits).sum(1, keepdims=True) - np.eye(3)[y]  # softmax less one-hot
        total += np.concatenate([(x.reshape(4, 16).T @ error).ravel(), error.sum(0)]) / 4 / devices
    after, _ = federation.step(state, 4, 10.0)
    np.testing.assert_allclose(_vector(after), _vector(state) - RATE * total, atol=2e-6)


def test_everybody_receives_in_every_round() -> None:
    state = _run(_federation(Broadcast(5.0), participation=0.3), 1)
    assert np.all(np.asarray(state.drift) != 0)


@pytest.mark.parametrize("sends", ["estimate", "received"])
@pytest.mark.parametrize("codec", [Identity(), OneBit()], ids=["identity", "one_bit"])
def test_where_nobody_sends_nothing_is_broadcast(codec: Any, sends: Any) -> None:
    federation = _federation(Broadcast(5.0, sends=sends), Analog(codec), participation=1e-6)
    after, metrics = federation.step(federation.init(0), 0, 10.0)
    assert not np.any(after.drift) and bool(metrics.finite)


def test_statistics_drift_by_all_of_the_noise_and_weights_by_the_learning_rate() -> None:
    def model(seed: int) -> keras.Model:
        layers = [keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.BatchNormalization()]
        return keras.Sequential([*layers, keras.layers.Dense(3, kernel_initializer="ones")])

    devices, weights, statistics = 40, 2 * 16 + SIZE, 2 * 16
    drift = np.asarray(_run(_federation(Broadcast(0.0), Constant(), devices=devices, model=model)).drift)
    energy = np.sum(np.arange(1.0, weights + statistics + 1) ** 2)
    noise = energy / -(-(weights + statistics) // 2) / 2
    _variance_is(drift[:, :weights], RATE**2 * noise)
    _variance_is(drift[:, weights:], noise)


@pytest.mark.parametrize(
    ("uplink", "sends", "elements"),
    [
        (Ideal(), "estimate", 26),
        (Analog(RandomLinear(3.0)), "estimate", 26),
        (Analog(RandomLinear(3.0)), "received", 9),
        (Analog(RandomLinear(), Individual()), "received", 19),  # the scale, on an element of the uplink, stays there
    ],
    ids=["ideal", "estimate", "received", "individual"],
)
def test_a_broadcast_has_elements_and_airtime_of_its_own(uplink: Any, sends: Any, elements: int) -> None:
    free, noisy = (
        _federation(downlink, uplink, elements=20) for downlink in (ideal.IdealDownlink(), Broadcast(5.0, sends=sends))
    )
    without, with_it = (each.step(each.init(0), 0, 10.0)[1] for each in (free, noisy))
    assert (float(without.downlink_elements), float(with_it.downlink_elements)) == (0, elements)
    slot = 2 * (16 + 16) / (16 * 15e3)  # two symbols with prefixes, of 32 elements
    np.testing.assert_allclose(with_it.airtime - without.airtime, slot, rtol=1e-6)
    assert with_it.resource_elements == without.resource_elements and with_it.energy == without.energy


def test_the_accuracy_is_the_mean_of_the_models_that_devices_have() -> None:
    federation = _federation(Broadcast(-10.0), devices=6)
    state, data = _run(federation, 3), _data(6)
    models = [moved(state.weights, drift).trainable for drift in state.drift]
    right = [
        np.argmax(data.x_test.reshape(-1, 16) @ kernel.numpy() + bias.numpy(), 1) == data.y_test
        for kernel, bias in models
    ]
    np.testing.assert_allclose(federation.evaluate(state)[0], np.mean(right), rtol=1e-6)
    assert np.ptp(np.mean(right, axis=1)) > 0
    server = federation.evaluate_server(state)
    assert server != federation.evaluate(state)
    free = _federation(ideal.IdealDownlink())
    assert free.evaluate(state) == server == free.evaluate_server(state)


def test_of_many_devices_ten_are_evaluated() -> None:
    federation = _federation(Broadcast(-10.0), devices=25)
    state = _run(federation, 1)
    alone = [
        tuple(map(float, federation.evaluate(state._replace(drift=tf.repeat(state.drift[k : k + 1], 25, 0)))))
        for k in range(25)
    ]
    some = keys.permutation(keys.key(0, "evaluated"), 25)[:10].numpy()
    assert len(set(some)) == 10
    np.testing.assert_allclose(federation.evaluate(state), np.mean([alone[k] for k in some], axis=0), rtol=1e-5)


def _convolution(seed: int) -> keras.Model:
    layers = [keras.layers.Input((4, 4, 1)), keras.layers.Conv2D(2, 3), keras.layers.Flatten(), keras.layers.Dense(3)]
    return keras.Sequential(layers)


SGD = keras.optimizers.SGD


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"optimizer": partial(keras.optimizers.Adam, 0.1)}, "optimizer: expected plain sgd with a downlink, .*adam$"),
        ({"optimizer": partial(SGD, 0.1, momentum=0.9)}, "optimizer: expected plain sgd .* sgd with momentum$"),
        ({"optimizer": partial(SGD, 0.1, weight_decay=0.1)}, "sgd with weight_decay$"),
        ({"optimizer": partial(SGD, 0.1, clipnorm=1.0)}, "sgd with clipnorm$"),
        ({"downlink": Broadcast(5.0, sends="received"), "uplink": Digital()}, "downlink.sends: expected estimate"),
        ({"downlink": Broadcast(5.0, sends="received")}, "downlink.sends: expected estimate"),
        (
            {"uplink": Analog(LowRank(1)), "elements": 60},
            "uplink.codec: expected one that does without the last estimate",
        ),
        ({"downlink": Broadcast(5.0, (1.0,) * 7)}, "downlink.offsets_db: expected one for each of 6 devices.* 7$"),
        ({"model": _convolution, "executor": "vectorized"}, "executor: expected loop for convolutions on weights of"),
    ],
    ids=["adam", "momentum", "decay", "clipping", "digital", "ideal", "low_rank", "offsets", "vectorized"],
)
def test_what_cannot_be_is_refused_in_one_line(change: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said) as error:
        _federation(**{"downlink": Broadcast(5.0), **change})
    assert "\n" not in str(error.value)


def test_models_of_all_devices_that_do_not_fit_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overair.ota.terms.MEMORY_BYTES", 4 * 6 * SIZE)
    _federation(Broadcast(5.0))
    with pytest.raises(ValueError, match="^downlink: expected at most .* received 7 devices x 51 parameters, .*$"):
        _federation(Broadcast(5.0), devices=7)


def test_sgd_with_a_schedule_drifts_at_the_rate_of_the_round() -> None:
    schedule = keras.optimizers.schedules.ExponentialDecay(RATE, 1, 0.5)
    federation = _federation(Broadcast(5.0), Constant(), devices=60, optimizer=partial(SGD, schedule))
    state, noise = federation.init(0), np.sum(np.arange(1.0, SIZE + 1) ** 2) / 26 / 2 / 10**0.5
    for round in range(3):
        before, (state, _) = np.asarray(state.drift), federation.step(state, 0, 0.0)
        _variance_is(np.asarray(state.drift) - before, (RATE * 0.5**round) ** 2 * noise)
