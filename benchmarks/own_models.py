"""Claims: what devices' own models take beside their gradients, with distillation and with MOCHA.

Softmax regression on 28 x 28 images, ideal uplink, 10 steps x 10 samples. Of 30 devices MOCHA's round takes at most 1.2
times FedAvg's, and its step of the relations at most 20 ms. Distillation's exchange, all that ten devices and the
server compute of what they send, takes less than a millisecond.
"""

import argparse
import time

import keras
import numpy as np
import tensorflow as tf
from models import CLASSES, MODELS, SHAPE, arrays
from side_by_side import measure, ratio, rounds, show, verdict

from overair.learning import Algorithm, Distillation, Fedavg, Federation, Mocha
from overair.learning.data import Arrays
from overair.learning.federated.algorithms.distillation import Told, by_label, distributions, targets
from overair.learning.federated.algorithms.mocha import related
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid

DEVICES, STEPS, BATCH, ROUNDS = 30, 10, 10, 10


def federation(algorithm: Algorithm) -> Federation:
    """Of 30 devices."""
    x, y = arrays(DEVICES, 1, 60)
    data = Arrays(x.reshape(-1, *SHAPE), y.reshape(-1), x[0], y[0], CLASSES)
    shares, air = np.split(np.arange(DEVICES * 60), DEVICES), Air(Grid(), Awgn(), DEVICES)
    parts = (MODELS["softmax"], data, shares, algorithm, Ideal(), air, 1)
    return Federation(*parts, lambda: keras.optimizers.SGD(1.0), batch_size=BATCH)


@tf.function(autograph=False)
def relations(models: tf.Tensor) -> tf.Tensor:
    return related(models, 1e-3)


@tf.function(autograph=False)
def exchange(logits: tf.Tensor, y: tf.Tensor, told: Told) -> tf.Tensor:
    """Of ten devices, [10, B, C]: their sums by label, what the server adds up, and the targets of each."""
    one = tf.ones_like(y[0], tf.float32)
    sent = tf.vectorized_map(lambda each: tf.reshape(by_label(*each, one), [-1]), (logits, y))  # [10, C (C + 1)]
    total = tf.reduce_sum(sent, axis=0) + told.received
    return tf.vectorized_map(lambda each: distributions(targets(total - each, told.least)), sent)


def milliseconds(call: tf.types.experimental.PolymorphicFunction, *given: object, repeats: int = 50) -> float:
    """The median of a call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        tf.nest.map_structure(lambda part: part.numpy(), call(*given))
        times.append(1e3 * (time.perf_counter() - start))
    return float(np.median(times[5:]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=40, help=f"times {ROUNDS} rounds of each")
    made = {"fedavg": Fedavg, "mocha": Mocha, "distillation": Distillation}
    each = {name: rounds(federation(kind(0.05, steps=STEPS)), ROUNDS) for name, kind in made.items()}
    found = measure(each, parser.parse_args().repeats)
    show(f"softmax regression, {DEVICES} devices, {ROUNDS} rounds", found, "fedavg")
    value = ratio(found, "mocha", "fedavg")
    verdict("mocha: at most 1.2 times fedavg", value <= 1.2, f"{value:.3f} x")
    taken = milliseconds(relations, tf.random.normal([DEVICES, 7850]))
    verdict("relations of 30 devices, d = 7,850: at most 20 ms", taken <= 20, f"{taken:.2f} ms")
    told = Told(tf.zeros([110]), tf.constant(0.05))
    taken = milliseconds(exchange, tf.random.normal([10, 64, 10]), tf.zeros([10, 64], tf.int32), told)
    verdict("exchange of ten devices: less than 1 ms", taken < 1, f"{taken:.3f} ms")


if __name__ == "__main__":
    main()
