"""Metrics of retrieval are those of a gallery that is really put in order, and of guesses that are really drawn."""

import numpy as np
import pytest

from overair.learning.inference.retrieval import ranking as retrieval


def sorted_out(similarity: np.ndarray, queries: np.ndarray, gallery: np.ndarray, depth: int) -> tuple[list, list]:
    """Hits and average precision by sorting, a query at a time; of equals, other classes come first."""
    hits, precisions = [], []
    for row, own in zip(similarity, queries, strict=True):
        order = sorted(range(len(gallery)), key=lambda at: (-row[at], gallery[at] == own))
        right = [gallery[at] == own for at in order]
        hits.append([any(right[:k]) for k in range(1, depth + 1)])
        precisions.append(np.mean([sum(right[: at + 1]) / (at + 1) for at in range(len(right)) if right[at]]))
    return hits, precisions


@pytest.mark.parametrize("levels", [3, 1000])  # 3: many are equally similar
def test_hits_and_precision_are_those_of_a_sorted_gallery(levels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "GROUP", 100)  # several groups of queries
    rng = np.random.default_rng(0)
    gallery = rng.permutation(np.repeat(np.arange(8), [1, 2, 3, 4, 5, 6, 7, 8]))
    queries = rng.integers(0, 8, 30)
    similarity = rng.integers(0, levels, [30, len(gallery)]).astype(np.float32)
    found = retrieval.find(similarity, queries, gallery, 10)
    hits, precisions = sorted_out(similarity, queries, gallery, 10)
    np.testing.assert_array_equal(found.hits, hits)
    np.testing.assert_allclose(found.precision, precisions, rtol=1e-12)
    scores = found.scores()
    np.testing.assert_allclose(scores.cmc, np.mean(hits, axis=0), rtol=1e-12)
    assert scores.mean_precision == pytest.approx(np.mean(precisions)) and np.all(np.diff(scores.cmc) >= 0)


def test_a_gallery_that_repeats_the_queries_is_found_at_once() -> None:
    points = np.random.default_rng(1).normal(size=[12, 5])
    classes = np.arange(12)
    found = retrieval.find(-((points[:, None] - points) ** 2).sum(axis=2), classes, classes)
    assert found.scores().cmc[0] == 1 and found.scores().mean_precision == 1


def test_a_server_that_finds_all_alike_finds_nothing() -> None:
    found = retrieval.find(np.zeros([3, 60]), np.arange(3), np.arange(60) % 3)
    assert not found.hits.any()  # all 40 others come first


def test_guesses_are_what_random_orders_give_on_average() -> None:
    rng, draws = np.random.default_rng(2), 4000
    gallery = np.repeat(np.arange(4), [1, 2, 5, 12])
    queries = np.arange(4)
    drawn = [retrieval.find(rng.random([4, 20]), queries, gallery, 25) for _ in range(draws)]
    expected = retrieval.guess(queries, gallery, 25)
    hits, precision = (np.stack([getattr(found, name) for found in drawn]) for name in retrieval.Found._fields)
    error = (expected.hits * (1 - expected.hits) / draws) ** 0.5
    assert np.all(np.abs(hits.mean(axis=0) - expected.hits) <= 4.5 * error + 1e-12)
    assert np.all(np.abs(precision.mean(axis=0) - expected.precision) <= 4.5 * precision.std(axis=0) / draws**0.5)


def test_a_mixture_weighs_query_by_query() -> None:
    one = retrieval.Found(np.ones([2, 3]), np.ones(2))
    none = retrieval.Found(np.zeros([2, 3]), np.zeros(2))
    mixed = one.mix(none, np.array([0.25, 1.0]))
    np.testing.assert_array_equal(mixed.hits, [[0.25] * 3, [1.0] * 3])
    np.testing.assert_array_equal(mixed.precision, [0.25, 1.0])


@pytest.mark.parametrize(
    ("similarity", "queries", "gallery", "said"),
    [
        (np.zeros([2, 3]), [0, 7], [0, 1, 2], "received none of class 7, which query 1 has"),
        (np.zeros([3, 2]), [0, 1], [0, 1, 2], "received 3 x 2"),
        (np.full([1, 1], np.nan), [0], [0], "received NaN"),
        (np.zeros([0, 1]), [], [0], "received 0 and 1"),
    ],
)
def test_what_cannot_be_scored_is_refused_in_one_line(
    similarity: np.ndarray, queries: list, gallery: list, said: str
) -> None:
    with pytest.raises(ValueError, match=said) as error:
        retrieval.find(similarity, np.array(queries), np.array(gallery))
    assert "\n" not in str(error.value) and "expected" in str(error.value) and ";" in str(error.value)
