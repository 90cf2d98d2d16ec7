"""A federation: devices with shares of data that train one Keras model over an uplink, one compiled round at a time.

A round, in the order of ``_round``: who takes part; the round's link; each device's batches and update; the uplink
(energies first where its level needs them); the server's optimizer; what it cost. Devices are computed in chunks
whose updates fit a fixed memory and the uplink keeps running sums, so nothing grows with devices x parameters. Within
a chunk devices are computed one after another (``loop``) or all at once (``vectorized``); which is faster depends on
the model, and both give the same numbers to float precision. A downlink adds a model of its own to each device, [K, d].
"""

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..ota import Round, Terms, Uplink
from ..ota.round import Nest, at_devices
from ..phy import Air, Place, keys
from ..phy.keys import Key
from .algorithms import Algorithm
from .data import Arrays
from .downlink import Downlink, moved, rates
from .task import Task, Weights, flatten, unflatten

CHUNK_BYTES = 16 * 2**20  # updates held at once: little enough that the same pages serve again and again
HELD_BYTES = 128 * 2**20  # where more would mean to compute every update twice
EVALUATED = 10  # devices at most whose own models are evaluated


class State(NamedTuple):
    """Everything a run carries from round to round."""

    round: tf.Tensor  # int64
    weights: Weights
    optimizer: list[tf.Tensor]
    uplink: Nest
    place: Place
    drift: tf.Tensor  # devices' models less the server's, [K, d]; [0, d] where the downlink is ideal


class Metrics(NamedTuple):
    """Scalars of one round."""

    train_loss: tf.Tensor  # mean over those that took part
    nmse: tf.Tensor
    nmse_sent: tf.Tensor
    energy: tf.Tensor  # mean over devices, per granted resource element
    energy_max: tf.Tensor
    heard: tf.Tensor
    bits: tf.Tensor
    resource_elements: tf.Tensor
    pilot_elements: tf.Tensor
    downlink_elements: tf.Tensor
    airtime: tf.Tensor  # of both ways
    finite: tf.Tensor  # bool


