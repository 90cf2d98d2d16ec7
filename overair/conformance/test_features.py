"""Whatever crosses a cut: parts fit together, each SNR stands for itself, and the same seed sends the same."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import keras
import numpy as np
import pytest

from ..learning.data import Arrays
from ..learning.inference.split.cuts import cut, cuts
from ..learning.inference.split.features import Cut, Examples
from ..learning.inference.split.outage import BEST
from ..phy import Grid
from .found import as_it_comes, in_turn

SNRS = [0.0, 10.0]
NAMES = ("input", "inner", "end")


@cache
def places() -> dict[str, Cut]:
    """Of a network of any weights, cut at the input, inside and at the end."""
    rng, start = np.random.default_rng(0), keras.initializers.GlorotUniform(0)
    layers = [
        keras.Input((4, 4, 1)),
        keras.layers.Conv2D(3, 3, name="inner", kernel_initializer=start),
        keras.layers.Flatten(name="flatten"),
        keras.layers.Dense(5, name="end", kernel_initializer=start),
    ]
    network = keras.Sequential(layers)
    images, labels = rng.random([60, 4, 4, 1], np.float32), rng.integers(5, size=60).astype(np.int32)
    data, held_out = (
        Arrays(images[:30], labels[:30], images[50:], labels[50:], 5),
        Examples(images[30:40], labels[30:40]),
    )
    grid = Grid(subcarriers=8, symbols=2, prefix=2)
    return {
        name: Cut(*cut(network, name), name, name == cuts(network)[-1], data, held_out, BEST, grid, 0) for name in NAMES
    }


@pytest.mark.parametrize(("features", "name"), in_turn("features", NAMES))
def test_features(features: Any, name: str) -> None:
    usual = features == as_it_comes(features)
    if steps := getattr(features, "steps", 0):
        features = replace(features, steps=min(steps, 20))  # nothing below depends on how much is learnt
    place = places()[name]
    learnt: list[list[np.ndarray]] = []

    def kept(make: Callable[[], list[np.ndarray]]) -> list[np.ndarray]:
        learnt[:] = learnt or [make()]
        return learnt[0]

    if not usual:  # that learning is repeatable is seen of every scheme as it comes
        place = place._replace(kept=kept)
    device, server = features.parts(place)
    assert device.input_shape == (None, 4, 4, 1) and server.output_shape == (None, 5)
    assert device.output_shape[0] is server.input_shape[0] is None
    sent = features.send(place, SNRS)
    assert sent.accuracy.shape == sent.validation.shape == sent.elements.shape == (2,)
    for share in (sent.accuracy, sent.validation):
        assert np.all((share >= 0) & (share <= 1))
    assert np.all(sent.elements >= 1)
    assert sent.bits >= 0 and 0 <= sent.depth <= 8
    alone = features.send(place, SNRS[1:])
    assert (alone.accuracy[0], alone.elements[0]) == (sent.accuracy[1], sent.elements[1])
    assert alone.validation[0] == sent.validation[1]
