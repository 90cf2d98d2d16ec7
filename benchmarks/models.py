"""The models and the data that contestants share: MNIST-shaped random images, a share of batches for every device."""

import keras
import numpy as np

SHAPE, CLASSES = (28, 28, 1), 10


def softmax(seed: int) -> keras.Model:
    """Softmax regression, 7,850 parameters."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential([keras.layers.Input(SHAPE), keras.layers.Flatten(), keras.layers.Dense(CLASSES)])


def cnn(seed: int) -> keras.Model:
    """Two 5x5 convolutions of 32 and 64 filters, 316,454 parameters."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.layers.Input(SHAPE),
            keras.layers.Conv2D(32, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Conv2D(64, 5, padding="same", activation="relu"),
            keras.layers.MaxPooling2D(2),
            keras.layers.Flatten(),
            keras.layers.Dense(84, activation="relu"),
            keras.layers.Dense(CLASSES),
        ]
    )


def dense(seed: int) -> keras.Model:
    """Two hidden layers, 1,037,760 parameters."""
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.layers.Input(SHAPE),
            keras.layers.Flatten(),
            keras.layers.Dense(1000, activation="relu"),
            keras.layers.Dense(250, activation="relu"),
            keras.layers.Dense(CLASSES),
        ]
    )


MODELS = {"softmax": softmax, "cnn": cnn, "dense": dense}


def arrays(devices: int, steps: int, batch_size: int) -> tuple[np.ndarray, np.ndarray]:
    """Images [K, S*B, 28, 28, 1] from 0 to 1, mostly background as in MNIST, and labels [K, S*B]."""
    random = np.random.default_rng(0)
    count = (devices, steps * batch_size)
    x = np.maximum(0.0, random.uniform(-3.0, 1.0, (*count, *SHAPE))).astype(np.float32)
    return x, random.integers(0, CLASSES, count).astype(np.int32)
