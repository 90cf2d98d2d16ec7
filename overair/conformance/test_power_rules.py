"""Every power rule: budgets are kept, and what is sent arrives in phase where it says so."""

from typing import Any

import numpy as np
import tensorflow as tf

from ..phy import keys
from ..scenarios.promises import power as promised
from .compare import finite, same, says


def test_power_rules(power_rule: Any) -> None:
    rule, devices, elements = power_rule, 7, 24
    gains = keys.complex_normal(keys.key(1), [devices, elements])
    gains = tf.tensor_scatter_nd_update(gains, [[0, 3], [2, 0]], tf.zeros([2], tf.complex64))  # no gain here and there
    symbols = (
        keys.complex_normal(keys.key(2), [devices, elements])
        * tf.constant([1, 1, 1, 1, 5, 0.1, 0], tf.complex64)[:, None]
    )
    budgets = tf.linspace(0.5, 2.0, devices)

    def play(chosen: tf.Tensor, gains: tf.Tensor = gains) -> tuple[Any, tf.Tensor, tf.Tensor]:
        h, z, limits = (tf.gather(value, chosen) for value in (gains, symbols, budgets))
        spent = tf.reduce_mean(tf.abs(z) ** 2 * promised.cost(rule, rule.cost(h), h), axis=1)
        level = promised.level(rule, rule.level(spent, limits, h if rule.joint else None, tf.constant(0.3)))
        b = rule.amplitude(level.scale, h, tf.abs(z) ** 2 / elements, limits[:, None])
        return level, promised.amplitude(rule, b, h), spent

    everybody = tf.range(devices)
    level, b, _ = play(everybody)
    assert np.all(rule.cost(gains) >= 0)
    assert all(value.shape in ((), (elements,)) for value in level) and np.all(level.arrival > 0)
    assert finite(level) and finite(b)
    energy = tf.reduce_mean(tf.abs(b * symbols) ** 2, axis=1)
    over = float(tf.reduce_max(energy / budgets))
    assert over <= 1 + 1e-5, says(rule, "level", "every device within its budget", f"{over:.3g} times a budget")
    if rule.aligned:  # on a gain that is known, and so with silence where there is none
        assert np.all(b[gains == 0] == 0)
        arrives = (b * gains).numpy()
        in_phase = (arrives.real >= 0) & (np.abs(arrives.imag) <= 1e-5 * np.abs(b).max())
        assert np.all(in_phase), says(
            rule, "aligned", "False, or gains arriving with phase 0", "True, and other phases"
        )
    absent = tf.concat([gains[:-1], tf.zeros_like(gains[-1:])], 0)  # the last takes no part, and sends nothing besides
    for one, other in zip(play(everybody, absent)[0], play(everybody[:-1])[0], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    assert same(tf.function(play, autograph=False)(everybody), play(everybody), rtol=1e-5, atol=1e-6)
    assert finite(play(everybody[:1])) and finite(play(everybody[-1:]))  # one device, and one that is silent
