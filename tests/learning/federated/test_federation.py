"""Rounds of a federation: executors agree, keys decide, uplinks share their links, and the exact mean is exact."""

from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Fedavg, Federation, Metrics, Sgd, State
from overair.learning.data import Arrays
from overair.ota import Analog, Digital, Ideal, Identity, RandomLinear, Round, Terms
from overair.phy import Air, Awgn, FullInversion, Grid, MseOptimal, PhaseOnly, Rayleigh, Tdl, TruncatedInversion, keys

DEVICES = 6


def _data(classes: int = 3) -> Arrays:
    rng = np.random.default_rng(0)
    x, y = rng.random((90, 4, 4, 1), np.float32), rng.integers(0, classes, 90).astype(np.int32)
    return Arrays(x[:60], y[:60], x[60:], y[60:], classes)


def _shares() -> list[np.ndarray]:
    return np.split(np.arange(60), [3, 10, 20, 34, 40])  # unequal


def _dense(seed: int) -> keras.Model:
    init = keras.initializers.GlorotUniform(seed=seed)
    layers = [keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3, kernel_initializer=init)]
    return keras.Sequential(layers)


def _convolution(seed: int) -> keras.Model:
    first, last = keras.initializers.GlorotUniform(seed=seed), keras.initializers.GlorotUniform(seed=seed + 1)
    return keras.Sequential(
        [
            keras.layers.Input((4, 4, 1)),
            keras.layers.Conv2D(2, 3, kernel_initializer=first, activation="relu"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, kernel_initializer=last),
        ]
    )


def _federation(
    uplink: Any = None,
    algorithm: Any = None,
    channel: Any = None,
    model: Any = _dense,
    elements: int = 60,
    rate: float = 0.5,
    **options: Any,
) -> Federation:
    air = Air(Grid(subcarriers=16, symbols=2), channel or Tdl(delay_spread=30e-9), DEVICES)
    uplink, algorithm = uplink or Analog(), algorithm or Sgd()
    options = {"batch_size": 5, "data": _data(), **options}
    data = options.pop("data")
    return Federation(
        model, data, _shares(), algorithm, uplink, air, elements, lambda: keras.optimizers.SGD(rate), **options
    )


def _run(federation: Federation, rounds: int = 3, seed: int = 4) -> tuple[State, Metrics]:
    state = federation.init(seed)
    for _ in range(rounds):
        state, metrics = federation.step(state, seed, 10.0)
    return state, metrics


def _same(value: Any) -> Any:
    return value


def _values(nest: Any) -> list[np.ndarray]:
    return [np.asarray(tensor) for tensor in tf.nest.flatten(nest)]


@pytest.mark.parametrize(
    ("uplink", "algorithm"),  # executors meet every algorithm, chunks every uplink
    [
        (Ideal(), Sgd()),
        (Ideal(), Fedavg(steps=2)),
        (Ideal(), Fedavg(epochs=1)),
        (Analog(RandomLinear()), Fedavg(steps=2)),
        (Digital(), Fedavg(epochs=1)),
    ],
    ids=["ideal-sgd", "ideal-steps", "ideal-epochs", "analog-steps", "digital-epochs"],
)
def test_executors_and_chunks_agree_to_float_precision(uplink: Any, algorithm: Any) -> None:
    reference = None
    for executor, chunk in (("loop", None), ("loop", 2), ("vectorized", None), ("vectorized", 4)):
        federation = _federation(uplink, algorithm, executor=executor, chunk=chunk, participation=0.7)
        state, metrics = _run(federation, rounds=1)
        vector = np.concatenate([value.ravel() for value in _values(state.weights)])
        if reference is None:
            reference = vector, metrics
        # one round; float32 sums of some ten terms in other orders
        np.testing.assert_allclose(vector, reference[0], atol=3e-6)
        assert metrics.decoded == reference[1].decoded
        assert metrics.bits == reference[1].bits


def test_a_round_of_a_convolutional_model_agrees_across_executors() -> None:
    loop, vectorized = (
        _run(_federation(Ideal(), model=_convolution, executor=e), 1)[0] for e in ("loop", "vectorized")
    )
    for left, right in zip(_values(loop.weights), _values(vectorized.weights), strict=True):
        np.testing.assert_allclose(left, right, atol=3e-6)


