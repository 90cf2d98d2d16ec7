"""Every compressor: bits are kept to, and what is decoded is right on average or no worse than silence."""

from functools import cache
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from ..phy import keys
from ..scenarios.promises import compressors as promised
from .compare import finite, mean_is, mean_off, same, says
from .found import in_turn

SIZES = [1, 2, 37, 64]  # one parameter, and lengths that are no powers of two
DRAWS = 200  # of a compressor; tolerances follow from them
KEYS = tf.TensorSpec([None, 2], tf.int64)
EAGERLY = {("normal", 40.0), ("normal", 1e4), ("constant", 100.0), ("spike", 1.0), ("zeros", 0.0)}  # all are compiled


@cache
def draw_keys() -> tf.Tensor:
    return tf.stack([keys.key(2, draw) for draw in range(DRAWS)])


@pytest.mark.parametrize(("compressor", "size"), in_turn("compressors", SIZES))
def test_compressors(compressor: Any, size: int) -> None:
    updates = {
        "normal": keys.normal(keys.key(0), [size]),
        "constant": tf.fill([size], -3.0),
        "spike": tf.one_hot(0, size) * 1e3,
        "zeros": tf.zeros([size]),
    }

    def decoded(update: tf.Tensor, bits: tf.Tensor, key: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return promised.decoded(compressor, compressor.compress(update, bits, key), size)

    signature = tf.TensorSpec([size]), tf.TensorSpec([])

    @tf.function(autograph=False, input_signature=[tf.TensorSpec([None, size]), tf.TensorSpec([None]), KEYS])
    def compress(*rows: tf.Tensor) -> Any:  # compiled once for all that follows
        return tf.map_fn(lambda one: decoded(*one), rows, fn_output_signature=signature)

    asked = [(name, budget) for name in updates for budget in (0.0, 1.0, 40.0, 100.0, 1e4)]
    rows, budgets = tf.stack([updates[name] for name, _ in asked]), tf.constant([budget for _, budget in asked])
    alike = tf.tile(keys.key(1)[None], [len(asked), 1])
    compiled = compress(rows, budgets, alike)
    again_the_same = same(compiled, compress(rows, budgets, alike))
    assert again_the_same, says(compressor, "compress", "the same of the same key", "something else")
    for number, (name, budget) in enumerate(asked):
        one = tf.nest.map_structure(lambda value, number=number: value[number], compiled)
        eager = decoded(updates[name], budgets[number], keys.key(1)) if (name, budget) in EAGERLY else one
        for value, used in (eager, one):
            promised.within(compressor, float(used), budget)
            assert finite((value, used))
            known = used > 0 and name != "zeros"
            assert known or not np.any(value), says(compressor, "compress", f"zeros of {name}, {used:g} bits", "others")
        assert same(eager, one, rtol=1e-5, atol=1e-5 * max(1.0, float(np.abs(updates[name]).max())))
    many, update = tf.repeat(updates["normal"][None], DRAWS, axis=0), updates["normal"].numpy()
    for budget in (60.0, 1e4):
        draws, used = (value.numpy() for value in compress(many, tf.fill([DRAWS], budget), draw_keys()))
        if compressor.unbiased:
            often = (draws != np.median(draws, axis=0)).sum(axis=0) >= 10  # entries that are hardly ever sent: in sums
            mixed = np.random.default_rng(0).choice([-1.0, 1.0], [size, 16])
            right = mean_is(draws[:, often], update[often]) and mean_is(draws @ mixed, update @ mixed)
            off = f"{mean_off(draws, update):.2g} off, of the largest"
            told = says(compressor, "unbiased", "False, or the update on average over keys", f"True, and {off}")
            assert not np.any(used) or right, told
        elif getattr(compressor, "contractive", True):  # no worse than silence
            error, energy = ((draws - update) ** 2).sum(axis=1).mean(), (update**2).sum()
            told = says(
                compressor, "compress", "an error of at most the update's energy", f"{error / energy:.3g} times it"
            )
            assert error <= energy * (1 + 1e-5), told
