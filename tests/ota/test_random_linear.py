"""Random linear coding: linear, unbiased, and of the mean squared error that theory gives for its matrix."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota import RandomLinear, pack, unpack
from overair.ota.codecs import Past
from overair.ota.projections import Matrix
from overair.phy import keys

CODES = 1500


def unit(size: int) -> np.ndarray:
    values = keys.normal(keys.key(0), [size]).numpy()
    return values / np.linalg.norm(values)


def estimates(codec: RandomLinear, g: np.ndarray, noise: float = 0.0, codes: int = CODES) -> np.ndarray:
    """What the receiver decodes of g under so many codes, with real noise of that variance on every row, [codes, d]."""
    size, layers = g.shape[0], (g.shape,)
    elements = codec.elements(layers, size)

    def one(index: tf.Tensor) -> tf.Tensor:
        code = codec.code(layers, elements, keys.key(1, index), Past.none(layers))
        heard = codec.encode(g[None], layers, code)[0]
        heard += (2 * noise) ** 0.5 * keys.complex_normal(keys.key(2, index), [elements])
        return codec.decode(heard, layers, code, tf.zeros([]))

    return tf.function(lambda: tf.map_fn(one, tf.range(codes), tf.float32), autograph=False)().numpy()


def code_of(codec: RandomLinear, size: int, elements: int, seed: int) -> Matrix:
    return codec.code(((size,),), elements, keys.key(seed), Past.none(((size,),)))


def assert_mean(values: np.ndarray, expected: float) -> None:
    assert abs(values.mean() - expected) < 4 * values.std() / len(values) ** 0.5


@pytest.mark.parametrize(("size", "rows", "printed"), [(256, 64, 3.0), (128, 16, 7.0), (64, 63, None)])
def test_rows_of_a_matrix_of_the_updates_size_err_by_d_over_m_less_one(
    size: int, rows: int, printed: float | None
) -> None:
    g = unit(size)
    error = ((estimates(RandomLinear(compression=size / rows), g) - g) ** 2).sum(axis=1)
    expected = size / rows - 1
    assert printed is None or expected == printed
    np.testing.assert_allclose(error.mean(), expected, atol=4 * error.std() / CODES**0.5 + 1e-5)


@pytest.mark.parametrize(("size", "rows", "block", "printed"), [(200, 50, 256, 3.215), (100, 30, 128, None)])
def test_some_columns_of_a_larger_matrix_err_by_the_second_formula(
    size: int, rows: int, block: int, printed: float | None
) -> None:
    g = unit(size)
    error = ((estimates(RandomLinear(compression=size / rows, block=block), g) - g) ** 2).sum(axis=1)
    expected = (size - 1) * (block - rows) / (rows * (block - 1))
    assert printed is None or expected == pytest.approx(printed, abs=5e-4)
    assert_mean(error, expected)


@pytest.mark.parametrize(("size", "rows", "block"), [(200, 50, None), (100, 20, 32), (37, 12, 8)])
@pytest.mark.parametrize("where", ["everywhere", "in the last block"])
def test_blocks_err_by_the_formula_of_the_docstring(size: int, rows: int, block: int | None, where: str) -> None:
    codec = RandomLinear(compression=size / rows, block=block)
    block = code_of(codec, size, 1, 0).signs.shape[1]
    padded = -(-size // block) * block
    columns = np.minimum(block, size - block * np.arange(padded // block))  # d_b
    g = unit(size)
    if where == "in the last block":
        g[: -columns[-1]] *= 0.1
    energy = np.array([(part**2).sum() for part in np.split(g, np.cumsum(columns)[:-1])])
    expected = (padded / rows - 1) / (padded - 1) * ((padded * columns / block * energy).sum() - energy.sum())
    assert_mean(((estimates(codec, g) - g) ** 2).sum(axis=1), expected)


@pytest.mark.parametrize(("size", "rows", "block"), [(256, 64, None), (200, 50, 256), (100, 20, 32)])
def test_noise_adds_d_times_its_variance(size: int, rows: int, block: int | None) -> None:
    codec, nothing = RandomLinear(compression=size / rows, block=block), np.zeros(size, np.float32)
    assert_mean((estimates(codec, nothing, noise=0.3, codes=600) ** 2).sum(axis=1), size * 0.3)


def test_noise_and_coding_errors_add() -> None:
    g = unit(128)
    error = ((estimates(RandomLinear(compression=4.0), g, noise=0.02) - g) ** 2).sum(axis=1)
    assert_mean(error, 3 + 128 * 0.02)


@pytest.mark.parametrize(("size", "compression"), [(64, 4.0), (37, 3.0), (2, 2.0)])
def test_it_is_unbiased(size: int, compression: float) -> None:
    g = unit(size)
    decoded = estimates(RandomLinear(compression=compression), g)
    error = np.maximum(decoded.std(axis=0), 1e-6) / CODES**0.5
    assert np.all(np.abs(decoded.mean(axis=0) - g) < 4.5 * error)


@pytest.mark.parametrize("size", [1, 2, 64, 1024])
def test_at_full_rate_a_power_of_two_comes_back_exactly(size: int) -> None:
    np.testing.assert_allclose(estimates(RandomLinear(), unit(size), codes=3), np.tile(unit(size), (3, 1)), atol=1e-5)


@pytest.mark.parametrize(("size", "compression"), [(100, 3.0), (1, 1.0), (5, 2.0)])
def test_coding_commutes_with_weighted_sums(size: int, compression: float) -> None:
    codec, updates, layers = RandomLinear(compression=compression), keys.normal(keys.key(0), [4, size]), ((size,),)
    weights = tf.constant([0.1, 0.5, -2.0, 0.4])
    code = codec.code(layers, codec.elements(layers, size), keys.key(1), Past.none(layers))
    apart = tf.linalg.matvec(codec.encode(updates, layers, code), tf.cast(weights, tf.complex64), transpose_a=True)
    together = codec.encode(tf.linalg.matvec(updates, weights, transpose_a=True)[None], layers, code)[0]
    np.testing.assert_allclose(apart, together, atol=1e-5)


def test_decoding_is_the_transpose_of_encoding() -> None:
    codec, size, layers = RandomLinear(compression=3.0), 50, ((50,),)
    code = codec.code(layers, codec.elements(layers, size), keys.key(1), Past.none(layers))
    matrix = unpack(codec.encode(tf.eye(size), layers, code), 17).numpy().T  # A, [m, d]
    transpose = np.stack([codec.decode(pack(row), layers, code, tf.zeros([])) for row in tf.eye(17)], axis=1)
    np.testing.assert_allclose(transpose, matrix.T, atol=1e-6)


def test_a_code_is_fresh_for_every_key_and_the_same_for_one() -> None:
    codec = RandomLinear(compression=4.0)
    first, again, other = (codec.code(((256,),), 32, keys.key(0, "round", i), Past.none(((256,),))) for i in (1, 1, 2))
    assert np.array_equal(first.signs, again.signs) and np.array_equal(first.rows, again.rows)
    assert abs(np.mean(first.signs.numpy() * other.signs)) < 4 / 256**0.5
    shared = len(np.intersect1d(first.rows, other.rows))
    assert abs(shared - 16) < 4 * (64 * 0.25 * 0.75 * 192 / 255) ** 0.5  # hypergeometric
    assert len(np.unique(first.rows)) == 64  # drawn without repetition


@pytest.mark.parametrize(
    ("compression", "size", "granted", "elements"),
    [(None, 200, 30, 30), (None, 200, 500, 100), (None, 7, 500, 4), (4.0, 200, 500, 25), (4.0, 200, 3, 25)]
    + [(3.0, 200, 500, 34), (1000.0, 5, 9, 1)],
)
def test_elements_are_half_the_rows(compression: float | None, size: int, granted: int, elements: int) -> None:
    codec, layers = RandomLinear(compression=compression), ((size,),)
    assert codec.elements(layers, granted) == elements
    symbols = codec.encode(unit(size)[None], layers, code_of(codec, size, elements, 0))
    assert symbols.shape == (1, elements) and symbols.dtype == tf.complex64


def test_the_blocks_pad_by_no_more_than_an_eighth() -> None:
    for size in (1, 3, 9, 37, 200, 1000, 7850, 62_006):
        blocks, block = code_of(RandomLinear(), size, 1, 0).signs.shape
        assert size <= blocks * block <= max(size, size * 9 / 8)


@pytest.mark.parametrize("fields", [{"compression": 0.5}, {"block": 24}, {"block": 0}, {"compression": float("nan")}])
def test_impossible_codes_are_refused(fields: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        RandomLinear(**fields)
