"""Every channel: its paths."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..phy import Paths, Size, Span, keys
from ..scenarios.promises import channels as promised
from .compare import PLACE, finite, mean_is, same, says


def test_channels(channel: Any) -> None:
    if getattr(channel, "costly", False):
        pytest.skip("seconds a draw, and not without LLVM; tests/phy/test_channels_ray_traced.py has these checks")
    if getattr(channel, "replayed", False):
        pytest.skip("draws nothing and has as many devices as its file; tests/phy/test_responses.py has these checks")
    steps = 1 if channel.static else 3

    def draw(key: tf.Tensor, place: tf.Tensor = PLACE) -> Paths:
        size = Size(2, 3, 5)
        return promised.paths(channel, channel.draw(size, Span(0.0, steps, 1e-4), key, place), size, steps)

    drawn = tf.function(draw, autograph=False)
    places = PLACE, PLACE, keys.key(1, "place")
    paths, other, elsewhere = (drawn(keys.key(seed), place) for seed, place in zip((1, 2, 2), places, strict=True))
    count = paths.tau.shape[2]
    assert finite(paths)
    late, longest = float(tf.reduce_max(paths.tau)), channel.longest
    assert np.all(paths.tau >= 0), says(channel, "draw", "delays of at least 0 s", f"{np.min(paths.tau):g} s")
    assert late <= longest * (1 + 1e-6), says(channel, "longest", f"at least {late:g} s, as drawn", f"{longest:g} s")
    total = tf.reduce_sum(paths.power, axis=2).numpy()
    if channel.scales:  # near and far
        assert np.all(total > 0) and np.ptp(total) > 1e-3 * total.mean()
    else:
        np.testing.assert_allclose(total, 1 if getattr(channel, "normalized", True) else total[0, 0], rtol=1e-5)
    assert same(paths, drawn(keys.key(1), PLACE)), says(channel, "draw", "the same of the same key", "others")
    fades = bool(np.ptp(np.abs(np.sum(paths.a, axis=3))) > 0)
    lasts = getattr(channel, "fading", "independent") != "independent" or getattr(channel, "lasting", False)
    assert same(paths.a, other.a) == (lasts or not fades)
    told = says(channel, "draw", "a that depends on the keys, as gains differ", "the same of other keys")
    assert same(paths.a, elsewhere.a) != fades, told
    loud = max(1.0, float(np.abs(paths.a).max()))
    assert same(draw(keys.key(1)), paths, rtol=1e-4, atol=1e-6 * loud)
    assert channel.draw(Size(1, 1, 1), Span(0.0, steps, 1e-4), keys.key(1), PLACE).a.shape == (1, 1, 1, count, steps)
    many = channel.draw(Size(30, 1, 50), Span(0.0, 1, 1e-4), keys.key(3), PLACE)
    gain = np.sum(np.abs(many.a[:, 0, :, :, 0]) ** 2, axis=2) / np.sum(many.power, axis=2)
    told = says(channel, "draw", "a mean of |sum of a|^2 over that of power of 1", f"{gain.mean():.3g}")
    assert mean_is(gain.ravel(), np.array(1.0)), told