class Federation:
    """One scenario, compiled once; seeds and SNRs are inputs of its round."""

    def __init__(
        self,
        model_factory: Callable[[int], keras.Model],
        data: Arrays,
        shares: Sequence[np.ndarray],
        algorithm: Algorithm,
        uplink: Uplink,
        air: Air,
        elements: int,
        optimizer: Callable[[], keras.optimizers.Optimizer],
        participation: float = 1.0,
        batch_size: int | None = None,
        executor: Literal["auto", "loop", "vectorized"] = "auto",
        chunk: int | None = None,
        loss: keras.losses.Loss | None = None,
        downlink: Downlink | None = None,
    ) -> None:
        self.model_factory, self.algorithm, self.uplink = model_factory, algorithm, uplink
        self.batch_size, self.downlink = batch_size, downlink
        self.task = Task(model_factory(0), loss)
        self.terms = Terms(air, self.task.size, elements, participation, self.task.layers)
        uplink.check(self.terms)
        _check(data, shares, air.devices, self.task.outputs)
        if executor == "vectorized" and self.task.random:
            raise ValueError(
                "executor: expected loop for a model with random layers such as Dropout, received vectorized"
            )
        if executor == "vectorized" and self.task.convolutional and (algorithm.moves or downlink):
            raise ValueError("executor: expected loop for convolutions on weights of each device, received vectorized")
        alike = not self.task.convolutional and not self.task.random
        self.vectorized = executor == "vectorized" or (executor == "auto" and alike)
        sizes = np.array([len(share) for share in shares])
        self._largest = int(sizes.max())
        self._check_padding(sizes)
        self.chunk = min(air.devices, chunk or self._fitting(air, data))
        self._sizes = tf.constant(sizes, tf.int32)  # [K]
        self._first = tf.constant(np.cumsum(sizes) - sizes, tf.int32)  # [K]
        self._shares = tf.constant(sizes / sizes.sum(), tf.float32)  # n_k / n, [K]
        order = np.concatenate(shares)
        self._x, self._y = tf.constant(data.x_train[order]), tf.constant(data.y_train[order])
        self._x_test, self._y_test = tf.constant(data.x_test), tf.constant(data.y_test)

        self._optimizer = optimizer()
        self._optimizer.build(self.task.model.trainable_variables)
        self._optimizer_start = [tf.identity(v.value) for v in self._optimizer.variables]
        if downlink:
            downlink.check(uplink, self.terms, self._optimizer)
        self._downlink_elements = downlink.elements(uplink, self.terms) if downlink else 0

    def init(self, seed: int) -> State:
        """The state before the first round: initial weights, places and what lasts depend on the seed alone."""
        place = self.terms.air.init(keys.key(seed, "place"))
        weights = self.task.weights(self.model_factory(seed))
        uplink = self.uplink.init(self.terms, place)
        drift = tf.zeros([self.terms.air.devices if self.downlink else 0, self.task.size])
        return State(tf.zeros([], tf.int64), weights, self._optimizer_start, uplink, place, drift)

    def step(self, state: State, seed: int, snr_db: float) -> tuple[State, Metrics]:
        """One round."""
        return self._round(state, tf.constant(seed, tf.int64), tf.constant(snr_db, tf.float32))

    def evaluate(self, state: State) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and mean loss on the test set of the models that devices have.

        It is the server's unless there is a downlink. Then this is the mean over devices, or over the same ten of them
        where there are more; ``evaluate_server`` tells what the server's own would do.
        """
        return self._evaluate_devices(state) if self.downlink else self.evaluate_server(state)

    def evaluate_server(self, state: State) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and mean loss on the test set of the server's model, which no noise of a downlink reaches."""
        return self.task.evaluate(state.weights, self._x_test, self._y_test)

    @tf.function(autograph=False)
    def _evaluate_devices(self, state: State) -> tuple[tf.Tensor, tf.Tensor]:
        def one(drift: tf.Tensor) -> tf.Tensor:
            return tf.stack(self.task.evaluate(moved(state.weights, drift), self._x_test, self._y_test))

        some = keys.permutation(keys.key(0, "evaluated"), state.drift.shape[0])[:EVALUATED]
        values = tf.map_fn(one, tf.gather(state.drift, some), fn_output_signature=tf.TensorSpec([2]))  # [E, 2]
        return tf.reduce_mean(values[:, 0]), tf.reduce_mean(values[:, 1])

    @tf.function(autograph=False)
    def _round(self, state: State, seed: tf.Tensor, snr_db: tf.Tensor) -> tuple[State, Metrics]:
        key, air, uplink = keys.key(seed, "round", state.round), self.terms.air, self.uplink
        weights = self._participants(keys.fold(key, "participation"))  # [K]
        devices = tf.where(weights > 0)[:, 0]
        link = None
        if uplink.uses_air:
            time = tf.cast(state.round, tf.float64) * self.terms.airtime
            link = air.draw(state.place, keys.fold(key, "link"), time, self.terms.slots, snr_db)
        round = Round(self.terms, key, weights, link)
        updates_of = self._updates_of(state, key)

        acc = uplink.begin(state.uplink, round)
        if self.chunk >= air.devices:  # all updates at hand at once
            updates, losses = updates_of(devices)
            if uplink.measures(self.terms):
                acc = uplink.settle(
                    acc, round, at_devices(devices, uplink.spend(acc, round, devices, updates), weights)
                )
            acc, loss = uplink.add(acc, round, devices, updates), tf.reduce_sum(losses)
        else:  # a running sum over chunks; energies, where needed, in a first pass of their own
            if uplink.measures(self.terms):
                first = acc
                spent = self._over_chunks(
                    lambda spent, some: (
                        spent + at_devices(some, uplink.spend(first, round, some, updates_of(some)[0]), weights)
                    ),
                    tf.zeros_like(weights),
                    devices,
                )
                acc = uplink.settle(acc, round, spent)

            def add(carry: tuple[Nest, tf.Tensor], some: tf.Tensor) -> tuple[Nest, tf.Tensor]:
                updates, losses = updates_of(some)
                return uplink.add(carry[0], round, some, updates), carry[1] + tf.reduce_sum(losses)

            acc, loss = self._over_chunks(add, (acc, tf.zeros([])), devices)
        estimate, uplink_state, report = uplink.end(acc, state.uplink, round)

        weights_after, optimizer_after, rate = self._serve(state, estimate)
        drift = state.drift
        if self.downlink:
            sent = self.downlink.broadcast(uplink, acc, round, estimate)
            drift = self.downlink.drift(drift, sent, estimate, rates(state.weights, rate), keys.fold(key, "downlink"))
        loss = tf.math.divide_no_nan(loss, tf.cast(tf.size(devices), tf.float32))
        numbers = [loss, estimate, drift, *weights_after.trainable, *weights_after.statistics]
        finite = tf.reduce_all([tf.reduce_all(tf.math.is_finite(number)) for number in numbers])
        metrics = Metrics(
            loss,
            report.nmse,
            report.nmse_sent,
            tf.reduce_mean(report.energy),
            tf.reduce_max(report.energy),
            tf.reduce_sum(tf.cast(report.heard, tf.float32)),
            report.bits,
            report.payload,
            report.pilots,
            tf.constant(self._downlink_elements, tf.float32),
            report.airtime + air.grid.slots(self._downlink_elements) * air.grid.slot_seconds,
            finite,
        )
        return State(state.round + 1, weights_after, optimizer_after, uplink_state, state.place, drift), metrics

    def _fitting(self, air: Air, data: Arrays) -> int:
        """How many devices may be computed at once."""
        antennas = 1 if air.channel.static else air.antennas  # a moving channel is dense over antennas
        bytes_each = 4 * self.task.size * antennas
        if self.vectorized:
            batch = self.batch_size or self._largest
            bytes_each += 4 * batch * int(np.prod(data.x_train.shape[1:]))
        return max(1, (HELD_BYTES if self.uplink.measures(self.terms) else CHUNK_BYTES) // bytes_each)

    def _check_padding(self, sizes: np.ndarray) -> None:
        """Padded samples do not count in a loss, but a layer that learns from whole batches would see them."""
        if not self.task.keeps_statistics:
            return
        drawn = self.algorithm.batches(keys.key(0), tf.constant(sizes, tf.int32), self._largest, self.batch_size)
        if not bool(tf.reduce_all(drawn.mask > 0)):
            raise ValueError(
                "batch_size: expected whole batches on every device for a model with BatchNormalization, received "
                "padded ones; give a batch_size and steps instead of epochs, or equal shares"
            )

    def _participants(self, key: Key) -> tf.Tensor:
        """Weights n_k / n of those that take part, over their probability; zero for the others, [K]."""
        if self.terms.participation == 1.0:
            return self._shares
        takes_part = keys.uniform(key, tf.shape(self._shares)) < self.terms.participation
        return tf.where(takes_part, self._shares / self.terms.participation, 0.0)

    def _updates_of(self, state: State, key: Key) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
        """From device numbers [C] to their updates [C, d] and training losses [C]."""
        batches = self.algorithm.batches(keys.fold(key, "batches"), self._sizes, self._largest, self.batch_size)
        steps = batches.positions.shape[1]
        device_keys = keys.fold(key, "devices")

        def one(device_batches: tuple[tf.Tensor, tf.Tensor, tf.Tensor]) -> tuple[tf.Tensor, tf.Tensor]:
            device, positions, mask = device_batches  # [], [S, B], [S, B]

            device_key = keys.fold(device_keys, device) if self.task.random else device_keys

            def sample(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
                chosen = tf.gather(positions, step)  # [B]
                return tf.gather(self._x, chosen), tf.gather(self._y, chosen), tf.gather(mask, step)

            own = moved(state.weights, tf.gather(state.drift, device)) if self.downlink else state.weights
            update, loss = self.algorithm.update(self.task, own, sample, steps, device_key)
            return flatten([*update.trainable, *update.statistics]), loss

        def some(devices: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            positions = tf.gather(self._first, devices)[:, None, None] + tf.gather(batches.positions, devices)
            inputs = (devices, positions, tf.gather(batches.mask, devices))
            if self.vectorized:
                return tf.cond(
                    tf.size(devices) > 0,  # a vectorized map of nothing has no shapes to go by
                    lambda: tf.vectorized_map(one, inputs, fallback_to_while_loop=False),
                    lambda: (tf.zeros([0, self.terms.size]), tf.zeros([0])),
                )
            signature = (tf.TensorSpec([self.terms.size]), tf.TensorSpec([]))
            return tf.map_fn(one, inputs, fn_output_signature=signature)

        return some

    def _over_chunks(self, body: Callable[[Nest, tf.Tensor], Nest], start: Nest, devices: tf.Tensor) -> Nest:
        def chunk(first: tf.Tensor, carry: Nest) -> tuple[tf.Tensor, Nest]:
            return first + self.chunk, body(carry, devices[first : first + self.chunk])

        count = tf.size(devices)
        return tf.while_loop(lambda first, _: first < count, chunk, (tf.constant(0), start), parallel_iterations=1)[1]

    def _serve(self, state: State, estimate: tf.Tensor) -> tuple[Weights, list[tf.Tensor], tf.Tensor]:
        """The server's step and its learning rate. Keras optimizers act on variables: set before and read after."""
        variables = self.task.model.trainable_variables
        parts = unflatten(estimate, [*state.weights.trainable, *state.weights.statistics])
        for variable, value in zip(variables, state.weights.trainable, strict=True):
            variable.assign(value)
        for variable, value in zip(self._optimizer.variables, state.optimizer, strict=True):
            variable.assign(value)
        rate = keras.ops.convert_to_tensor(self._optimizer.learning_rate)
        self._optimizer.apply(parts[: len(variables)], variables)
        moved = zip(state.weights.statistics, parts[len(variables) :], strict=True)
        weights = Weights([tf.identity(v.value) for v in variables], [old - change for old, change in moved])
        return weights, [tf.identity(v.value) for v in self._optimizer.variables], rate


def _check(data: Arrays, shares: Sequence[np.ndarray], devices: int, outputs: int) -> None:
    if len(shares) != devices:
        raise ValueError(f"shares: expected one for each of {devices} devices, received {len(shares)}")
    for device, share in enumerate(shares):
        if len(share) == 0:
            raise ValueError(f"shares: expected at least one sample a device, received none for device {device}")
    for name, labels in (("y_train", data.y_train), ("y_test", data.y_test)):
        if labels.min() < 0 or labels.max() >= outputs:
            raise ValueError(
                f"data.{name}: expected labels from 0 to {outputs - 1} for a model of {outputs} outputs, "
                f"received {labels.min()} to {labels.max()}"
            )