def test_auto_vectorizes_unless_the_model_convolves() -> None:
    assert _federation(executor="auto").vectorized
    assert not _federation(model=_convolution, executor="auto").vectorized


def test_the_same_seed_repeats_a_run_bit_for_bit_and_another_does_not() -> None:
    first, second = (_values(_run(_federation(participation=0.7))[0]) for _ in range(2))
    assert all(np.array_equal(left, right) for left, right in zip(first, second, strict=True))
    other = _values(_run(_federation(participation=0.7), seed=5)[0].weights)
    assert not np.array_equal(first[1], other[0])


def test_participation_and_batches_do_not_depend_on_executor_or_chunk() -> None:
    losses, heard = set(), set()
    for executor, chunk in (("loop", None), ("loop", 1), ("loop", 4)):
        _, metrics = _run(_federation(Ideal(), executor=executor, chunk=chunk, participation=0.5), rounds=1)
        heard.add(float(metrics.decoded))
        losses.add(float(metrics.train_loss))
    assert len(heard) == 1
    assert max(losses) - min(losses) < 1e-6


def test_links_are_bitwise_equal_across_uplinks(monkeypatch: Any) -> None:
    original, links = Air.draw, []

    def remember(self: Air, *arguments: Any) -> Any:
        link = original(self, *arguments)
        tf.py_function(lambda *values: links.append([value.numpy() for value in values]), tf.nest.flatten(link), [])
        return link

    monkeypatch.setattr(Air, "draw", remember)
    for uplink in (Analog(), Analog(RandomLinear(), MseOptimal()), Digital()):
        _run(_federation(uplink, participation=0.7), rounds=2)
    assert len(links) == 6  # three uplinks, two rounds each
    for analog, coded, digital in (links[0::2], links[1::2]):
        assert all(
            np.array_equal(a, b) and np.array_equal(a, c) for a, b, c in zip(analog, coded, digital, strict=True)
        )
    assert not np.array_equal(links[0][0], links[1][0])


def test_without_noise_and_with_perfect_csi_the_analog_round_is_the_ideal_one() -> None:
    for channel in (Awgn(), Rayleigh(), Tdl(delay_spread=30e-9, speed=20.0)):
        analog = _federation(Analog(Identity(), FullInversion()), channel=channel)
        ideal = _federation(Ideal(), channel=channel)
        left, metrics = analog.step(analog.init(1), 1, 250.0)
        right, _ = ideal.step(ideal.init(1), 1, 250.0)
        assert metrics.nmse < 1e-10
        for a, b in zip(_values(left.weights), _values(right.weights), strict=True):
            np.testing.assert_allclose(a, b, atol=2e-6)


def test_ideal_sgd_on_everything_is_gradient_descent_on_all_data() -> None:
    federation = _federation(Ideal(), batch_size=None)
    state = federation.init(3)
    after, _ = federation.step(state, 3, 0.0)
    data, model = _data(), _dense(3)
    with tf.GradientTape() as tape:
        losses = keras.losses.sparse_categorical_crossentropy(data.y_train, model(data.x_train), from_logits=True)
        loss = tf.reduce_mean(losses)
    gradient = tape.gradient(loss, [v.value for v in model.trainable_variables])
    for weight, variable, slope in zip(after.weights.trainable, model.trainable_variables, gradient, strict=True):
        np.testing.assert_allclose(weight, variable.numpy() - 0.5 * slope.numpy(), atol=1e-6)


