"""Rounds as epochs of Keras: bit for bit those of step, and callbacks see, save and stop what they say they do."""

import csv
import logging
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from overair.learning import Federation, Sgd
from overair.learning.data import Arrays
from overair.learning.federated.metrics import Metrics
from overair.ota import Analog, Ideal, RandomLinear, Uplink
from overair.phy import Air, Grid, MseOptimal, Rayleigh

DEVICES, SEED, SNR_DB = 3, 2, 12.0
SHARES = np.split(np.arange(60), [10, 25])


def network(seed: int) -> keras.Model:
    """With moving statistics, which are no trainable weights, and random numbers in training."""
    start = keras.initializers.GlorotUniform(seed=seed)
    layers = keras.layers
    first = [layers.Input((6,)), layers.BatchNormalization(), layers.Dropout(0.1)]
    return keras.Sequential([*first, layers.Dense(3, kernel_initializer=start)])


def dense(seed: int) -> keras.Model:
    start = keras.initializers.GlorotUniform(seed=seed)
    return keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(3, kernel_initializer=start)])


def data() -> Arrays:
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 90).astype(np.int32)
    x = (np.eye(3, 6)[y] + 0.6 * rng.normal(size=(90, 6))).astype(np.float32)
    return Arrays(x[:60], y[:60], x[60:], y[60:], 3)


def made(model: Any = network, algorithm: Any = None, rate: Any = 0.5, uplink: Uplink | None = None) -> Federation:
    uplink = uplink or Analog(RandomLinear(), MseOptimal())
    air = Air(Grid(), Rayleigh(), DEVICES)
    return Federation(
        model, data(), SHARES, algorithm or Sgd(), uplink, air, 30, lambda: keras.optimizers.SGD(rate), batch_size=8
    )  # fmt: skip


@pytest.fixture(scope="module")
def federation() -> Federation:
    return made()


@pytest.fixture(scope="module")
def rounds(federation: Federation) -> list[tuple[Any, Metrics, float, float]]:
    """Of ``step``: state, metrics, accuracy and loss after each."""
    state, found = federation.init(SEED), list[tuple[Any, Metrics, float, float]]()
    for _ in range(6):
        state, metrics = federation.step(state, SEED, SNR_DB)
        accuracy, loss = federation.evaluate(state)
        found.append((state, metrics, float(accuracy), float(loss)))
    return found


def same(one: Any, other: Any) -> None:
    for mine, yours in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True):
        np.testing.assert_array_equal(mine, yours)


