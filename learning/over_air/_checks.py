"""What the air as a layer takes: one line says what was expected and what came.

Shapes and types are checked when a model is built, numbers where they can be seen: an SNR of NaN that only a compiled
graph holds makes the outputs of its image NaN.
"""

import math
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf


def checked_range(snr_db: Any) -> float | tuple[float, float]:
    """A number of decibels, or the lowest and the highest."""
    pair = list(snr_db) if isinstance(snr_db, list | tuple) else [snr_db]
    if not all(isinstance(each, int | float) for each in pair) or not -math.inf < pair[0] <= pair[-1]:
        pair = []
    if len(pair) not in (1, 2) or (len(pair) == 2 and not math.isfinite(pair[-1])):
        raise ValueError(f"OverAir.snr_db: expected a number of decibels or (low, high), received {snr_db!r}")
    return float(pair[0]) if len(pair) == 1 else (float(pair[0]), float(pair[1]))


def check_features(shape: Sequence[int | None], kind: Any, sensors: int) -> tuple[int, ...]:
    """The shape of one image's features, of one sensor, from that of a batch."""
    shape, kind = tuple(shape), keras.backend.standardize_dtype(kind)
    if not kind.startswith(("float", "bfloat")):
        raise ValueError(f"OverAir: expected real features, two for each complex symbol, received {kind}")
    if sensors > 1 and (len(shape) < 2 or shape[1] != sensors):
        raise ValueError(f"OverAir: expected features [batch, {sensors}, ...], a row a sensor, received {shape}")
    image = shape[1:] if sensors == 1 else shape[2:]
    if not image or not all(image):
        raise ValueError(f"OverAir: expected features of a known size of at least 1 an image, received {shape}")
    return tuple(int(size or 0) for size in image)


def check_snr(snr_db: Any, batch: int | None) -> Any:
    """The SNR of a call as a tensor, [] or [B]; None where there is none."""
    if snr_db is None or isinstance(snr_db, keras.KerasTensor):
        snr = snr_db
    else:
        snr = tf.cast(snr_db, tf.float32)
    shape = () if snr is None else tuple(snr.shape)
    if len(shape) > 1 or (len(shape) == 1 and None not in (shape[0], batch) and shape[0] != batch):
        raise ValueError(f"OverAir: expected snr_db of shape [] or [{batch or 'batch'}], received {shape}")
    if isinstance(snr, tf.Tensor) and tf.executing_eagerly() and not bool(tf.reduce_all(snr > -math.inf)):
        raise ValueError("OverAir: expected snr_db in decibels above -inf, received NaN or -inf")
    return snr


def check_key(key: Any) -> Any:
    """A key, or None."""
    if key is not None:
        kind, shape = keras.backend.standardize_dtype(key.dtype), tuple(key.shape)
        if not kind.startswith("int") or shape != (2,):
            raise ValueError(f"OverAir: expected a key of type int64 and shape (2,), received {kind} and {shape}")
    return key