def test_fedavg_of_one_step_is_distributed_sgd() -> None:
    local, distributed = _federation(Ideal(), Fedavg(learning_rate=0.5, steps=1), rate=1.0), _federation(Ideal(), Sgd())
    left, right = _run(local, 1)[0], _run(distributed, 1)[0]
    for a, b in zip(_values(left.weights), _values(right.weights), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_an_epoch_visits_every_sample_once() -> None:
    from overair.learning.federated.batches import epochs

    sizes = tf.constant([3, 7, 10])
    batches = epochs(keys.key(1), sizes, 10, 2, 4)
    for device, size in enumerate(sizes.numpy()):
        for epoch in range(2):
            part = slice(3 * epoch, 3 * (epoch + 1))
            mask = batches.mask[device, part].numpy() > 0
            assert sorted(batches.positions[device, part].numpy()[mask]) == list(range(size))


def test_moving_statistics_travel_with_the_update() -> None:
    def model(seed: int) -> keras.Model:
        layers = [keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.BatchNormalization(momentum=0.5)]
        return keras.Sequential([*layers, keras.layers.Dense(3, kernel_initializer="zeros")])

    shares, data = np.split(np.arange(60), DEVICES), _data()  # equal shares: no padding in the statistics
    air = Air(Grid(), Awgn(), DEVICES)
    federation = Federation(model, data, shares, Sgd(), Ideal(), air, 100, lambda: keras.optimizers.SGD(0.5))
    assert federation.terms.size == 2 * 16 + 16 * 3 + 3 + 2 * 16
    after, _ = federation.step(federation.init(0), 0, 0.0)
    x = data.x_train.reshape(
        DEVICES, 10, 16
    )  # a device's moving mean goes half-way from 0 to its own; variances from 1
    np.testing.assert_allclose(after.weights.statistics[0], 0.5 * x.mean(axis=(0, 1)), atol=1e-6)
    np.testing.assert_allclose(after.weights.statistics[1], 0.5 + 0.5 * x.var(axis=1).mean(axis=0), atol=1e-6)


def test_dropout_runs_from_our_keys_and_asks_for_the_loop() -> None:
    def model(seed: int) -> keras.Model:
        layers = [keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dropout(0.5)]
        return keras.Sequential([*layers, keras.layers.Dense(3, kernel_initializer="ones")])

    first, second = (_values(_run(_federation(Ideal(), model=model), 2)[0].weights) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))
    other = _values(_run(_federation(Ideal(), model=model, batch_size=None), 2, seed=8)[0].weights)
    assert not np.array_equal(first[0], other[0])
    with pytest.raises(ValueError, match="executor"):
        _federation(Ideal(), model=model, executor="vectorized")


def test_convolutions_on_weights_of_each_device_ask_for_the_loop() -> None:
    with pytest.raises(ValueError, match="executor: expected loop"):
        _federation(Ideal(), Fedavg(steps=2), model=_convolution, executor="vectorized")


def test_any_keras_optimizer_serves() -> None:
    o = keras.optimizers
    for optimizer in (o.Adam(0.01), o.RMSprop(0.01), o.SGD(0.1, momentum=0.9)):
        air, make = Air(Grid(), Awgn(), DEVICES), partial(_same, optimizer)
        federation = Federation(_dense, _data(), _shares(), Sgd(), Ideal(), air, 60, make)
        variables = [keras.Variable(w) for w in federation.init(2).weights.trainable]
        reference = optimizer.__class__.from_config(optimizer.get_config())
        reference.build(variables)
        state = federation.init(2)
        for _ in range(3):
            with tf.GradientTape() as tape:
                now = [v.value for v in variables]
                tape.watch(now)
                logits = tf.reshape(_data().x_train, [60, 16]) @ now[0] + now[1]
                loss = keras.losses.sparse_categorical_crossentropy(_data().y_train, logits, from_logits=True)
                loss = tf.reduce_mean(loss)
            reference.apply(tape.gradient(loss, now), variables)
            state, _ = federation.step(state, 2, 0.0)
        for weight, variable in zip(state.weights.trainable, variables, strict=True):
            np.testing.assert_allclose(weight, variable.numpy(), atol=1e-5)


def test_nobody_taking_part_leaves_the_weights_as_they_are() -> None:
    federation = _federation(Analog(), participation=1e-6)
    state = federation.init(0)
    after, metrics = federation.step(state, 0, 10.0)
    assert metrics.decoded == 0 and metrics.energy == 0 and bool(metrics.finite)
    assert all(np.array_equal(a, b) for a, b in zip(_values(state.weights), _values(after.weights), strict=True))


