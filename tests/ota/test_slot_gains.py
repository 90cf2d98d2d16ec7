"""Gains of one slot, as rules that look at everybody ask for them: nothing is made for slots that are not asked for."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import Round, Terms
from overair.phy import Air, Estimated, Grid, Tdl, keys
from overair.phy.beliefs import CorrelatedTable

GRID = Grid(subcarriers=16, symbols=4, prefix=8)


def test_gains_of_a_slot_are_made_of_that_slot_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    air = Air(GRID, Tdl("A", 1e-7, 60.0), 3, csir=Estimated("linear", 4))
    terms = Terms(air, 10, 3 * GRID.elements)
    link = air.draw(air.init(keys.key(0)), keys.key(1), 0.0, 3, 20.0)
    whole = link.response(of=link.receiver.best)[0, 0].numpy()  # [K, T, F]
    made, best = [], CorrelatedTable.best.fget  # type: ignore[attr-defined]

    def watched(belief: CorrelatedTable) -> object:
        made.append(belief.kept.shape[-1])
        return best(belief)

    monkeypatch.setattr(CorrelatedTable, "best", property(watched))
    found = Round(terms, keys.key(2), tf.ones([3]), link).slot_gains(tf.constant(1))
    np.testing.assert_allclose(found, whole[:, 4:8], atol=1e-6)
    assert made and set(made) == {4}
