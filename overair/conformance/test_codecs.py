"""Every codec: its symbols and what is decoded from them."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..ota.codecs import Counting, Past
from ..ota.layers import Layers, size_of
from ..phy import keys
from ..scenarios.promises import gives
from .compare import finite, mean_is, mean_off, same, says
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
    gives(codec, "select", sent, "float32", [3, size])
    gives(codec, "encode", symbols, "complex64", [3, elements])
    gives(codec, "decode", codec.decode(symbols[0], layers, code, quiet), "float32", [size])
    noise = keys.complex_normal(keys.key(5), [elements])
    assert finite(codec.decode(noise, layers, code, quiet)) and finite(codec.decode(noise, layers, code, tf.ones([])))
    trouble = codec.encode(codec.select(updates + np.nan, layers, code), layers, code)[0]
    hides = says(codec, "decode", "NaN or infinity of an update of NaN", "finite numbers, which hide the trouble")
    assert not finite(codec.decode(trouble, layers, code, quiet)), hides
    weights = tf.constant([0.2, -1.0, 3.0])
    if codec.linear:
        apart = tf.linalg.matvec(symbols, tf.cast(weights, tf.complex64), transpose_a=True)
        total = tf.linalg.matvec(sent, weights, transpose_a=True)
        np.testing.assert_allclose(apart, codec.encode(total[None], layers, code)[0], atol=1e-4)
    everything = tf.ones([3, elements])
    if codec.feedback is not None:
        zeros = tf.zeros([1, size])
        nothing = codec.encode(codec.select(zeros, layers, code), layers, code)[0]
        decoded = codec.decode(nothing, layers, code, quiet)
        assert not np.any(decoded), says(
            codec, "decode", "zeros of an update of zeros", f"up to {np.abs(decoded).max():g}"
        )
        delivered = codec.delivered(sent, layers, code, everything)
        gives(codec, "delivered", delivered, "float32", [3, size])
        assert finite(delivered)
        assert not np.any(codec.delivered(sent, layers, code, 0 * everything))  # of those that are silent

    if getattr(codec, "over_rounds", False):
        return
    counting = isinstance(codec, Counting)  # its codewords are those of the code
    recovers = hasattr(codec, "recovery") or counting
    if recovers:  # what is sparse, and large enough for message passing; tests/ota/test_recovery*.py have the rest
        updates = tf.one_hot(size // 2, size) * tf.constant([[1.0], [2.0], [0.5]])

    def through(index: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        code = drawn(index)
        own = codec.select(updates, layers, code)
        symbols = tf.reduce_sum(codec.encode(own, layers, code), axis=0)
        decoded = codec.decode(symbols, layers, code, quiet)
        gives(codec, "decode", decoded, "float32", [size])
        return decoded, codec.target(tf.reduce_sum(own, axis=0))

    count = 60 if recovers else 300  # half of them have to succeed, or a mean is measured
    loop = tf.function(lambda: tf.map_fn(through, tf.range(count), (tf.float32, tf.float32)), autograph=False)
    draws, targets = (value.numpy() for value in loop())
    target = targets[np.abs(targets).sum(axis=1).argmax()]  # the first where a selection is the same for all codes
    if recovers:
        error, power = ((draws - targets) ** 2).sum(axis=1), (targets**2).sum(axis=1)  # 0 and 0 where all are silent
        sparse = counting or getattr(codec.recovery, "sparse", True)
        assert size < 300 or np.mean(error <= 1e-4 * power) > 0.5 or not sparse
    elif len(layers) == 1:  # of many hundred entries some stray
        wanted = "what was selected, exactly or on average over codes"
        draws = draws + target - targets  # a selection may depend on the code, too
        assert mean_is(draws, target), says(
            codec, "decode", wanted, f"{mean_off(draws, target):.2g} off, of the largest"
        )
