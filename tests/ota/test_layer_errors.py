"""NMSE of the sum in one layer alone, where the terms name one."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Analog, Digital, Eden, Ideal, Identity, Report, Round, Terms, apply
from overair.phy import Air, FullInversion, Grid, Rayleigh, keys

GRID = Grid(subcarriers=32, symbols=4, prefix=8)
LAYERS = ((3, 3, 1, 4), (4,), (4, 10), (10,))
ENDS = {None: (0, 90), 1: (0, 36), 2: (40, 80)}  # of kernels among the entries
WEIGHTS = [0.5, 0.2, 0.3]


def played(uplink: Any, layer: int | None, updates: tf.Tensor) -> tuple[np.ndarray, Report]:
    air = Air(GRID, Rayleigh(), len(WEIGHTS))
    terms, place = Terms(air, 90, 96, layers=LAYERS, layer=layer), air.init(keys.key(0))
    link = air.draw(place, keys.key(1), 0.0, terms.slots, 3.0) if uplink.uses_air else None
    round = Round(terms, keys.key(2), tf.constant(WEIGHTS), link)
    estimate, _, report = apply(uplink, uplink.init(terms, place), round, updates)
    return estimate.numpy().astype(float), report


@pytest.mark.parametrize("uplink", [Digital(Eden()), Analog(Identity(), FullInversion()), Ideal()], ids=str)
@pytest.mark.parametrize("layer", ENDS)
def test_errors_are_those_of_the_kernel_alone_and_nothing_else_changes(uplink: Any, layer: int | None) -> None:
    updates = keys.normal(keys.key(3), [3, 90]) * tf.linspace(0.1, 2.0, 90)
    estimate, report = played(uplink, layer, updates)
    begin, end = ENDS[layer]
    target = (np.array(WEIGHTS) @ updates.numpy())[begin:end]
    expected = np.sum((estimate[begin:end] - target) ** 2) / np.sum(target**2)
    assert float(report.nmse) == pytest.approx(expected, rel=1e-4, abs=1e-9)
    assert float(report.nmse_sent) == pytest.approx(expected, rel=1e-4, abs=1e-9)
    whole, others = played(uplink, None, updates)
    np.testing.assert_array_equal(estimate, whole)
    for name in ("energy", "bits", "decoded", "payload"):
        np.testing.assert_array_equal(getattr(report, name), getattr(others, name))


@pytest.mark.parametrize("layer", [0, 3])
def test_a_layer_that_is_not_there_is_refused(layer: int) -> None:
    with pytest.raises(ValueError, match=f"layer: expected a number from 1 to 2, .*, received {layer}"):
        Terms(Air(GRID, Rayleigh(), 3), 90, 96, layers=LAYERS, layer=layer)
