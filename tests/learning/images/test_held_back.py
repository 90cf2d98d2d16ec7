"""Images that judge an epoch are none of those that are learnt from."""

from typing import Any

import numpy as np
import pytest

from overair.learning.images.schemes import Job, deepjscc
from overair.learning.images.schemes.deepjscc import Deepjscc
from overair.phy import Air, Awgn, Grid


@pytest.mark.parametrize(("count", "held"), [(40, 4), (8000, 500)])
def test_a_tenth_is_held_back_and_at_most_five_hundred(count: int, held: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[np.ndarray] = []

    def train(model: Any, images: np.ndarray, validation: np.ndarray, *_: Any, **__: Any) -> None:
        kept.extend((images, validation))

    monkeypatch.setattr(deepjscc, "train", train)
    monkeypatch.setattr(Deepjscc, "model", lambda *_: None)
    images = np.arange(count, dtype=np.float32)[:, None, None, None] * np.ones([1, 4, 4, 1], np.float32)
    job = Job(images, Air(Grid(), Awgn(), 1), (0.25,), 0)
    Deepjscc()._train(job, 0.25, 0)
    learnt, judges = (set(part[:, 0, 0, 0].tolist()) for part in kept)
    assert len(judges) == held and learnt.isdisjoint(judges) and learnt | judges == set(range(count))
