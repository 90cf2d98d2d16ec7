"""Entropy coding: what goes in comes out, at the size that theory and the graph foretell."""

import numpy as np
import pytest
import tensorflow as tf

from overair.ota.coding import LONG, code_length, decode, encode

DISTRIBUTIONS = {
    "fair coin": [0.5, 0.5],
    "rare": [0.999, 0.001],
    "hardly ever": [0.9999, 0.0001],
    "signs": [0.1, 0.8, 0.1],
    "holes": [0.0, 0.3, 0.0, 0.0, 0.7, 0.0],
    "uniform": [1 / 64] * 64,
    "geometric": (0.9 ** np.arange(300) * 0.1 / (1 - 0.9**300)).tolist(),
}


def draw(name: str, size: int) -> tuple[np.ndarray, int]:
    shares = DISTRIBUTIONS[name]
    return np.random.default_rng(size).choice(len(shares), size, p=shares), len(shares)


def foretold(symbols: np.ndarray, alphabet: int) -> float:
    counts = np.bincount(symbols, minlength=alphabet)
    return float(tf.function(code_length, autograph=False)(tf.constant(counts)))


def entropy(symbols: np.ndarray) -> float:
    counts = np.unique(symbols, return_counts=True)[1]
    return float(-(counts * np.log2(counts / len(symbols))).sum())


@pytest.mark.parametrize("name", DISTRIBUTIONS)
@pytest.mark.parametrize("size", [1, 2, 7, 100, 4096, LONG - 1, LONG, 150_000])
def test_what_goes_in_comes_out_at_no_more_than_was_foretold(name: str, size: int) -> None:
    symbols, alphabet = draw(name, size)
    data = encode(symbols, alphabet)
    np.testing.assert_array_equal(decode(data, size, alphabet), symbols)
    real, limit = 8 * len(data), foretold(symbols, alphabet)
    assert real <= limit <= 1.01 * real + 64


@pytest.mark.parametrize("name", ["fair coin", "signs", "uniform", "geometric"])
def test_a_long_input_takes_its_entropy_to_a_hundredth(name: str) -> None:
    symbols, alphabet = draw(name, 150_000)
    assert entropy(symbols) - 8 < 8 * len(encode(symbols, alphabet)) < 1.01 * entropy(symbols)


@pytest.mark.parametrize("order", [np.sort, lambda x: np.sort(x)[::-1]], ids=["rising", "falling"])
@pytest.mark.parametrize("size", [500, LONG - 1, LONG])
def test_sorted_inputs_keep_the_limit_as_well(order: object, size: int) -> None:
    symbols, alphabet = draw("rare", size)
    symbols = order(symbols).copy()  # type: ignore[operator]
    data = encode(symbols, alphabet)
    np.testing.assert_array_equal(decode(data, size, alphabet), symbols)
    assert 8 * len(data) <= foretold(symbols, alphabet)


@pytest.mark.parametrize(("size", "alphabet"), [(0, 1), (0, 5), (1, 1), (9, 1), (9, 4), (100_000, 2), (3, 1000)])
def test_empty_and_constant_inputs_cost_their_histogram_alone(size: int, alphabet: int) -> None:
    for symbol in {0, alphabet - 1}:
        symbols = np.full(size, symbol)
        data = encode(symbols, alphabet)
        np.testing.assert_array_equal(decode(data, size, alphabet), symbols)
        assert 8 * len(data) == foretold(symbols, alphabet)
        rice = int(np.log2(max(size // alphabet, 1)))
        assert 8 * len(data) <= (alphabet * (rice + 3) + 7 if size else 0)


def test_counts_beyond_the_alphabet_that_is_used_cost_nothing() -> None:
    counts = np.array([50, 30, 20])
    padded = code_length(tf.constant([50, 30, 20, 0, 0, 0]), tf.constant(3))
    assert float(padded) == float(code_length(tf.constant(counts))) < float(code_length(tf.constant([50, 30, 20, 0])))


@pytest.mark.parametrize("symbols", [[0, 3], [-1, 0], [[0, 1]]])
def test_symbols_outside_the_alphabet_are_refused(symbols: list) -> None:
    with pytest.raises(ValueError, match="symbols from 0 to 2, received"):
        encode(np.array(symbols), 3)
