"""Lloyd-Max quantisers of given numbers: each level is the mean of its cell, each border midway between two levels.

Levels and borders take turns until nothing moves, from cells that hold equal parts of the cube root of the density,
which suits many levels and makes little of what occurs again and again. Borders are looked up in a histogram of 2^14
bins from the least number to the largest, means are those of the numbers themselves: exact but for numbers within a bin
of a border, and without sorting them. Max, "Quantizing for minimum distortion", IRE Trans.
Information Theory 1960; Lloyd, "Least squares quantization in PCM", IEEE Trans. Information Theory 1982.
"""

from typing import NamedTuple

import tensorflow as tf

BINS = 2**14
TURNS = 200


class Running(NamedTuple):
    """How many numbers there are before each bin, and their sum, [bins + 1] each, float64."""

    count: tf.Tensor
    total: tf.Tensor


def levels_of(values: tf.Tensor, count: int, zero: bool = False) -> tf.Tensor:
    """So many levels [A], in order; ``zero``: exact zeros are left out. Cells that are empty keep a level that was."""
    flat = tf.reshape(values, [-1])
    low, high = tf.reduce_min(flat), tf.reduce_max(flat)

    def bin_of(numbers: tf.Tensor) -> tf.Tensor:
        place = tf.math.divide_no_nan(numbers - low, high - low) * float(BINS)
        return tf.clip_by_value(tf.cast(place, tf.int32), 0, BINS - 1)

    running = _running(flat, bin_of(flat), zero)
    density = tf.cumsum((running.count[1:] - running.count[:-1]) ** (1.0 / 3.0))
    shares = density[-1] * tf.range(1, count, dtype=tf.float64) / count
    places = tf.minimum(tf.searchsorted(density, shares) + 1, BINS)
    edges = low + (high - low) * tf.cast(tf.pad(places, [[1, 0]]) / BINS, tf.float32)
    begin = _means(running, places, edges)

    def turn(turns: tf.Tensor, levels: tf.Tensor, _: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        after = _means(running, bin_of(borders(levels)), levels)
        return turns + 1, after, tf.reduce_any(after != levels)

    start = tf.constant(0), begin, tf.constant(True)
    loop = tf.while_loop(lambda turns, _, moved: moved & (turns < TURNS), turn, start, parallel_iterations=1)
    return tf.sort(loop[1])  # levels within a bin of each other may have changed places


def borders(levels: tf.Tensor) -> tf.Tensor:
    """Between levels [A], [A - 1]."""
    return levels[:-1] + 0.5 * (levels[1:] - levels[:-1])


def cells_of(values: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
    """The number of the level that is nearest to each of the values, int32 of their shape."""
    flat = tf.searchsorted(borders(levels), tf.reshape(values, [-1]), side="right")
    return tf.reshape(flat, values.shape)


def _running(numbers: tf.Tensor, bins: tf.Tensor, zero: bool) -> Running:
    counted = tf.cast(numbers != 0, tf.float64) if zero else tf.ones_like(numbers, tf.float64)
    both = tf.stack([counted, tf.cast(numbers, tf.float64) * counted], axis=1)
    held = tf.math.unsorted_segment_sum(both, bins, BINS)  # [bins, 2]
    return Running(*tf.unstack(tf.pad(tf.cumsum(held), [[1, 0], [0, 0]]), axis=1))


def _means(running: Running, places: tf.Tensor, otherwise: tf.Tensor) -> tf.Tensor:
    """Of the numbers in cells that end before the bins at places [A - 1]."""
    ends = tf.concat([[0], places, [BINS]], 0)
    count, total = (tf.gather(sums, ends[1:]) - tf.gather(sums, ends[:-1]) for sums in running)
    return tf.where(count > 0, tf.cast(total / tf.maximum(count, 1.0), tf.float32), otherwise)
