"""NMSE of the sum by layer, as an axis of a federated scenario."""

from typing import Any

import numpy as np
import pytest

from overair.scenarios.reading.errors import ScenarioError
from overair.scenarios.running.run import run

SCENARIO: dict[str, Any] = {
    "data": "digits", "model": {"kind": "fc", "hidden": [20]}, "devices": 4, "rounds": 3, "batch_size": 8,
    "seeds": [0], "uplink": {"kind": "digital", "compressor": "eden"}, "link": {"channel": "awgn", "snr_db": 5},
}  # fmt: skip


def test_layers_have_errors_of_their_own_and_training_is_the_same() -> None:
    whole, apart = run(SCENARIO), run(SCENARIO, ["layer=[1, 2]"])
    for layer in (1, 2):
        np.testing.assert_array_equal(apart.accuracy.sel(layer=layer), whole.accuracy)
        np.testing.assert_array_equal(apart.loss.sel(layer=layer), whole.loss)
    found = np.sort([float(each.isel(round=-1).mean()) for each in (*apart.nmse.transpose("layer", ...), whole.nmse)])
    assert found[0] < found[1] < found[2]  # that of all lies between
    assert found[1] == pytest.approx(float(whole.nmse.isel(round=-1).mean()))


def test_a_layer_that_is_not_there_is_refused_by_its_field() -> None:
    with pytest.raises(ScenarioError, match="layer: expected a number from 1 to 2, as many kernels as there are"):
        run(SCENARIO, ["layer=3"])
