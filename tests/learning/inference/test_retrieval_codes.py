"""Words of queries come back as they were, and are no longer than what they tell and two bits."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

from overair.learning.inference.retrieval import bitmaps, quantised, short_code


def words(count: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Distributions of eight symbols, one a place, some of them all but certain; and messages drawn from them."""
    rng = np.random.default_rng(0)
    counts = short_code.normalised(rng.gamma(0.2, size=[20, 8]))
    draw = [rng.choice(8, count, p=each / short_code.TOTAL) for each in counts]
    return list(counts), np.stack(draw, 1).tolist()


def test_words_come_back_whatever_follows_them_in_the_packet() -> None:
    counts, messages = words(50)
    for message in messages:
        word = short_code.encode(message, lambda past: counts[len(past)])
        for tail in ("", "0" * 40, "1" * 40, "0110"):
            assert short_code.decode(word + tail, 20, lambda past: counts[len(past)]) == message


def test_words_are_as_long_as_what_they_tell_and_less_than_two_bits_more() -> None:
    counts, messages = words(200)
    for message in messages:
        told = sum(16 - np.log2(float(counts[place][symbol])) for place, symbol in enumerate(message))
        length = len(short_code.encode(message, lambda past: counts[len(past)]))
        assert told - 1e-9 <= length <= short_code.longest(np.array(told)) < told + 2


def test_words_of_a_distribution_are_prefix_free_and_waste_little() -> None:
    counts = short_code.normalised(np.array([5.0, 3.0, 1.0, 1e-12]))
    assert counts.sum() == short_code.TOTAL and counts.min() == 1
    pairs = [(a, b) for a in range(4) for b in range(4)]
    found = [short_code.encode(pair, lambda past: counts) for pair in pairs]
    assert not any(one != other and other.startswith(one) for one in found for other in found)
    assert sum(2.0 ** -len(word) for word in found) <= 1  # Kraft


def test_a_message_that_is_certain_takes_no_bits() -> None:
    certain = np.array([0, short_code.TOTAL])
    assert short_code.encode([1, 1, 1], lambda past: certain) == ""
    assert short_code.decode("101", 3, lambda past: certain) == [1, 1, 1]


def test_a_symbol_that_cannot_occur_is_refused_in_one_line() -> None:
    with pytest.raises(ValueError, match="expected a symbol that can occur, received 0 at place 1") as error:
        short_code.encode([1, 0], lambda past: np.array([0, short_code.TOTAL]))
    assert "\n" not in str(error.value)


def test_logistic_bits_are_those_of_the_distribution_function() -> None:
    z = np.linspace(-30, 30, 41)
    low, high = (stats.logistic.cdf(-np.abs(z - 0.3) + shift, scale=1.7) for shift in (-0.5, 0.5))  # the exact tail
    found = quantised.logistic_bits(tf.constant(z), tf.constant(0.3, tf.float64), tf.constant(1.7, tf.float64))
    np.testing.assert_allclose(found, -np.log2(high - low), rtol=1e-9)


@pytest.fixture(scope="module")
def features() -> np.ndarray:
    rng = np.random.default_rng(3)
    return (rng.normal(size=[60, 1, 12]) + 0.3 * rng.normal(size=[60, 8, 12])).astype(np.float32)


def trained(features: np.ndarray, price: float, steps: int = 60) -> quantised.Quantised:
    return quantised.train(features, 6, price, steps, 0, tf.constant([3, 4], tf.int64))


@pytest.fixture(scope="module")
def cheap(features: np.ndarray) -> quantised.Quantised:
    return trained(features, 0.001)


def test_quantised_queries_come_back_from_their_words(features: np.ndarray, cheap: quantised.Quantised) -> None:
    made = cheap
    rounded = made.rounded(features[:, 0])
    bits = made.bits(rounded)
    for query, most in zip(rounded, bits, strict=True):
        word = made.encode(query)
        assert len(word) <= most
        np.testing.assert_array_equal(made.decode(word), query)


def test_a_higher_price_buys_fewer_bits(features: np.ndarray, cheap: quantised.Quantised) -> None:
    dear, flat = trained(features, 0.3), features.reshape(-1, 12)
    assert dear.bits(dear.rounded(flat)).mean() < cheap.bits(cheap.rounded(flat)).mean() - 2


def test_features_out_of_range_are_clipped_and_still_coded(features: np.ndarray, cheap: quantised.Quantised) -> None:
    made = cheap
    rounded = made.rounded(1000 * features[0])
    assert np.abs(rounded).max() == quantised.LARGEST
    np.testing.assert_array_equal(made.decode(made.encode(rounded[0])), rounded[0])


def strokes(count: int) -> np.ndarray:
    """Images with a line each, float [N, 28, 28, 1]."""
    rng, images = np.random.default_rng(5), np.zeros([count, 28, 28, 1], np.float32)
    for image in images:
        (x, y), angle = rng.uniform(8, 20, 2), rng.uniform(0, np.pi)
        for step in np.linspace(-7, 7, 60):
            image[int(y + step * np.sin(angle)), int(x + step * np.cos(angle)), 0] = 1
    return images


def test_contexts_are_the_ten_pixels_that_went_before() -> None:
    bitmap = np.random.default_rng(6).integers(0, 2, [1, 9, 9])
    found = bitmaps.contexts(bitmap)
    assert len({*bitmaps.NEIGHBOURS}) == 10
    for row in range(9):
        for column in range(9):
            number = 0
            for down, right in bitmaps.NEIGHBOURS:
                y, x = row + down, column + right
                assert (down, right) < (0, 0)  # the decoder has it already
                number = 2 * number + (bitmap[0, y, x] if 0 <= y < 9 and 0 <= x < 9 else 0)
            assert found[0, row, column] == number


@pytest.mark.parametrize("side", [7, 14])
def test_bitmaps_come_back_from_their_words(side: int) -> None:
    made = bitmaps.learn(strokes(300), side, 0.3)
    drawn = made.blacken(strokes(5))
    for bitmap, most in zip(drawn, made.bits(drawn), strict=True):
        word = made.encode(bitmap)
        assert len(word) <= most < 0.7 * side**2  # contexts pay
        np.testing.assert_array_equal(made.decode(word), bitmap)


def test_words_of_pixels_without_order_are_as_long_as_their_contexts_tell() -> None:
    made = bitmaps.learn(strokes(300), 9, 0.3)
    drawn = np.random.default_rng(8).integers(0, 2, [5, 9, 9])  # up to the edges
    for bitmap, most in zip(drawn, made.bits(drawn), strict=True):
        word = made.encode(bitmap)
        assert most - 2 <= len(word) <= most
        np.testing.assert_array_equal(made.decode(word), bitmap)


def test_bitmaps_are_shown_in_their_places() -> None:
    made = bitmaps.learn(strokes(20), 14, 0.5)
    blocks = np.kron(np.random.default_rng(7).integers(0, 2, [3, 14, 14]), np.ones([1, 2, 2]))
    shown = made.shown(made.blacken(blocks[..., None].astype(np.float32)), 28)
    np.testing.assert_allclose(shown[..., 0], blocks, atol=1e-6)


def test_training_is_the_same_for_the_same_key(features: np.ndarray) -> None:
    one, other = trained(features, 0.05, 5), trained(features, 0.05, 5)
    assert isinstance(one.head, keras.Model)
    np.testing.assert_array_equal(one.rounded(features[:, 1]), other.rounded(features[:, 1]))
    np.testing.assert_array_equal(one.counts, other.counts)
