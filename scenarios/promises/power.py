"""Power rules: real costs and levels, complex amplitudes."""

from typing import Any

import tensorflow as tf

from ...phy import keys
from ...phy.power import Level
from . import gives, traced, wrong

DEVICES, ELEMENTS = 3, 5


def keep(rule: Any) -> None:
    traced(lambda: _play(rule))


def _play(rule: Any) -> None:
    h = keys.complex_normal(keys.key(0), [DEVICES, ELEMENTS])
    energy = tf.ones([DEVICES, ELEMENTS])
    spent = tf.reduce_mean(energy * cost(rule, rule.cost(h), h), axis=1)
    chosen = level(rule, rule.level(spent, tf.ones([DEVICES]), h if rule.joint else None, tf.constant(0.3)))
    amplitude(rule, rule.amplitude(chosen.scale, h, energy, tf.ones([DEVICES, 1])), h)


def cost(rule: Any, given: Any, gain: tf.Tensor) -> tf.Tensor:
    gives(rule, "cost", given, "float32", gain.shape)
    return given


def level(rule: Any, given: Any) -> Level:
    if not isinstance(given, Level):
        raise wrong(rule, "level", "Level(scale, arrival)", f"a {type(given).__name__}")
    for name, value in given._asdict().items():
        shape = [] if value.shape.rank == 0 else value.shape[-1:]
        gives(rule, "level", value, "float32", shape, f"{name}, one number or one an element: ")
    return given


def amplitude(rule: Any, given: Any, gain: tf.Tensor) -> tf.Tensor:
    gives(rule, "amplitude", given, "complex64", gain.shape)
    return given
