"""What the air as a layer takes: one line says what was expected and what came.

Shapes and types are checked when a model is built, numbers where they can be seen: an SNR of NaN that only a compiled
graph holds makes the outputs of its image NaN.
"""

import math
from collections.abc import Sequence
from typing import Any, get_args

import keras
import tensorflow as tf

from ...phy import Air, PowerRule
from ...phy.inputs import check_object, is_number, is_whole, kind, shown
from ._reading import Equalizer


def check_parts(air: Any, equalizer: Any, rule: Any, measures_papr: Any, seed: Any) -> None:
    """Refuses what a layer cannot be made of."""
    check_object("OverAir.air", air, Air, "Air(Grid(), Awgn(), devices=1)")
    known = get_args(Equalizer)
    if not isinstance(equalizer, str) or equalizer not in known:
        raise ValueError(f"OverAir.equalizer: expected one of {', '.join(known)}, received {shown(equalizer)}")
    if rule is not None and not (isinstance(rule, PowerRule) and rule.announced and not isinstance(rule, type)):
        raise ValueError(f"OverAir.rule: expected a power rule whose level is announced, received {shown(rule)}")
    if not isinstance(measures_papr, bool):
        raise ValueError(f"OverAir.measures_papr: expected True or False, received {shown(measures_papr)}")
    if seed is not None and not is_whole(seed, 0, 2**32 - 1):
        raise ValueError(f"OverAir.seed: expected a whole number from 0 to below 2^32 or None, received {shown(seed)}")


def checked_range(snr_db: Any) -> float | tuple[float, float]:
    """A number of decibels, or the lowest and the highest."""
    pair = list(snr_db) if isinstance(snr_db, list | tuple) else [snr_db]
    good = len(pair) in (1, 2) and all(map(is_number, pair)) and -math.inf < pair[0] <= pair[-1]
    if not good or (len(pair) == 2 and not math.isfinite(pair[-1])):
        raise ValueError(f"OverAir.snr_db: expected a number of decibels or (low, high), received {shown(snr_db)}")
    return float(pair[0]) if len(pair) == 1 else (float(pair[0]), float(pair[1]))


def check_features(features: Any, sensors: int) -> tuple[int, ...]:
    """The shape of one image's features, of one sensor, from a batch of them or its spec."""
    if not hasattr(features, "shape") or not hasattr(features, "dtype"):
        raise ValueError(f"OverAir: expected features as one tensor [batch, ...], received {kind(features)}")
    real = keras.backend.standardize_dtype(features.dtype)
    if not real.startswith(("float", "bfloat")):
        raise ValueError(f"OverAir: expected real features, two for each complex symbol, received {real}")
    return size_of(features.shape, sensors)


def size_of(shape: Sequence[int | None], sensors: int) -> tuple[int, ...]:
    """The shape of one image's features, of one sensor, from that of a batch."""
    if not isinstance(shape, Sequence | tf.TensorShape) or not all(each is None or is_whole(each, 0) for each in shape):
        raise ValueError(
            f"OverAir: expected the shape of a batch of features, such as (None, 8), received {shown(shape)}"
        )
    shape = tuple(shape)
    if sensors > 1 and (len(shape) < 2 or shape[1] != sensors):
        raise ValueError(f"OverAir: expected features [batch, {sensors}, ...], a row a sensor, received {shape}")
    image = shape[1:] if sensors == 1 else shape[2:]
    if not image or not all(image):
        raise ValueError(f"OverAir: expected features of a known size of at least 1 an image, received {shape}")
    return tuple(int(size or 0) for size in image)


def check_snr(snr_db: Any, batch: int | None) -> Any:
    """The SNR of a call as a tensor, [] or [B]; None where there is none."""
    snr = snr_db if snr_db is None or isinstance(snr_db, keras.KerasTensor) else _decibels(snr_db)
    shape = () if snr is None else tuple(snr.shape)
    if len(shape) > 1 or (len(shape) == 1 and None not in (shape[0], batch) and shape[0] != batch):
        raise ValueError(f"OverAir: expected snr_db of shape [] or [{batch or 'batch'}], received {shape}")
    if isinstance(snr, tf.Tensor) and tf.executing_eagerly() and not bool(tf.reduce_all(snr > -math.inf)):
        raise ValueError("OverAir: expected snr_db in decibels above -inf, received NaN or -inf")
    return snr


def _decibels(snr_db: Any) -> tf.Tensor:
    try:
        found = tf.convert_to_tensor(snr_db)
    except (TypeError, ValueError):
        found = None
    if found is None or not (found.dtype.is_floating or found.dtype.is_integer):
        raise ValueError(f"OverAir: expected snr_db in decibels, a number or one an image, received {kind(snr_db)}")
    return tf.cast(found, tf.float32)


def check_key(key: Any) -> Any:
    """A key, or None."""
    if key is not None:
        if not hasattr(key, "dtype") or not hasattr(key, "shape"):
            raise ValueError(f"OverAir: expected a key of overair.phy.keys, int64 [2], received {kind(key)}")
        type_, shape = keras.backend.standardize_dtype(key.dtype), tuple(key.shape)
        if not type_.startswith("int") or shape != (2,):
            raise ValueError(f"OverAir: expected a key of type int64 and shape (2,), received {type_} and {shape}")
    return key


def check_first(first: Any) -> Any:
    """The number of the first image."""
    counts = isinstance(first, tf.Tensor) and first.dtype.is_integer and first.shape.rank in (0, None)
    if not counts and not is_whole(first, 0):
        raise ValueError(f"OverAir: expected first as a whole number from 0, received {kind(first)}")
    return first
