"""The rounds of ``rounds.py`` in apple/pfl-research, one for each line on standard input; its own process and Python.

Answers each line with the seconds that its round took and how far the weights are from the first ones. Users' batches
are tensors cut once and kept, and nothing is evaluated, so what is timed is training and aggregation alone.

pfl keeps variables by name, and in Keras 3 every layer has a "kernel" and a "bias": all but the last layer's would be
left out of the aggregation without a word, so they are given their paths as names first.
"""

import itertools
import sys
import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from models import MODELS, arrays
from pfl.aggregate.simulate import SimulatedBackend
from pfl.algorithm.base import NNAlgorithmParams
from pfl.algorithm.federated_averaging import FederatedAveraging
from pfl.callback.base import TrainingProcessCallback
from pfl.data.dataset import Dataset
from pfl.data.federated_dataset import FederatedDataset
from pfl.hyperparam.base import NNTrainHyperParams
from pfl.metrics import Metrics
from pfl.model.tensorflow import TFModel
from pfl.version import __version__


class Referee(TrainingProcessCallback):
    """Says how long a round took, and waits for the next one to be asked for."""

    def on_train_begin(self, *, model: TFModel) -> Metrics:
        print(f"pfl {__version__}, TensorFlow {tf.__version__}, Keras {keras.__version__}", flush=True)
        self._first = model.keras_model.get_weights()
        self._wait()
        return Metrics()

    def after_central_iteration(
        self, aggregate_metrics: Metrics, model: TFModel, *, central_iteration: int
    ) -> tuple[bool, Metrics]:
        taken = time.perf_counter() - self._start
        moved = [after - before for after, before in zip(model.keras_model.get_weights(), self._first, strict=True)]
        print(taken, float(tf.linalg.global_norm(moved)), flush=True)
        return not self._wait(), Metrics()

    def _wait(self) -> str:
        line = sys.stdin.readline()
        self._start = time.perf_counter()
        return line


def main(kind: str, devices: int, steps: int, batch_size: int, learning_rate: float) -> None:
    x, y = arrays(devices, steps, batch_size)
    network = MODELS[kind](0)
    network.compile(
        optimizer=keras.optimizers.SGD(learning_rate), loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    )
    for variable in network.trainable_variables:
        variable._name = variable.path
    model = TFModel(network, metrics={}, central_optimizer=keras.optimizers.SGD(1.0))
    users: dict[int, Any] = {k: Dataset((tf.constant(x[k]), tf.constant(y[k])), user_id=k) for k in range(devices)}
    everybody = itertools.cycle(range(devices))
    data = FederatedDataset(users.__getitem__, lambda: next(everybody))
    rounds = 10**9
    FederatedAveraging().run(
        NNAlgorithmParams(
            central_num_iterations=rounds,
            evaluation_frequency=rounds,
            train_cohort_size=devices,
            val_cohort_size=None,
        ),
        SimulatedBackend(data, data),
        model,
        NNTrainHyperParams(
            local_batch_size=batch_size,
            local_num_epochs=None,
            local_num_steps=steps,
            local_learning_rate=learning_rate,
        ),
        callbacks=[Referee()],
        send_metrics_to_platform=False,
    )


if __name__ == "__main__":
    kind, devices, steps, batch_size, learning_rate = sys.argv[1:]
    np.random.seed(0)
    main(kind, int(devices), int(steps), int(batch_size), float(learning_rate))
