"""Devices: from their numbers to the updates they compute on shares of the training data.

Devices are computed one after another (``loop``) or all at once (``vectorized``); which is faster depends on the model,
and both give the same numbers to float precision. As many are computed at once as fit a fixed memory, so that nothing
grows with devices x parameters.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
import tensorflow as tf

from ...ota.layers import size_of
from ...ota.round import Nest, Updates, at_devices
from ...phy import Air, keys
from ...phy.keys import Key
from ..data import Arrays
from . import rows
from .algorithms import Algorithm, Memory, Sample
from .batches import Batches
from .population import Population, held
from .task import Task, Weights, flatten

CHUNK_BYTES = 16 * 2**20  # updates held at once: little enough that the same pages serve again and again
HELD_BYTES = 128 * 2**20  # where more would mean to compute every update twice
Norms = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]  # of devices [C] and updates [C, d], [C]
Executor = Literal["auto", "loop", "vectorized"]


def norms(devices: tf.Tensor, updates: tf.Tensor) -> tf.Tensor:
    """|u_k|, [C]."""
    return tf.norm(updates, axis=1)


class Seen:
    """Updates of which some may be asked for before it is known who sends: where all fit at once they are kept."""

    def __init__(self, updates_of: Updates, shares: tf.Tensor, chunk: int) -> None:
        self._updates_of, self._shares, self._chunk = updates_of, shares, chunk

    def __call__(self, devices: tf.Tensor) -> tuple[tf.Tensor, Nest]:
        return self._updates_of(devices)

    def norms(self, works: tf.Tensor, of: Norms = norms) -> tf.Tensor:
        """n_k / n |u_k| of those who compute, bool [K], and zero of the others, [K]; or another norm of updates."""
        devices = tf.where(works)[:, 0]
        measured = self._kept if self._chunk >= self._shares.shape[0] else self._passed
        return self._shares * at_devices(devices, measured(devices, of), self._shares)

    def _kept(self, devices: tf.Tensor, of: Norms) -> tf.Tensor:
        found = self._updates_of(devices)
        row = tf.scatter_nd(devices[:, None], tf.range(tf.size(devices)), tf.shape(self._shares, devices.dtype))
        self._updates_of = lambda some: rows.of(tf.gather(row, some), found)
        return of(devices, found[0])

    def _passed(self, devices: tf.Tensor, of: Norms) -> tf.Tensor:
        def step(first: tf.Tensor, norms: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            some = devices[first : first + self._chunk]
            return first + self._chunk, tf.concat([norms, of(some, self._updates_of(some)[0])], 0)

        shapes = tf.TensorShape([]), tf.TensorShape([None])
        start, count = (tf.constant(0), tf.zeros([0])), tf.size(devices)
        loop = {"shape_invariants": shapes, "parallel_iterations": 1}
        return tf.while_loop(lambda first, _: first < count, step, start, **loop)[1]


class Devices:
    """All devices of a federation; ``own_models``: whether each has weights of its own."""

    def __init__(
        self,
        task: Task,
        algorithm: Algorithm,
        data: Arrays,
        shares: Sequence[np.ndarray] | Population,
        batch_size: int | None,
        executor: Executor,
        own_models: bool,
        devices: int,
    ) -> None:
        self._held = held(shares, devices)
        self.task, self.algorithm, self.batch_size = task, algorithm, batch_size
        self.vectorized = _vectorized(executor, task, algorithm.moves or own_models)
        sizes = self._held.sizes
        self._largest = int(sizes.max())
        self._sizes = tf.constant(sizes, tf.int32)  # [K]
        self._check_padding()
        self.shares = tf.constant(sizes / sizes.sum(), tf.float32)  # n_k / n, [K]
        order = self._held.order
        self._x, self._y = tf.constant(data.x_train[order]), tf.constant(data.y_train[order])

    @property
    def samples(self) -> tf.Tensor:
        """How many samples each has, [K]."""
        return tf.cast(self._sizes, tf.float32)

    @property
    def all_have_data(self) -> bool:
        """Whether there is a sample on each."""
        return bool(np.all(self._held.sizes > 0))

    def fitting(self, air: Air, probed: bool) -> int:
        """How many devices may be computed at once."""
        antennas = 1 if air.channel.static else air.antennas  # a moving channel is dense over antennas
        bytes_each = 4 * self.task.size * antennas
        if self.vectorized:
            bytes_each += 4 * (self.batch_size or self._largest) * int(np.prod(self._x.shape[1:]))
        return max(1, (HELD_BYTES if probed else CHUNK_BYTES) // bytes_each)

    def batches(self, key: Key) -> Batches:
        """What all devices use in a round; the key is the round's."""
        return self.algorithm.batches(keys.fold(key, "batches"), self._sizes, self._largest, self.batch_size)

    def updates_of(
        self,
        model_of: Callable[[tf.Tensor], Weights],
        batches: Batches,
        memory: Memory,
        key: Key,
        numbers: tf.Tensor | None = None,
    ) -> Updates:
        """From devices [C] to their updates [C, d], and beside them training losses [C] and their rows anew.

        ``numbers`` [K] say who the devices of a cohort are among all.
        """
        steps = batches.positions.shape[1]
        device_keys = keys.fold(key, "devices")

        def one(device_batches: tuple[tf.Tensor, tf.Tensor, tf.Tensor, Nest]) -> tuple[tf.Tensor, Nest]:
            device, positions, mask, own = device_batches  # [], [S, B], [S, B], a row
            device_key = keys.fold(device_keys, device) if self.task.random else device_keys
            given = self.task, model_of(device), self._samples(positions, mask, batches.whole), steps, device_key
            update, own, loss = self.algorithm.compute(*given, memory.common, own)
            return flatten([*update.trainable, *update.statistics]), (loss, own)

        def some(devices: tf.Tensor) -> tuple[tf.Tensor, Nest]:
            positions = self._held.rows(devices, tf.gather(batches.positions, devices), numbers)
            mask, own = tf.gather(batches.mask, devices), rows.of(devices, memory.own)
            return self._each(one, (devices, positions, mask, own))

        return some

    def practice(self, key: Key) -> Batches:
        """What all devices learn from before they use a model."""
        return self.algorithm.practice(keys.fold(key, "batches"), self._sizes, self._largest, self.batch_size)

    def own_model(self, device: tf.Tensor, weights: Weights, batches: Batches, memory: Memory, key: Key) -> Weights:
        """The model that one device uses, of what it has of the server's."""
        steps, key = batches.positions.shape[1], keys.fold(key, "devices", device)
        positions = self._held.rows(device[None], tf.gather(batches.positions, device)[None], None)[0]
        samples = self._samples(positions, tf.gather(batches.mask, device), batches.whole)
        own = rows.of(device, memory.own)
        return self.algorithm.own_model(self.task, weights, samples, steps, key, memory.common, own)

    def _samples(self, positions: tf.Tensor, mask: tf.Tensor, whole: bool) -> Sample:
        """Of one device, by positions and a mask of its steps, [S, B] each."""

        def sample(step: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            chosen = tf.gather(positions, step)  # [B]
            return tf.gather(self._x, chosen), tf.gather(self._y, chosen), tf.gather(mask, step)

        return Sample(sample, whole)

    def _each(self, one: Callable[..., tuple[tf.Tensor, Nest]], inputs: tuple[Nest, ...]) -> tuple[tf.Tensor, Nest]:
        """An update for each of the inputs, and a loss and a row beside it."""
        row = tf.nest.map_structure(lambda rows: tf.TensorSpec(rows.shape[1:], rows.dtype), inputs[-1])
        made = tf.TensorSpec([size_of(self.algorithm.sends(self.task))]), (tf.TensorSpec([]), row)
        if self.vectorized:
            return tf.cond(
                tf.size(inputs[0]) > 0,  # a vectorized map of nothing has no shapes to go by
                lambda: tf.vectorized_map(one, inputs, fallback_to_while_loop=False),
                lambda: tf.nest.map_structure(lambda spec: tf.zeros([0, *spec.shape], spec.dtype), made),
            )
        return tf.map_fn(one, inputs, fn_output_signature=made)

    def _check_padding(self) -> None:
        """Padded samples do not count in a loss, but a layer that learns from whole batches would see them."""
        if not self.task.keeps_statistics:
            return
        drawn = self.algorithm.batches(keys.key(0), self._sizes, self._largest, self.batch_size)
        if not bool(tf.reduce_all(drawn.mask > 0)):
            raise ValueError(
                "batch_size: expected whole batches on every device for a model with BatchNormalization, received "
                "padded ones; give a batch_size and steps instead of epochs, or equal shares"
            )


def _vectorized(executor: Executor, task: Task, own_weights: bool) -> bool:
    """Whether all devices are computed at once."""
    if executor == "vectorized" and task.random:
        raise ValueError("executor: expected loop for a model with random layers such as Dropout, received vectorized")
    if executor == "vectorized" and task.convolutional and own_weights:
        raise ValueError("executor: expected loop for convolutions on weights of each device, received vectorized")
    return executor == "vectorized" or (executor == "auto" and not task.convolutional and not task.random)
