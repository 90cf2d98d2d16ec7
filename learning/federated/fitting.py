"""Rounds as a training of Keras: its callbacks see what rounds gave, and a model that holds the server's weights.

    history = federation.fit(
        50, seed=0, snr_db=10.0, evaluate_every=5,
        callbacks=[keras.callbacks.EarlyStopping(patience=3), keras.callbacks.ModelCheckpoint("{epoch}.keras")],
    )

An epoch is a round after which the model is evaluated, and has the round's number, from 0 as Keras counts. Its logs
are ``loss`` of the training, ``val_loss`` and ``val_accuracy`` of the test data, and what a round cost, as ``Metrics``
names it: means over the rounds since the last epoch, the largest ``energy_max``, the last ``elapsed`` and ``epsilon``.
Batches have no hooks. The model's optimizer is the learning rate of the server's: what a callback sets, as
``LearningRateScheduler`` and ``ReduceLROnPlateau`` do, is that of the rounds from there on, and stays in the state.
Whatever a callback writes into the model's weights, the federation goes on from its own state.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import keras
import numpy as np
import tensorflow as tf

from ...ota import Uplink
from ...ota.forms import check_forms
from ...phy.inputs import is_whole, kind, seed_of, snr_of
from .algorithms import Algorithm
from .downlinks import Downlink
from .metrics import Metrics
from .schedulers import Scheduler
from .server import Server
from .state import State, check
from .task import Task

COSTS = [name for name in Metrics._fields if name not in ("train_loss", "finite")]
LAST = "elapsed", "epsilon"

log = logging.getLogger("overair")


class Federation(Protocol):
    """What is trained in rounds, as `federation.py` has it."""

    model_factory: Callable[[int], keras.Model]
    task: Task
    algorithm: Algorithm
    server: Server
    uplink: Uplink
    downlink: Downlink
    scheduler: Scheduler
    forms: dict[str, str]

    def init(self, seed: int) -> State: ...

    def step(self, state: State, seed: int, snr_db: float) -> tuple[State, Metrics]: ...

    def check(self, state: Any) -> None: ...

    def evaluate(self, state: State) -> tuple[tf.Tensor, tf.Tensor]: ...


class History(keras.callbacks.History):
    """Keras' history, with the state after the last round."""

    state: State


class Rate:
    """What callbacks see of the server's optimizer: its learning rate, to read and to set."""

    built = True  # BackupAndRestore asks

    def __init__(self, server: Server, state: State) -> None:
        self._at, self._set = server.rate_at, False
        self._value = 0.0 if self._at is None else float(state.optimizer[self._at])

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        self._check_number()
        return self._value

    @learning_rate.setter
    def learning_rate(self, rate: Any) -> None:
        self._check_number()
        value = float(rate)
        if not 0 <= value < np.inf:
            raise ValueError(f"callbacks: expected a learning rate of at least 0, received {rate}")
        self._set, self._value = True, value

    def _check_number(self) -> None:
        if self._at is None:
            raise ValueError(
                "callbacks: expected none that reads or sets a learning rate beside an optimizer with a schedule, "
                "received one; give the optimizer a number"
            )

    def on(self, state: State) -> State:
        """The state with what was set."""
        if not self._set or self._at is None:
            return state
        variables = list(state.optimizer)
        variables[self._at] = tf.constant(self._value, variables[self._at].dtype)
        self._set = False
        return state._replace(optimizer=variables)


def check_state(federation: Federation, state: Any) -> None:
    """Raise ValueError unless ``init`` or ``step`` of a federation of such parts returned it."""
    check(state, federation.task.layers)
    if not federation.forms:
        federation.init(0)
    whose = {"optimizer": federation.server.optimizer, "uplink": federation.uplink, "scheduler": federation.scheduler}
    check_forms(state, federation.forms, whose | {"drift": federation.downlink, "memory": federation.algorithm})


