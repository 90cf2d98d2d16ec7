"""The grid: symbols go where Sionna puts them and come back, and numerology is arithmetic."""

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy.ofdm import ResourceGridMapper

from overair.phy import Grid, keys


@pytest.mark.parametrize("count", [1, 5, 24, 25, 48])
@pytest.mark.parametrize("lead", [(), (3,), (2, 3)])
def test_what_is_placed_is_collected(lead: tuple[int, ...], count: int) -> None:
    grid = Grid(subcarriers=8, symbols=3, prefix=0)
    symbols = keys.complex_normal(keys.key(count), [*lead, count])
    field = grid.place(symbols, 2)
    assert field.shape == (*lead, 6, 8)
    assert np.array_equal(grid.collect(field, count), symbols)
    assert np.count_nonzero(field) == np.prod(lead, dtype=int) * count  # the rest is silent


def test_symbols_fill_all_subcarriers_of_one_ofdm_symbol_before_the_next() -> None:
    field = Grid(subcarriers=4, symbols=2, prefix=0).place(tf.cast(tf.range(1, 7), tf.complex64), 1)
    assert np.array_equal(field, [[1, 2, 3, 4], [5, 6, 0, 0]])


def test_placing_a_full_slot_agrees_with_sionnas_mapper() -> None:
    grid = Grid(subcarriers=12, symbols=7, prefix=3)
    symbols = keys.complex_normal(keys.key(0), [5, grid.elements])
    mapped = ResourceGridMapper(grid.sionna)(symbols[:, None, None])  # [batch, tx, streams, T, F]
    assert np.array_equal(grid.place(symbols, 1), mapped[:, 0, 0])


def test_placing_works_in_a_graph_with_a_batch_of_unknown_size() -> None:
    grid = Grid(subcarriers=8, symbols=3, prefix=0)
    signature = [tf.TensorSpec([None, 30], tf.complex64)]
    there_and_back = tf.function(
        lambda s: grid.collect(grid.place(s, 2), 30), input_signature=signature, autograph=False
    )
    symbols = keys.complex_normal(keys.key(0), [4, 30])
    assert np.array_equal(there_and_back(symbols), symbols)


def test_the_numerology_is_that_of_sionnas_grid() -> None:
    grid = Grid(subcarriers=72, symbols=14, spacing=30e3, prefix=6)
    assert grid.sample == pytest.approx(1 / grid.sionna.bandwidth)
    assert grid.symbol_seconds == pytest.approx(grid.sionna.ofdm_symbol_duration)
    assert grid.slot_seconds == pytest.approx(14 * (72 + 6) / (72 * 30e3))
    assert grid.elements == 14 * 72
    assert np.array_equal(grid.frequencies, 30e3 * np.arange(-36, 36))


@pytest.mark.parametrize(("elements", "slots"), [(1, 1), (896, 1), (897, 2), (1792, 2)])
def test_slots_are_the_fewest_that_hold_the_elements(elements: int, slots: int) -> None:
    assert Grid().slots(elements) == slots


def test_more_symbols_than_room_are_refused_with_the_slots_needed() -> None:
    with pytest.raises(ValueError, match=r"24 resource elements of 1 slot.*received 49; grant 3 slots"):
        Grid(subcarriers=8, symbols=3, prefix=0).place(tf.zeros([49], tf.complex64), 1)


@pytest.mark.parametrize(
    "fields",
    [
        {"subcarriers": 0},
        {"symbols": 0},
        {"spacing": 0.0},
        {"spacing": float("nan")},
        {"prefix": -1},
        {"prefix": 65},
        {"advance": 17},
        {"advance": -1},
        {"subcarriers": 64.5},
    ],
)
def test_impossible_grids_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(fields))):
        Grid(**fields)