def test_rounds_are_those_of_step_bit_for_bit(federation: Federation, rounds: Any) -> None:
    history = federation.fit(6, SEED, SNR_DB)
    same(history.state, rounds[-1][0])
    assert history.epoch == [0, 1, 2, 3, 4, 5]
    assert history.history["val_accuracy"] == [accuracy for _, _, accuracy, _ in rounds]
    assert history.history["val_loss"] == [loss for *_, loss in rounds]
    np.testing.assert_array_equal(history.history["loss"], [float(each.train_loss) for _, each, *_ in rounds])
    for name in set(Metrics._fields) - {"train_loss", "finite"}:
        np.testing.assert_array_equal(history.history[name], [float(getattr(each, name)) for _, each, *_ in rounds])
    for weight, value in zip(history.model.trainable_variables, rounds[-1][0].weights.trainable, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_epochs_are_the_rounds_that_are_evaluated_and_a_state_goes_on(federation: Federation, rounds: Any) -> None:
    """Rounds 2 and 4 and the last, in two parts; costs are means since, of energy_max the largest."""
    first = federation.fit(3, SEED, SNR_DB, evaluate_every=2)
    then = federation.fit(3, SEED, SNR_DB, evaluate_every=2, state=first.state)
    assert first.epoch == [1, 2] and then.epoch == [3, 5]
    same(then.state, rounds[-1][0])
    metrics = [each for _, each, *_ in rounds]
    assert first.history["nmse"] == pytest.approx([(metrics[0].nmse + metrics[1].nmse) / 2, metrics[2].nmse])
    assert then.history["energy"] == pytest.approx([metrics[3].energy, (metrics[4].energy + metrics[5].energy) / 2])
    assert then.history["energy_max"] == [metrics[3].energy_max, max(metrics[4].energy_max, metrics[5].energy_max)]
    assert then.history["val_loss"] == [rounds[3][3], rounds[5][3]]


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras saving with h5py
def test_callbacks_of_keras_work(federation: Federation, rounds: Any, tmp_path: Path) -> None:
    """CSVLogger's rows, LambdaCallback's calls and the models of ModelCheckpoint."""
    called: list[tuple[Any, ...]] = []
    history = federation.fit(
        3, SEED, SNR_DB,
        callbacks=[
            keras.callbacks.CSVLogger(tmp_path / "log.csv"),
            keras.callbacks.ModelCheckpoint(tmp_path / "{epoch}.keras"),
            keras.callbacks.LambdaCallback(
                on_train_begin=lambda logs: called.append(("train",)),
                on_epoch_begin=lambda epoch, logs: called.append(("begin", epoch)),
                on_epoch_end=lambda epoch, logs: called.append(("end", epoch, logs["val_accuracy"])),
                on_train_end=lambda logs: called.append(("done",)),
            ),
        ],
    )  # fmt: skip
    accuracies = [accuracy for _, _, accuracy, _ in rounds[:3]]
    spans = [each for epoch in range(3) for each in (("begin", epoch), ("end", epoch, accuracies[epoch]))]
    assert called == [("train",), *spans, ("done",)]
    with (tmp_path / "log.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["epoch"]) for row in rows] == [0, 1, 2]
    assert [float(row["val_loss"]) for row in rows] == history.history["val_loss"]
    assert [float(row["nmse"]) for row in rows] == history.history["nmse"]
    test = data()
    for round, accuracy in enumerate(accuracies, 1):
        told = keras.models.load_model(tmp_path / f"{round}.keras").predict(test.x_test, verbose=0).argmax(1)
        assert np.mean(told == test.y_test) == pytest.approx(accuracy, abs=1e-6)


def test_tensorboard_sees_them(federation: Federation, rounds: Any, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="TensorBoard, which TensorFlow writes its summaries by, is not installed")
    history = federation.fit(3, SEED, SNR_DB, callbacks=[keras.callbacks.TensorBoard(tmp_path)])
    assert events(tmp_path / "train", "epoch_nmse") == pytest.approx(history.history["nmse"])
    assert events(tmp_path / "validation", "epoch_accuracy") == pytest.approx([each[2] for each in rounds[:3]])


def events(folder: Path, tag: str) -> list[float]:
    """The values of a scalar in TensorBoard's files."""
    found = []
    for file in sorted(folder.glob("events.*")):
        for raw in tf.data.TFRecordDataset(str(file)):
            for value in tf.compat.v1.Event.FromString(raw.numpy()).summary.value:
                if value.tag == tag:
                    found.append(float(tf.make_ndarray(value.tensor)))
    return found


def test_early_stopping_stops_and_the_federation_keeps_its_own_weights(federation: Federation, rounds: Any) -> None:
    """Nothing improves by so much: after a round of patience the rounds end, and the best weights are the model's."""
    stop = keras.callbacks.EarlyStopping(min_delta=100.0, patience=1, restore_best_weights=True)
    history = federation.fit(6, SEED, SNR_DB, callbacks=[stop])
    assert history.epoch == [0, 1]
    same(history.state, rounds[1][0])
    for weight, value in zip(history.model.trainable_variables, rounds[0][0].weights.trainable, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)


def test_numbers_that_are_not_finite_end_the_rounds(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "overair"):
        history = made(dense, rate=3e38, uplink=Ideal()).fit(6, SEED, SNR_DB, evaluate_every=6)
    assert history.epoch == [int(history.state.round) - 1] and int(history.state.round) < 6
    assert f"stopped in round {int(history.state.round)} of seed 2: numbers are no longer finite" in caplog.text


def test_what_is_wrong_is_told_in_a_line(federation: Federation) -> None:
    with pytest.raises(ValueError, match="rounds: expected a whole number of at least 1, received 0"):
        federation.fit(0, SEED, SNR_DB)
    with pytest.raises(ValueError, match="evaluate_every: expected a whole number of at least 1, received 0"):
        federation.fit(1, SEED, SNR_DB, evaluate_every=0)
    with pytest.raises(ValueError, match="callbacks: expected a list of Keras' callbacks"):
        federation.fit(1, SEED, SNR_DB, callbacks=keras.callbacks.EarlyStopping())


def test_a_scheduled_rate_is_that_of_the_round(federation: Federation, rounds: Any) -> None:
    """Of plain SGD a step is -rate times the estimate, which is the same from the same state: by halves, exactly."""
    halved = keras.callbacks.LearningRateScheduler(lambda epoch: 0.5 if epoch < 2 else 0.25)
    history = federation.fit(3, SEED, SNR_DB, callbacks=[halved])
    same([*history.model.trainable_variables], history.state.weights.trainable)
    before, usual = rounds[1][0].weights.trainable, rounds[2][0].weights.trainable
    for start, whole, found in zip(before, usual, history.state.weights.trainable, strict=True):
        np.testing.assert_allclose(found - start, (whole - start) / 2, atol=2e-7 * np.abs(start).max(), rtol=0)
    assert history.history["learning_rate"] == [0.5, 0.5, 0.25]


def test_a_rate_that_is_reduced_stays_in_the_state_and_compiles_nothing() -> None:
    """Nothing improves by so much: the rate halves after every epoch but the first, and so it stays."""
    fresh = made(dense)
    assert fresh._round.experimental_get_tracing_count() == 0
    reduce = keras.callbacks.ReduceLROnPlateau(factor=0.5, patience=1, min_delta=100.0, min_lr=0.0)
    first = fresh.fit(3, SEED, SNR_DB, callbacks=[reduce])
    assert first.history["learning_rate"] == [0.5, 0.5, 0.25]
    then = fresh.fit(
        1, SEED, SNR_DB, state=first.state, callbacks=[keras.callbacks.LearningRateScheduler(lambda _, rate: rate)]
    )
    assert then.history["learning_rate"] == [0.125] and fresh._round.experimental_get_tracing_count() == 1
    same(then.state, fresh.step(first.state, SEED, SNR_DB)[0])


class Setting(keras.callbacks.Callback):
    """Sets a rate, whatever it is."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.model.optimizer.learning_rate = self.rate


def test_a_rate_that_cannot_be_set_is_told_in_a_line(federation: Federation) -> None:
    for rate in (-0.1, np.nan, np.inf):
        with pytest.raises(ValueError, match=f"^callbacks: expected a learning rate of at least 0, received {rate}"):
            federation.fit(1, SEED, SNR_DB, callbacks=[Setting(rate)])
    falling = made(dense, rate=keras.optimizers.schedules.ExponentialDecay(0.5, 1, 0.5))
    for callback in (keras.callbacks.LearningRateScheduler(lambda epoch: 0.1), Setting(0.1)):
        with pytest.raises(ValueError, match="^callbacks: expected none that reads or sets a learning rate beside"):
            falling.fit(1, SEED, SNR_DB, callbacks=[callback])