def model(federation: Federation, state: State) -> keras.Model:
    """A Keras model of its own with the server's weights, to save or to use."""
    check(state, federation.task.layers)
    if not federation.algorithm.server_model:
        name = type(federation.algorithm).__name__.lower()
        raise ValueError(f"algorithm: expected one whose server has a model, received {name}")
    made = federation.model_factory(0)
    federation.task.fill(made, state.weights)
    return made


def fit(
    federation: Federation,
    rounds: int,
    seed: int,
    snr_db: float,
    callbacks: Sequence[keras.callbacks.Callback] = (),
    evaluate_every: int = 1,
    state: State | None = None,
) -> History:
    """Rounds, as of ``step``, from a state or the start, until they are done or a callback stops them.

    Callbacks see an epoch after every so many rounds and after the last; ``history.state`` goes on from there.
    """
    _check(rounds, evaluate_every, callbacks)
    seed, snr_db = seed_of(seed), snr_of(snr_db)
    state = federation.init(seed) if state is None else state
    federation.check(state)
    history, trained, first = History(), model(federation, state), int(state.round)
    seen = keras.callbacks.CallbackList(
        [*callbacks, history], model=trained, epochs=first + rounds, steps=evaluate_every, verbose=0
    )
    rate = Rate(federation.server, state)
    trained.stop_training, trained.optimizer = False, rate
    seen.on_train_begin()
    for last in _evaluated(first, first + rounds, evaluate_every):
        seen.on_epoch_begin(last - 1)
        state, told = _some(federation, rate.on(state), last, seed, snr_db)
        federation.task.fill(trained, state.weights)
        seen.on_epoch_end(int(state.round) - 1, _logs(federation, state, told))
        if trained.stop_training or not bool(told[-1].finite):
            break
    history.state = rate.on(state)
    seen.on_train_end()
    return history


def _check(rounds: Any, evaluate_every: Any, callbacks: Any) -> None:
    for name, value in (("rounds", rounds), ("evaluate_every", evaluate_every)):
        if not is_whole(value, 1):
            raise ValueError(f"{name}: expected a whole number of at least 1, received {value!r}")
    if not isinstance(callbacks, Sequence):
        raise ValueError(
            f"callbacks: expected a list of Keras' callbacks, received {kind(callbacks)}; put it into a list"
        )
    for callback in callbacks:
        if not isinstance(callback, keras.callbacks.Callback):
            raise ValueError(
                "callbacks: expected objects of Keras' callbacks, such as keras.callbacks.EarlyStopping(), received "
                f"{kind(callback)}"
            )


def _some(federation: Federation, state: State, last: int, seed: int, snr_db: float) -> "tuple[State, list[Metrics]]":
    """Rounds up to one, or to that in which numbers stop being finite."""
    told: list[Metrics] = []
    while int(state.round) < last and (not told or bool(told[-1].finite)):
        state, metrics = federation.step(state, seed, snr_db)
        told.append(metrics)
    if not bool(told[-1].finite):
        log.warning("stopped in round %d of seed %d: numbers are no longer finite", int(state.round), seed)
    return state, told


def _evaluated(first: int, last: int, every: int) -> Iterator[int]:
    """The rounds after which the model is evaluated: multiples of a number, and the last."""
    yield from (round for round in range(first + 1, last) if round % every == 0)
    yield last


def _logs(federation: Federation, state: State, told: Sequence[Metrics]) -> dict[str, Any]:
    """What callbacks see of some rounds; means leave out NaN, as of rounds with nobody."""
    logs = {"loss": _mean([float(each.train_loss) for each in told])}
    for name in COSTS:
        values = [float(getattr(each, name)) for each in told]
        logs[name] = values[-1] if name in LAST else max(values) if name == "energy_max" else _mean(values)
    accuracy, loss = federation.evaluate(state)
    return logs | {"val_accuracy": float(accuracy), "val_loss": float(loss)}


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else np.nan