def test_a_nan_update_is_reported_as_not_finite() -> None:
    data = _data()
    data.x_train[:] = np.nan
    federation = _federation(Analog(), data=data)
    _, metrics = federation.step(federation.init(0), 0, 10.0)
    assert not bool(metrics.finite)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"elements": 20}, "grant.elements: expected at least 26"),
        ({"data": _data(4)}, "data.y_train: expected labels from 0 to 2"),
        ({"participation": 0.0}, "participation: expected a probability"),
        (
            {"model": lambda seed: keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten()])},
            "trainable",
        ),
    ],
)
def test_bad_input_is_refused_with_the_field_and_what_was_expected(change: Any, message: Any) -> None:
    with pytest.raises(ValueError, match=message):
        _federation(**change)


def test_an_empty_device_is_refused() -> None:
    shares = [*_shares()[:-1], np.array([], np.int64)]
    with pytest.raises(ValueError, match="received none for device 5"):
        Federation(
            _dense, _data(), shares, Sgd(), Ideal(), Air(Grid(), Awgn(), DEVICES), 60, lambda: keras.optimizers.SGD(0.1)
        )


def test_a_round_needs_a_link_where_its_uplink_uses_one() -> None:
    terms = Terms(Air(Grid(), Awgn(), 2), 10, 5)
    with pytest.raises(ValueError, match="round.link"):
        Analog().begin((), Round(terms, keys.key(0), tf.ones([2])), lambda question: question(tf.range(2), 0.0))


@pytest.mark.parametrize("rule", [TruncatedInversion(), MseOptimal(), PhaseOnly()], ids=["truncated", "mse", "phase"])
@pytest.mark.parametrize("speed", [0.0, 30.0])
def test_many_antennas_agree_across_chunks(rule: Any, speed: float) -> None:
    vectors = []
    for chunk in (None, 2):
        air = Air(Grid(subcarriers=16, symbols=2), Tdl(delay_spread=30e-9, speed=speed), DEVICES, antennas=3)
        optimizer = partial(keras.optimizers.SGD, 0.5)
        federation = Federation(
            _dense, _data(), _shares(), Sgd(), Analog(Identity(), rule), air, 60, optimizer, batch_size=5, chunk=chunk
        )
        state, _ = federation.step(federation.init(0), 0, 10.0)
        vectors.append(np.concatenate([value.ravel() for value in _values(state.weights)]))
    np.testing.assert_allclose(vectors[0], vectors[1], atol=3e-6)


def test_regularizers_count() -> None:
    def model(seed: int) -> keras.Model:
        shrink = keras.regularizers.L2(0.5)
        dense = keras.layers.Dense(3, kernel_initializer="ones", kernel_regularizer=shrink)
        return keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), dense])

    def plain(seed: int) -> keras.Model:
        dense = keras.layers.Dense(3, kernel_initializer="ones")
        return keras.Sequential([keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), dense])

    with_it, without = (_run(_federation(Ideal(), model=m), 1)[0].weights.trainable[0] for m in (model, plain))
    # the gradient of 0.5 |W|^2 is W = 1, the server's rate 0.5
    np.testing.assert_allclose(np.asarray(without) - np.asarray(with_it), 0.5, atol=1e-6)


def test_padded_batches_are_refused_for_models_that_learn_from_whole_batches() -> None:
    def model(seed: int) -> keras.Model:
        layers = [keras.layers.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.BatchNormalization()]
        return keras.Sequential([*layers, keras.layers.Dense(3)])

    assert _federation(Ideal(), model=model, batch_size=5).task.keeps_statistics
    for options in ({"batch_size": None}, {"algorithm": Fedavg(epochs=1), "batch_size": 4}):
        with pytest.raises(ValueError, match="batch_size: expected whole batches"):
            _federation(Ideal(), model=model, **options)


def test_a_loss_that_averages_is_refused() -> None:
    with pytest.raises(ValueError, match="reduction='none'"):
        _federation(loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))


def test_the_chunk_counts_batches_where_devices_are_computed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("overair.learning.federated.devices.CHUNK_BYTES", 4 * (51 + 5 * 16) * 2)
    assert _federation(executor="vectorized").chunk == 2  # 51 parameters and 5 samples of 16 pixels a device
    assert _federation(executor="loop").chunk == 5
