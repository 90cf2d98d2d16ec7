"""Every channel: its paths."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..phy import Paths, Size, Span, keys
from .compare import PLACE, finite, is_precise, mean_is, same


def test_channels(channel: Any) -> None:
    if getattr(channel, "costly", False):
        pytest.skip("seconds a draw, and not without LLVM; tests/phy/test_channels_ray_traced.py has these checks")
    if getattr(channel, "replayed", False):
        pytest.skip("draws nothing and has as many devices as its file; tests/phy/test_responses.py has these checks")
    steps = 1 if channel.static else 3

    def draw(key: tf.Tensor, place: tf.Tensor = PLACE) -> Paths:
        return channel.draw(Size(2, 3, 5), Span(0.0, steps, 1e-4), key, place)

    compiled = tf.function(draw, autograph=False)
    places = PLACE, PLACE, keys.key(1, "place")
    paths, other, elsewhere = (compiled(keys.key(seed), place) for seed, place in zip((1, 2, 2), places, strict=True))
    count = paths.tau.shape[2]
    assert paths.a.shape == (2, 3, 5, count, steps)
    assert paths.tau.shape == paths.power.shape == (2, 5, count)
    assert is_precise(paths) and finite(paths)
    assert np.all((paths.tau >= 0) & (paths.tau <= channel.longest * (1 + 1e-6)))
    total = tf.reduce_sum(paths.power, axis=2).numpy()
    if channel.scales:  # near and far
        assert np.all(total > 0) and np.ptp(total) > 1e-3 * total.mean()
    else:
        np.testing.assert_allclose(total, 1 if getattr(channel, "normalized", True) else total[0, 0], rtol=1e-5)
    assert same(paths, compiled(keys.key(1), PLACE))
    fades = bool(np.ptp(np.abs(np.sum(paths.a, axis=3))) > 0)
    lasts = getattr(channel, "fading", "independent") != "independent" or getattr(channel, "lasting", False)
    assert same(paths.a, other.a) == (lasts or not fades)
    assert same(paths.a, elsewhere.a) != fades
    loud = max(1.0, float(np.abs(paths.a).max()))
    assert same(draw(keys.key(1)), paths, rtol=1e-4, atol=1e-6 * loud)
    assert channel.draw(Size(1, 1, 1), Span(0.0, steps, 1e-4), keys.key(1), PLACE).a.shape == (1, 1, 1, count, steps)
    many = channel.draw(Size(30, 1, 50), Span(0.0, 1, 1e-4), keys.key(3), PLACE)
    gain = np.sum(np.abs(many.a[:, 0, :, :, 0]) ** 2, axis=2) / np.sum(many.power, axis=2)
    assert mean_is(gain.ravel(), np.array(1.0))
