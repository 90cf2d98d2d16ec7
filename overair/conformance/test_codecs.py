"""Every codec: its symbols and what is decoded from them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..ota.codecs import Counting, Past
from ..ota.layers import Layers, size_of
from ..phy import keys
from .compare import finite, mean_is, same
from .found import in_turn

SIZES = [1, 2, 37, 64]  # one parameter, and lengths that are no powers of two


@pytest.mark.parametrize(("codec", "size"), in_turn("codecs", SIZES))
def test_codecs(codec: Any, size: int) -> None:
    for layers in [((size,),), ((size, 6), (3,), (2, 2, 2, size))][: 1 + (size == 37)]:
        _test_codec(codec, layers)


def _test_codec(codec: Any, layers: Layers) -> None:
    size, quiet = size_of(layers), tf.zeros([])
    elements = codec.elements(layers, size)
    updates = keys.normal(keys.key(0), [3, size])

    def drawn(seed: Any) -> Any:
        return codec.code(layers, elements, keys.key(3, seed), Past.none(layers))

    code, again, other = (drawn(seed) for seed in (1, 1, 2))
    assert same(code, again)
    if len(tf.nest.flatten(code)) > 1 and size > 2:
        assert not same(code, other)
    sent = codec.select(updates, layers, code)
    symbols = codec.encode(sent, layers, code)
    assert sent.shape == (3, size) and symbols.shape == (3, elements) and symbols.dtype == tf.complex64
    estimate = codec.decode(symbols[0], layers, code, quiet)
    assert estimate.shape == (size,) and estimate.dtype == tf.float32
    noise = keys.complex_normal(keys.key(5), [elements])
    assert finite(codec.decode(noise, layers, code, quiet)) and finite(codec.decode(noise, layers, code, tf.ones([])))
    trouble = codec.encode(codec.select(updates + np.nan, layers, code), layers, code)[0]
    assert not finite(codec.decode(trouble, layers, code, quiet))  # is not hidden
    weights = tf.constant([0.2, -1.0, 3.0])
    if codec.linear:
        apart = tf.linalg.matvec(symbols, tf.cast(weights, tf.complex64), transpose_a=True)
        total = tf.linalg.matvec(sent, weights, transpose_a=True)
        np.testing.assert_allclose(apart, codec.encode(total[None], layers, code)[0], atol=1e-4)
    everything = tf.ones([3, elements])
    if codec.feedback is not None:
        zeros = tf.zeros([1, size])
        nothing = codec.encode(codec.select(zeros, layers, code), layers, code)[0]
        assert not np.any(codec.decode(nothing, layers, code, quiet))
        delivered = codec.delivered(sent, layers, code, everything)
        assert delivered.shape == (3, size) and finite(delivered)
        assert not np.any(codec.delivered(sent, layers, code, 0 * everything))  # of those that are silent

    if getattr(codec, "over_rounds", False):
        return
    counting = isinstance(codec, Counting)  # its codewords are those of the code
    recovers = hasattr(codec, "recovery") or counting
    if recovers:  # what is sparse, and large enough for message passing; tests/ota/test_recovery*.py have the rest
        updates = tf.one_hot(size // 2, size) * tf.constant([[1.0], [2.0], [0.5]])
    sent = codec.select(updates, layers, code)

    def through(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        code = drawn(index)
        own = codec.select(updates, layers, code) if counting else sent
        symbols = tf.reduce_sum(codec.encode(own, layers, code), axis=0)
        return codec.decode(symbols, layers, code, quiet), codec.target(tf.reduce_sum(own, axis=0))

    loop = tf.function(lambda: tf.map_fn(through, tf.range(300), (tf.float32, tf.float32)), autograph=False)
    draws, targets = (value.numpy() for value in loop())
    target = targets[0]
    if recovers:
        error, power = ((draws - targets) ** 2).sum(axis=1), (targets**2).sum(axis=1)  # 0 and 0 where all are silent
        sparse = counting or getattr(codec.recovery, "sparse", True)
        assert size < 300 or np.mean(error <= 1e-4 * power) > 0.5 or not sparse
    elif len(layers) == 1:  # of many hundred entries some stray
        assert mean_is(draws, target)  # exactly or on average over codes
