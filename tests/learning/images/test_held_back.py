"""Images that judge an epoch are none of those that are learnt from."""

from typing import Any

import numpy as np
import pytest

from overair.learning.images.klt import Klt
from overair.learning.images.schemes import Job, deepjscc, linear
from overair.learning.images.schemes.deepjscc import Deepjscc
from overair.learning.images.schemes.linear import LinearImages
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


def test_the_linear_line_learns_from_as_many_images_as_networks(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than 20,000, and none of those held back; both conventions of the scale come from one transform."""
    seen: list[np.ndarray] = []

    def fit(*images: np.ndarray, block: int) -> Klt:
        seen.append(images[0])
        return Klt(block, np.zeros(1), np.ones([1, 1]), np.ones(1))

    monkeypatch.setattr(linear.Klt, "fit", fit)
    images = np.arange(50_000, dtype=np.float32)[:, None, None, None]
    for scale in ("sent", "known"):
        LinearImages(1, scale).ready(Job(images, Air(Grid(), Awgn(), 1), (0.5,), 0))
    for learnt in seen:
        np.testing.assert_array_equal(learnt, images[:49_500])
