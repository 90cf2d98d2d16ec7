"""Queries of the study of retrieval are by other people than the gallery."""

from collections.abc import Sequence

import numpy as np
import pytest
import tensorflow as tf

from overair.figures import retrieval as study
from overair.learning.inference.retrieval import embedding
from overair.learning.inference.retrieval.evaluate import IdealQueries


def test_queries_are_by_drawers_11_to_14_and_the_gallery_by_1_to_10(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each drawing is black as its drawer's number and its character's hundred, which stand for its features."""
    numbers = 100.0 * np.arange(3)[:, None] + np.arange(1, 21)  # [C, D]
    fine = np.broadcast_to(numbers[:, :, None, None, None], [3, 20, 56, 56, 1]).astype(np.float32)

    def embed(network: object, images: np.ndarray) -> np.ndarray:
        return images[:, :1, 0, 0]

    monkeypatch.setattr(embedding, "embed", embed)
    made = study.Trained(None, lambda x: tf.constant(x), {}, [], [])
    _, name, way = next(study.ways_of(made, study.Pictures.of(fine)))
    assert name == study.UNLIMITED and isinstance(way, IdealQueries)
    assert drawers(way.queries) == [*range(11, 15)] and drawers(way.gallery) == [*range(1, 11)]
    np.testing.assert_array_equal(way.labels.queries, way.queries[:, 0] // 100)
    np.testing.assert_array_equal(way.labels.gallery, way.gallery[:, 0] // 100)


def drawers(features: np.ndarray) -> Sequence[int]:
    return sorted({int(number) for number in features[:, 0] % 100})
