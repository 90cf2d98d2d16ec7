"""Random measurements: A and its transpose, of unit columns on average, from a key alone and in bounded memory."""

import resource
from collections.abc import Callable

import numpy as np
import pytest
import scipy.linalg
import scipy.stats
import tensorflow as tf

from overair.ota import projections
from overair.ota.projections import Projection, gaussian, hadamard
from overair.phy import keys

KINDS: dict[str, Callable[..., Projection]] = {
    "gaussian": gaussian,
    "gaussian in tiles": lambda key, rows, size, dtype=tf.float32: gaussian(key, rows, size, 0, dtype),
    "hadamard": lambda key, rows, size, dtype=tf.float32: hadamard(key, rows, size, None, dtype),
}


@pytest.fixture(params=KINDS.values(), ids=list(KINDS))
def kind(request: pytest.FixtureRequest) -> Callable[..., Projection]:
    return request.param


def dense(projection: Projection) -> np.ndarray:
    return projection.forward(tf.eye(projection.size)).numpy().T  # [m, d]


@pytest.mark.parametrize(("rows", "size"), [(50, 200), (37, 100), (1, 1), (1, 9), (64, 64), (90, 70)])
def test_the_adjoint_is_the_transpose(kind: Callable[..., Projection], rows: int, size: int) -> None:
    projection = kind(keys.key(0), rows, size, dtype=tf.float64)
    x, y = keys.normal(keys.key(1), [3, size], tf.float64), keys.normal(keys.key(2), [3, rows], tf.float64)
    across, back = projection.forward(x), projection.adjoint(y)
    assert across.shape == (3, rows) and back.shape == (3, size) and across.dtype == back.dtype == tf.float64
    np.testing.assert_allclose(tf.reduce_sum(across * y, 1), tf.reduce_sum(x * back, 1), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(projection.forward(x[0]), across[0], atol=1e-12)


def test_matrices_come_from_the_key_alone(kind: Callable[..., Projection]) -> None:
    first, again, other = (dense(kind(keys.key(0, word), 32, 64)) for word in ("a", "a", "b"))
    compiled = tf.function(lambda key: kind(key, 32, 64).forward(tf.eye(64)), autograph=False)
    assert np.array_equal(first, again)
    np.testing.assert_allclose(compiled(keys.key(0, "a")).numpy().T, first, atol=1e-6)
    assert abs(np.corrcoef(first.ravel(), other.ravel())[0, 1]) < 4.5 / first.size**0.5


def test_a_matrix_in_tiles_is_the_one_that_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    for tile in (7, 60, 1000):  # parts of a row, some rows, all rows
        monkeypatch.setattr(projections, "TILE", tile)
        kept, tiles = (gaussian(keys.key(0), 13, 30, memory) for memory in (2**20, 0))
        np.testing.assert_allclose(dense(kept), dense(tiles), atol=1e-6)
        np.testing.assert_allclose(kept.adjoint(tf.eye(13)), tiles.adjoint(tf.eye(13)), atol=1e-6)
        assert len(np.unique(dense(kept))) == 13 * 30  # no tile is there twice


def test_gaussian_entries_are_normal_of_variance_one_over_m() -> None:
    entries = dense(gaussian(keys.key(3), 150, 200)).ravel() * 150**0.5
    assert scipy.stats.kstest(entries, "norm").pvalue > 1e-4
    assert abs(entries.var() - 1) < 4 * (2 / entries.size) ** 0.5


@pytest.mark.parametrize(("rows", "size", "block"), [(40, 128, 128), (40, 100, 32), (64, 64, 64), (30, 96, 32)])
def test_hadamard_rows_are_rows_of_scipys_matrix_with_signs(rows: int, size: int, block: int) -> None:
    matrix = dense(hadamard(keys.key(1), rows, size, block))
    padded = -(-size // block) * block
    whole = np.kron(np.eye(padded // block), scipy.linalg.hadamard(block))[:, :size]
    drawn = projections.draw(keys.key(1), rows, size, block)
    expected = whole[drawn.rows] * drawn.signs.numpy().ravel()[:size] * (padded / block / rows) ** 0.5
    np.testing.assert_allclose(matrix, expected, atol=1e-6)
    if padded == block:
        np.testing.assert_allclose((matrix**2).sum(axis=0), 1, rtol=1e-5)


def test_columns_have_unit_norm_on_average_and_are_orthogonal_on_average(kind: Callable[..., Projection]) -> None:
    def gram(index: tf.Tensor) -> tf.Tensor:
        projection = kind(keys.key(4, index), 12, 36)
        return projection.adjoint(projection.forward(tf.eye(36)))

    grams = tf.function(lambda: tf.map_fn(gram, tf.range(800), tf.float32), autograph=False)().numpy()
    error = np.maximum(grams.std(axis=0), 1e-6) / 800**0.5
    assert np.all(np.abs(grams.mean(axis=0) - np.eye(36)) < 5 * error)


def test_any_size_works_in_bounded_memory() -> None:
    rows, size = 40, 1_000_000  # 160 MB as a whole
    projection = gaussian(keys.key(0), rows, size, memory=2**24)
    x = tf.one_hot(7, size)
    pair = tf.function(lambda: (projection.forward(x), projection.adjoint(projection.forward(x))), autograph=False)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    column, back = pair()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < rows * size * 4 / 2
    np.testing.assert_allclose(back[7], np.sum(column.numpy() ** 2), rtol=1e-5)
    assert abs(np.mean(back.numpy()[8:])) < 5 * np.std(back) / size**0.5


@pytest.mark.parametrize(("make", "rows", "size"), [(gaussian, 0, 5), (hadamard, 3, 0), (hadamard, 9, 8)])
def test_impossible_sizes_are_refused(make: Callable[..., Projection], rows: int, size: int) -> None:
    with pytest.raises(ValueError, match="expected at (least|most) .* received [09]"):
        make(keys.key(0), rows, size)
