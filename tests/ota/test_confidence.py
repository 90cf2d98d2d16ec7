"""Intervals of error rates hold the truth as often as they say, also where bits fail together and counting stops."""

import numpy as np
import pytest
from scipy.stats import binom

from overair.ota import confidence

TRIALS = 2000
LEAST = 0.95 - 4 * (0.05 * 0.95 / TRIALS) ** 0.5  # coverage that 2000 trials show of 95 %
MOST = 0.95 + 4 * (0.05 * 0.95 / TRIALS) ** 0.5


def covered(wrong: np.ndarray, rate: float, bits: int) -> float:
    """How often the interval of wrong bits [trials, blocks] holds the rate."""
    ends = [confidence.of_bits(int(row.sum()), int((row**2).sum()), len(row), bits) for row in wrong]
    return float(np.mean([low <= rate <= high for low, high in ends]))


@pytest.mark.parametrize(("wrong", "total"), [(0, 50), (3, 50), (50, 50), (100, 10**6)])
def test_at_the_ends_of_an_interval_of_blocks_what_was_seen_has_a_chance_of_one_in_forty(
    wrong: int, total: int
) -> None:
    low, high = confidence.of_share(wrong, total)
    assert low == 0 if wrong == 0 else binom.sf(wrong - 1, total, low) == pytest.approx(0.025)
    assert high == 1 if wrong == total else binom.cdf(wrong, total, high) == pytest.approx(0.025)


@pytest.mark.parametrize("rate", [0.02, 0.3])
def test_blocks_counted_until_so_many_were_wrong_have_their_interval(rate: float) -> None:
    """In batches, as they are sent: 100 wrong ones end it."""
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(TRIALS):
        blocks = wrong = 0
        while wrong < 100:
            blocks, wrong = blocks + 64, wrong + int(rng.binomial(64, rate))
        low, high = confidence.of_share(wrong, blocks)
        hits += low <= rate <= high
    assert hits / TRIALS >= LEAST


@pytest.mark.parametrize(("rate", "blocks"), [(0.2, 100), (1e-3, 100), (1e-5, 10_000)])
def test_independent_bits_have_their_interval(rate: float, blocks: int) -> None:
    wrong = np.random.default_rng(1).binomial(1000, rate, [TRIALS, blocks])
    assert LEAST <= covered(wrong, rate, 1000) <= (MOST if rate > 1e-4 else 1)


@pytest.mark.parametrize("blocks", [500, 5000])
def test_bits_that_fail_together_have_their_interval(blocks: int) -> None:
    """One block of ten is in a fade, where bits fail at 0.3 on average and unevenly; elsewhere none does."""
    rng = np.random.default_rng(2)
    chance = (rng.uniform(size=[TRIALS, blocks]) < 0.1) * rng.uniform(0.1, 0.5, [TRIALS, blocks])
    found = covered(rng.binomial(1000, chance), 0.03, 1000)
    assert LEAST <= found <= MOST + 0.01
    lone = np.sqrt(0.03 / (1000 * blocks))  # of bits taken one by one
    low, high = confidence.of_bits(int(30 * blocks), int(1000 * 1000 * blocks * 0.1 * 0.1033), blocks, 1000)
    assert high - low > 10 * lone


def test_intervals_of_nothing_wrong_of_one_block_and_of_all_wrong() -> None:
    assert confidence.of_bits(0, 0, 1000, 100) == (0.0, confidence.of_share(0, 1000)[1])
    assert confidence.of_bits(3, 9, 1, 100) == (0.0, 1.0)
    assert confidence.of_bits(200, 20_000, 2, 100) == (1.0, 1.0)
    low, high = confidence.of_bits(100, 1000, 20, 10)  # half of all bits, evenly: no surer than independent ones
    assert low < 0.5 - 1.5 * (0.25 / 200) ** 0.5 and high > 0.5 + 1.5 * (0.25 / 200) ** 0.5
