"""An image takes the mode of the least error to expect, by its own coding and by losses known beforehand."""

from typing import Any

import numpy as np
import pytest

from overair.ota.images._picture import Picture
from overair.ota.images.jpeg import Jpeg
from overair.ota.mode_choice import best_modes
from overair.ota.rates.capacity import Capacity
from overair.ota.rates.mcs import Mcs
from overair.ota.separate import Separate
from overair.phy import keys

RNG = np.random.default_rng(0)


def images(count: int) -> np.ndarray:
    """Smooth colours, uint8 [N, 32, 32, 3]."""
    coarse = RNG.integers(0, 256, (count, 4, 4, 3)).repeat(8, axis=1).repeat(8, axis=2)
    return np.clip(coarse + RNG.normal(0, 2, coarse.shape), 0, 255).astype(np.uint8)


class Told(Picture):
    """A picture of two images whose errors at each room are said."""

    def __init__(self, told: dict[float, list[float]], plain: list[float]) -> None:
        self._told, self.plain = told, np.array(plain)

    def errors(self, room: float) -> np.ndarray | None:
        return np.array(self._told[room]) if room in self._told else None

    def forget(self) -> None:
        pass


def test_it_is_the_least_error_to_expect() -> None:
    """Of modes of 100, 200 and 400 bits the second is best where the third is lost one time in ten."""
    picture = Told({100.0: [0.02, 0.05], 200.0: [0.01, 0.04], 400.0: [0.004, 0.002]}, [0.1, 0.1])
    bits = np.array([100.0, 200.0, 400.0])[:, None, None] * np.ones([3, 2, 2])
    loss = np.zeros([3, 2, 2])
    loss[2] = [[0.1], [0.001]]  # by SNR: 0.1 * 0.1 + 0.9 * 0.004 = 0.0136 against 0.01, and 0.0118 against 0.04
    np.testing.assert_array_equal(best_modes(picture, bits, loss), [[1, 2], [2, 2]])


def test_nothing_is_sent_where_nothing_fits_or_all_is_lost() -> None:
    bits = np.array([100.0, 200.0])[:, None, None] * np.ones([2, 1, 2])
    picture = Told({200.0: [0.01, 0.2]}, [0.1, 0.1])
    np.testing.assert_array_equal(best_modes(picture, bits, np.full([2, 1, 2], 0.5)), [[1, -1]])
    np.testing.assert_array_equal(best_modes(picture, bits, np.ones([2, 1, 2])), [[-1, -1]])


@pytest.mark.slow
def test_what_is_expected_comes() -> None:
    """Over noise alone, on 100 images at five SNRs around thresholds: no worse than any target."""
    some, snrs_db, key = images(100), np.arange(4.0, 9.0), keys.key(1)

    def errors(**terms: Any) -> np.ndarray:
        return Separate(Jpeg(), count="payload", **terms).run(some, 512, snrs_db, key).error

    best = errors(rate=Mcs())
    for target in (1e-3, 0.2):
        apart = (best - errors(rate=Mcs(target_bler=target), mode_by="target")).ravel()
        assert apart.any() and apart.mean() < 4.5 * apart.std() / apart.size**0.5


def test_a_rate_without_modes_is_asked_for_none() -> None:
    some, key = images(4), keys.key(2)
    runs = [
        Separate(Jpeg(), Capacity(), count="payload", mode_by=each).run(some, 256, [5.0], key)
        for each in ("quality", "target")
    ]
    np.testing.assert_array_equal(runs[0].error, runs[1].error)


def test_what_one_snr_gives_does_not_depend_on_others() -> None:
    some, key = images(8), keys.key(3)
    rival = Separate(Jpeg(), Mcs(), mosaic=2)
    together, alone = rival.run(some, 256, [2.0, 9.0], key), rival.run(some, 256, [9.0], key)
    np.testing.assert_array_equal(together.error[1:], alone.error)
    np.testing.assert_array_equal(together.bits_available[1:], alone.bits_available)
