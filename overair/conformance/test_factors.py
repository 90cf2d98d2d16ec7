"""Every codec of factors, found by walking the package, goes through the checks of its family."""

from typing import Any

import numpy as np
import tensorflow as tf

from ..ota.factors import gradient
from ..phy import keys

N, M, SAMPLES = 6, 4, 3


def test_factors(factor_codec: Any) -> None:
    x = tf.nn.relu(keys.normal(keys.key(0, "x"), [N, SAMPLES]))
    delta = keys.normal(keys.key(0, "delta"), [M, SAMPLES])

    def decoded(key: tf.Tensor, delta: tf.Tensor = delta) -> tuple[tf.Tensor, ...]:
        message = factor_codec.encode(x, delta, key)
        return (*factor_codec.decode(message, key), *message, message.bits(factor_codec.alphabets))

    eager, again = decoded(keys.key(1)), decoded(keys.key(1))
    compiled = tf.function(decoded, autograph=False)(keys.key(1))
    assert all(np.array_equal(one, other) for one, other in zip(eager, again, strict=True))
    assert all(np.allclose(one, other, rtol=1e-4) for one, other in zip(eager, compiled, strict=True))
    x_, delta_, symbols_x, symbols_delta, numbers, bits = eager
    assert x_.shape == x.shape and delta_.shape == delta.shape and numbers.dtype == x_.dtype == tf.float32
    for symbols, alphabet in zip((symbols_x, symbols_delta), factor_codec.alphabets, strict=True):
        assert symbols.dtype == tf.int32 and np.all((symbols >= 0) & (symbols < alphabet))
    assert bits >= 32 * numbers.shape[0]
    assert not np.any(decoded(keys.key(1), tf.zeros_like(delta))[1])
    if factor_codec.unbiased:

        def one(index: tf.Tensor) -> tf.Tensor:
            return gradient(*decoded(keys.key(2, index))[:2])

        looped = tf.function(lambda: tf.map_fn(one, tf.range(1000), fn_output_signature=tf.float32), autograph=False)
        draws = looped().numpy()
        exact = gradient(x, delta).numpy()
        off = np.abs(draws.mean(axis=0) - exact)
        assert np.all(off <= 5 * draws.std(axis=0) / 1000**0.5 + 1e-5)
        foretold, error = float(factor_codec.error(x, delta)), ((draws - exact) ** 2).sum(axis=(1, 2))
        assert abs(error.mean() - foretold) < 5 * error.std() / 1000**0.5
        assert foretold <= factor_codec.error_bound(x, delta)
