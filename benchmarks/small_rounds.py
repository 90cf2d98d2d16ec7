"""Rounds that take milliseconds, so that what stands beside a device's gradients shows: softmax, on an ideal uplink."""

import keras
import numpy as np
from models import CLASSES, MODELS, SHAPE, arrays

from overair.learning import Algorithm, Fedavg, Federation, Hardware, Scheduler
from overair.learning.data import Arrays
from overair.ota import Ideal
from overair.phy import Air, Awgn, Grid

DEVICES, SAMPLES, ROUNDS = 100, 60, 10


def federation(
    algorithm: Algorithm | None = None, scheduler: Scheduler | None = None, hardware: Hardware | None = None
) -> Federation:
    """Of 100 devices x 5 steps x 10 samples; with a clock packets have fixed bits."""
    x, y = arrays(DEVICES, 1, SAMPLES)
    return Federation(
        MODELS["softmax"],
        Arrays(x.reshape(-1, *SHAPE), y.reshape(-1), x[0], y[0], CLASSES),
        np.split(np.arange(DEVICES * SAMPLES), DEVICES),
        algorithm or Fedavg(learning_rate=0.05, steps=5),
        Ideal(),
        Air(Grid(), Awgn(), DEVICES),
        elements=1,
        optimizer=lambda: keras.optimizers.SGD(1.0),
        batch_size=10,
        scheduler=scheduler,
        hardware=hardware,
        payload=hardware and 1000.0,
    )
