"""Evaluation: what models make of the test data, the server's and those that devices have or make for themselves."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from ...ota.layers import Layers
from ...ota.round import Nest
from ...phy import keys
from ...phy.inputs import seed_of
from ...phy.keys import Key
from ..data import Arrays
from .algorithms import Memory
from .devices import Devices
from .downlinks import Downlink
from .downlinks._scores import mean_score
from .personal import LabelMixes
from .population import Population
from .state import State, check
from .task import Weights


def check_known(shares: Sequence[np.ndarray] | Population) -> None:
    """Raise ValueError where devices have no label mixes that are known."""
    if isinstance(shares, Population):
        raise ValueError(
            "personal: expected false with a cohort, whose devices are others in every round, received true; take "
            "devices that are all there, or an algorithm whose devices use the server's model, such as fedavg"
        )


class Evaluation:
    """On test data; ``data`` and ``shares`` are as they were dealt, ``counted`` [K] those who are tested."""

    def __init__(
        self,
        devices: Devices,
        downlink: Downlink,
        data: Arrays,
        shares: Sequence[np.ndarray] | Population,
        counted: np.ndarray,
    ) -> None:
        self._devices, self._task, self._downlink = devices, devices.task, downlink
        self._x, self._y = tf.constant(data.x_test), tf.constant(data.y_test)
        self._shares = shares
        self._mixes = None if isinstance(shares, Population) else LabelMixes(data, shares, counted)

    @property
    def layers(self) -> Layers:
        """Of the model."""
        return self._task.layers

    @tf.function(autograph=False)
    def of_devices(self, weights: Weights, drift: tf.Tensor, own: Nest) -> tuple[tf.Tensor, tf.Tensor]:
        """Mean accuracy and loss of the models that the downlink gives to devices, or of theirs without another."""

        def score(weights: Weights) -> tf.Tensor:
            return tf.stack(self._task.evaluate(weights, self._x, self._y))

        algorithm = self._devices.algorithm
        if algorithm.server_model:
            mean = self._downlink.score(score, weights, drift)
        else:
            mean = mean_score(score, weights, algorithm.models(own))
        return mean[0], mean[1]

    def of_server(self, weights: Weights) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and loss of the server's model."""
        return self._task.evaluate(weights, self._x, self._y)

    @tf.function(autograph=False)
    def personal(self, weights: Weights, drift: tf.Tensor, memory: Memory, key: Key) -> tf.Tensor:
        """Accuracy of each device's own model under its own label mix, NaN of those that are not tested, [K]."""
        check_known(self._shares)
        mixes, batches = self._mixes, self._devices.practice(key)
        assert mixes is not None

        def one(device: tf.Tensor) -> tf.Tensor:
            given = self._downlink.model(weights, drift, device)
            model = self._devices.own_model(device, given, batches, memory, key)
            chosen, worth = mixes.of(device)
            return self._task.weighted_accuracy(model, tf.gather(self._x, chosen), tf.gather(self._y, chosen), worth)

        found = tf.map_fn(one, mixes.devices, fn_output_signature=tf.float32, parallel_iterations=1)
        nothing = tf.fill(self._devices.shares.shape, math.nan)
        return tf.tensor_scatter_nd_update(nothing, mixes.devices[:, None], found)


class Evaluates:
    """What a federation's models make of the test data."""

    _evaluation: Evaluation

    def check(self, state: Any) -> None: ...

    def evaluate(self, state: State) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and mean loss, float32 [] both, on the test set of the models that devices have.

        It is the server's where it has one and the downlink is ideal. Else this is the mean over devices, or over the
        same ten of them where there are more; ``evaluate_server`` tells what the server's own would do.
        """
        check(state, self._evaluation.layers)
        return self._evaluation.of_devices(state.weights, state.drift, state.memory.own)

    def evaluate_server(self, state: State) -> tuple[tf.Tensor, tf.Tensor]:
        """Accuracy and mean loss on the test set of the server's model, which no noise of a downlink reaches."""
        check(state, self._evaluation.layers)
        return self._evaluation.of_server(state.weights)

    def evaluate_personal(self, state: State, seed: int) -> tf.Tensor:
        """Accuracy of each device's own model under its own label mix, NaN of attackers and of those untested, [K]."""
        self.check(state)
        key = keys.key(seed_of(seed), "personal", state.round)
        return self._evaluation.personal(state.weights, state.drift, state.memory, key)
